"""Plain records that one stage hands to the next. Without torch, NumPy or a database."""
