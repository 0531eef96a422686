"""`make bench-fleet`: many merchants, several worker clusters, one PostgreSQL."""
