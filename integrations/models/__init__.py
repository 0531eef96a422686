"""Connections to other systems, what of them is synced, and what happened."""

from integrations.models.alerts import Alert, AlertChannel, AlertMessage, AlertRule
from integrations.models.api import ApiClient, KeptAnswer
from integrations.models.connections import AccessToken, CallBudget, Connection, Seat
from integrations.models.deliveries import Delivery, Outbox
from integrations.models.drift import Drift, RemoteShape
from integrations.models.flows import Flow, FlowItem, FlowMade, FlowRun
from integrations.models.lead_sources import LeadSource
from integrations.models.review_requests import ReviewRequest, ReviewSettings
from integrations.models.rules import FieldMapping, LineDirection, MappingVersion, RemoteFields, SyncRule
from integrations.models.runs import Heartbeat, Run, RunFailure
from integrations.models.tables import TableRow, Unmapped
from integrations.models.webhooks import Hook, Notice, Subscription, WebhookAddress
from integrations.models.wiping import Disconnection

__all__ = [
    "AccessToken",
    "Alert",
    "AlertChannel",
    "AlertMessage",
    "AlertRule",
    "ApiClient",
    "CallBudget",
    "Connection",
    "Delivery",
    "Disconnection",
    "Drift",
    "FieldMapping",
    "Flow",
    "FlowItem",
    "FlowMade",
    "FlowRun",
    "Heartbeat",
    "Hook",
    "KeptAnswer",
    "LeadSource",
    "LineDirection",
    "MappingVersion",
    "Notice",
    "Outbox",
    "RemoteFields",
    "RemoteShape",
    "ReviewRequest",
    "ReviewSettings",
    "Run",
    "RunFailure",
    "Seat",
    "Subscription",
    "SyncRule",
    "TableRow",
    "Unmapped",
    "WebhookAddress",
]
