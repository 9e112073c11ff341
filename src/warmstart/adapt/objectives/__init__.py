"""What an encoder can learn from a shop's text alone, without any label."""
