"""Boards: runs of one task, grouped over seeds, ranked by validation and weighed against what they cost."""
