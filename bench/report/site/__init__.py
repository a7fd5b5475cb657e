"""The report as a static site: pages beside each other in a folder, opened from disk, nothing fetched."""
