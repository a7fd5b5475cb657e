"""Datasets: found or fetched, read, split, turned into tensors, and loaded in a fixed order."""
