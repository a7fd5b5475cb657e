"""What fits the budget, counted on the meta device: nothing is downloaded and no image is read."""
