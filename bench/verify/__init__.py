"""Holds a database and its files against what they were written as; nothing is repaired here."""
