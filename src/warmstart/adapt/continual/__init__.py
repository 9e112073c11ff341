"""Going on learning: notice that the shop has changed, learn the new, keep the old."""
