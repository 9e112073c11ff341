"""Scorers that read the order in which things were chosen."""
