"""Contract checks for components, for tests only."""
