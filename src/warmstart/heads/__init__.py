"""Few-shot heads: learners that take a handful of examples and answer for all other vectors."""
