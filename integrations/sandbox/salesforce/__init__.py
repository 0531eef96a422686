"""A local Salesforce: `create_app()` gives a WSGI application whose `control` holds the strings."""

from integrations.sandbox.salesforce.app import Sandbox, create_app, credentials

__all__ = ["Sandbox", "create_app", "credentials"]
