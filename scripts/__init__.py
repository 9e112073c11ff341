"""What the Makefile runs: setting up, pinning versions, writing the reference pages."""
