"""The additive score: its parts, their weights, and how these are learned."""
