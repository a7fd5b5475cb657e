"""Plain records that one stage hands to the next. Without torch or a database."""
