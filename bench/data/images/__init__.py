"""From the bytes of an image file to batches of tensors."""
