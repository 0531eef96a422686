"""The audit trail."""

from portal.models import AuditEntry


def sentence(entry: AuditEntry) -> str:
    return entry.action
