"""A run's trained model after the run: kept, brought back, asked about images, and looked into."""
