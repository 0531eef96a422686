"""A local SYSPRO 8 company: `create_app()` gives a WSGI application whose `control` holds the strings."""

from integrations.sandbox.syspro.app import ENET, ODATA, Sandbox, create_app, credentials

__all__ = ["ENET", "ODATA", "Sandbox", "create_app", "credentials"]
