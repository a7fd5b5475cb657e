"""Training many heads on the same kept features at once."""
