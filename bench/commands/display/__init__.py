"""What commands show: progress, tables and messages on a terminal."""
