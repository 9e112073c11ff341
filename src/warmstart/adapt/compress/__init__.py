"""Small and fast: fewer layers, heads, pieces and bits, and what each of them costs in quality."""
