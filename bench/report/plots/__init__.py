"""What plots show, before or without a browser: axes, colours and marks, points, charts, grids of images."""
