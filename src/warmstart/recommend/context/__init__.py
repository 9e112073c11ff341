"""What a scene adds: what is chosen more than usual at this hour, in this place, on this page."""
