"""What comes in over the wire: events, items and users as shops send them, checked and named."""
