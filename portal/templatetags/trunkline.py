"""Template filters of the pages: `{% load trunkline %}`."""

from typing import Any

from django import template

from portal import audit, look
from portal.admins.audit import diff_html
from portal.models import AuditEntry

register = template.Library()


@register.filter
def badge(words: str, tone: str = "idle") -> str:
    """`{{ "Live"|badge:"ok" }}`"""
    return look.badge(str(words), tone)


@register.filter
def phrase(entry: AuditEntry) -> str:
    """What an audit entry says was done."""
    return audit.phrase(entry)


@register.filter
def diff(value: dict[str, Any]) -> str:
    """An audit diff as a list."""
    return diff_html(value)


@register.simple_tag
def progress(done: int, total: int | None, label: str = "Progress") -> str:
    """`{% progress run.read run.expected "Customers" %}`"""
    return look.progress(done, total, label)
