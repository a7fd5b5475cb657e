"""Evaluates a finished run on another dataset, without training, through a label map."""
