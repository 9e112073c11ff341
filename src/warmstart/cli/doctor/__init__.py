"""`warmstart doctor`: what is wrong, and what that costs."""
