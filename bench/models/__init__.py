"""Backbones: how they are built, where their weights come from, what they consist of, and the head put on them."""
