"""From words to items."""
