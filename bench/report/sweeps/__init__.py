"""What became of a sweep: what was asked for, left out, run, found done, and what it cost."""
