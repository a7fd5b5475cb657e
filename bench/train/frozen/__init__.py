"""The frozen part of a model: where it ends, the pass that computes it, and the cache that keeps its results."""
