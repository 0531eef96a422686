"""The ground floor's tables: whose data it is, who may touch it, and what was done."""

from portal.models.audit import AuditEntry, AuditHead, AuditSeal
from portal.models.entrance import LogInTries
from portal.models.people import Role, RoleGrant, User
from portal.models.tenants import Partner, Tenant

__all__ = [
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "LogInTries",
    "Partner",
    "Role",
    "RoleGrant",
    "Tenant",
    "User",
]
