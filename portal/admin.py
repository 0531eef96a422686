"""The ground floor's own admin pages are imported here, so that Django finds them."""

from portal import admins  # noqa: F401
