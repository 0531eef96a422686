"""The way out: what changes here is owed to other systems, and sent there once.

The route: a change (`reconciliation.changes`) -> `owing` writes a delivery in the same transaction -> a worker that
holds the rule's lease (`working`) -> `sending` reads the row there, takes in what changed, writes what differs ->
`outcomes` says what became of it.
"""
