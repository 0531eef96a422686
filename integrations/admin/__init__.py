"""The admin pages of integrations. Django finds them by this package's name; hooks are hung in here once."""

from integrations.admin import (
    alerts,
    api_clients,
    connections,
    deliveries,
    drift,
    failures,
    flows,
    hooks,
    review_requests,
    runs,
    subscriptions,
    sync_rules,
    tables,
    webhooks,
)

__all__ = [
    "alerts",
    "api_clients",
    "connections",
    "deliveries",
    "drift",
    "failures",
    "flows",
    "hooks",
    "review_requests",
    "runs",
    "subscriptions",
    "sync_rules",
    "tables",
    "webhooks",
]
