"""Text in, vectors out: learned from the catalogue, or pretrained."""
