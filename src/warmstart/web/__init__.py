"""Pages for people, in front of the service."""
