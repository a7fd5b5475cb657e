"""Works through a plan: claims runs, trains, prunes and records them. Nothing here prints."""
