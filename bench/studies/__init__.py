"""Published experiments: what a source says of them, and how they are run again."""
