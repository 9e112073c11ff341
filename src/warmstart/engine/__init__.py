"""The engine a shop talks to."""
