"""What a shop asks for beside lists of items."""
