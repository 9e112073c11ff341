"""Scorers: who may like what."""
