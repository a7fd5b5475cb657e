"""Two timings of the same cases: what became slower beyond the noise."""
