"""Search for a good recipe: optuna proposes, ordinary runs answer, validation alone is listened to."""
