"""One run or ensemble as plain data: its spec, its numbers, its attempts."""
