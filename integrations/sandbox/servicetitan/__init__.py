"""A local ServiceTitan: `create_app()` gives a WSGI application whose `control` holds the strings."""

from integrations.sandbox.servicetitan.app import Sandbox, create_app, credentials

__all__ = ["Sandbox", "create_app", "credentials"]
