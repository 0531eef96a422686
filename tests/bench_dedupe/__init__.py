"""`make bench-dedupe`: how well and how fast duplicates are found, beside Splink and plain rules."""
