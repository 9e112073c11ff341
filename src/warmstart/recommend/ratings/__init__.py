"""Raters: which rating a user would give."""
