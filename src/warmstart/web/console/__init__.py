"""The console: what the shop learned, whether it works, and why an item is where it is."""
