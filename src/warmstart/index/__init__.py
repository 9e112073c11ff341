"""Look-up of vectors and postings."""
