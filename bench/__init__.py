"""bench: which pretrained backbone to take, and how much of it to train."""
