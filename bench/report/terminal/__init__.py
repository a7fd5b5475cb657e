"""Everything that is shown on a terminal: tables, lists and single records as rich renderables."""
