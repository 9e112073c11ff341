"""Well-known recommenders, tuned and measured beside the shop's own."""
