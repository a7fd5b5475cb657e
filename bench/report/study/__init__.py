"""A study's published figures beside what was measured."""
