"""Labels for texts from a few examples each."""
