"""`make bench-admin`: how long the pages of the admin take with a million customers and three million jobs."""
