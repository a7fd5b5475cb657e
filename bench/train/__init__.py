"""From a run's spec to its result. Nothing here prints; progress goes to the hooks of `bench.train.hooks`."""
