"""Columns that lists of records share. Each returns a method for an admin class.

Only what an index orders is sortable (`sortable`): ordering 100,000 rows by anything else reads them all.
The names of columns that hold amounts end in `_amount`: the stylesheet sets those to the right.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import shown

Column = Callable[[Any, Any], Any]


def _column(label: str, sortable: str | None, show: Callable[[Any], Any]) -> Column:
    @admin.display(description=label, ordering=sortable)
    def column(self: Any, record: Any) -> Any:
        return show(record)

    return column


def amount(name: str, label: str = "") -> Column:
    """An amount of money."""
    return _column(
        label or name.replace("_", " "),
        None,
        lambda record: shown.money(getattr(record, name), record.tenant.currency),
    )


def day(name: str, label: str, *, sortable: bool = False) -> Column:
    """The day of a time, in the tenant's zone."""
    return _column(
        label, name if sortable else None, lambda record: shown.day(getattr(record, name), record.tenant.zone)
    )


def moment(name: str, label: str, *, sortable: bool = False) -> Column:
    """A time in the tenant's zone."""
    return _column(
        label,
        name if sortable else None,
        lambda record: shown.moment(getattr(record, name), record.tenant.zone),
    )


def status(name: str = "status", label: str = "status") -> Column:
    """A status as a badge; what is no longer active at its source says so."""

    def show(record: Any) -> Any:
        return shown.status(getattr(record, name)) if record.active else badge("inactive")

    return _column(label, None, show)


def other(name: str, label: str = "") -> Column:
    """Another record, as a link to its page. The admin names it in `list_select_related`."""

    def show(record: Any) -> Any:
        return link_to(getattr(record, name))

    return _column(label or name.replace("_", " "), None, show)


def words(name: str, label: str = "", *, sortable: bool = False) -> Column:
    """A text; a dash where there is none."""
    return _column(
        label or name.replace("_", " "),
        name if sortable else None,
        lambda record: getattr(record, name) or shown.NOTHING,
    )


def link_to(record: Any) -> Any:
    """A record as a link to its page, or a dash."""
    if record is None:
        return shown.NOTHING
    address = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    return format_html('<a href="{}">{}</a>', address, str(record) or "no name")
