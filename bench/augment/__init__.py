"""Augmentations of training images: how a recipe writes them, and the libraries that compute them."""
