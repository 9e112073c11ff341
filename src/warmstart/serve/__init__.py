"""The engine behind HTTP, for one shop or many."""
