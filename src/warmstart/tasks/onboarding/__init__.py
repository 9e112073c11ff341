"""What to ask a stranger first."""
