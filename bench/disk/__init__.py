"""Files: atomic writes, the home folder, checksums, locks and limits on what is read."""
