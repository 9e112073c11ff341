"""A language model fitted to a shop: its words, and its few labels."""
