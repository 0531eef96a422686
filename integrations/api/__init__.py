"""The REST API, under /api/v1/: one file a resource; who asks, problems and kept answers are shared.

The route of a call: bearer token -> its client, which belongs to one tenant (`auth`) -> a resource's function, which
asks `auth.Caller` for rows and so never sees another tenant's -> an answer, or a problem document (`problems`). Writes go
through `idempotency`. There is no session and no cookie: whatever a browser sends along is not looked at.
"""
