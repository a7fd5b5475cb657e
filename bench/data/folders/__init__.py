"""How a folder of a user's own images is understood: its levels, its lists, and what is left out of it."""
