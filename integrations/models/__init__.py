"""Connections to other systems, what of them is synced, and what happened."""

from integrations.models.connections import AccessToken, CallBudget, Connection
from integrations.models.rules import FieldMapping, SyncRule
from integrations.models.runs import Heartbeat, Run, RunFailure
from integrations.models.wiping import Disconnection

__all__ = [
    "AccessToken",
    "CallBudget",
    "Connection",
    "Disconnection",
    "FieldMapping",
    "Heartbeat",
    "Run",
    "RunFailure",
    "SyncRule",
]
