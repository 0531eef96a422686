"""Records as people see them, and the agents' pages. Importing this registers them all."""

from reconciliation.admin import (
    dedupe,
    export_files,
    home,
    lists,
    merge_settings,
    merges,
    money,
    people,
    reviews,
    work,
)

__all__ = [
    "dedupe",
    "export_files",
    "home",
    "lists",
    "merge_settings",
    "merges",
    "money",
    "people",
    "reviews",
    "work",
]
