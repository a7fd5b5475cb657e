"""Finding, fetching, verifying and opening the files of a dataset."""
