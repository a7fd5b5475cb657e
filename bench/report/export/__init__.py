"""Boards and runs as they leave bench: records, CSV, Parquet, Markdown, LaTeX, data frames, notebooks."""
