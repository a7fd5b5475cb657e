"""Interprets a folder of a user's own images: its levels, its lists, and which files are left out."""
