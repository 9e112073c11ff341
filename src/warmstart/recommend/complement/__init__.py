"""What goes with an item, as opposed to what is like it."""
