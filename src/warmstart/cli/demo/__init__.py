"""`warmstart demo`: a made-up shop, a visitor nobody knows, and what three clicks change."""
