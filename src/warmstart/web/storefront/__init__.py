"""The storefront: a shop to touch, and what it knows about whoever touches it."""
