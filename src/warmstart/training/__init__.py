"""The one training loop: whatever learns by gradients learns here. Needs torch (extra `lm`)."""
