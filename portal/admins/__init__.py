"""Admin pages of tenants, partners, people and the audit trail."""

from portal.admins import audit, people, roles, tenants

__all__ = ["audit", "people", "roles", "tenants"]
