"""Records as people see them, and the agents' pages. Importing this registers them all."""

from reconciliation.admin import (
    customer_imports,
    dedupe,
    export_files,
    home,
    lists,
    match_settings,
    merge_settings,
    merges,
    money,
    payables,
    people,
    ratings,
    reviews,
    sales,
    tenant_panel,
    work,
)

__all__ = [
    "customer_imports",
    "dedupe",
    "export_files",
    "home",
    "lists",
    "match_settings",
    "merge_settings",
    "merges",
    "money",
    "payables",
    "people",
    "ratings",
    "reviews",
    "sales",
    "tenant_panel",
    "work",
]
