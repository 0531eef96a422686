"""Ready flows: one record of the portal turned into another, which the push machinery then writes to the other system.

A flow never calls a remote. See `base` for what one declares and `catalogue` for those there are.
"""
