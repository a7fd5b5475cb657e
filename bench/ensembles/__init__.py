"""Several runs as one model, from their kept predictions: no model is run again."""
