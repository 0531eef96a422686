"""How states are said and coloured on the pages, and who must act on a failure."""

from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from integrations.connectors.errors import Who
from integrations.models import Connection, Run, RunFailure
from portal.look import badge
from reconciliation.models import Link

RUN_TONES: dict[str, str] = {
    Run.State.QUEUED: "idle",
    Run.State.RUNNING: "busy",
    Run.State.COMPLETED: "ok",
    Run.State.WITH_ERRORS: "warn",
    Run.State.FAILED: "bad",
    Run.State.CANCELLED: "idle",
}
STATUS_TONES: dict[str, str] = {
    Connection.Status.NEW: "idle",
    Connection.Status.CONNECTED: "ok",
    Connection.Status.RELINK: "bad",
    Connection.Status.PAUSED: "warn",
    Connection.Status.DISCONNECTED: "idle",
}
HEALTH_TONES: dict[str, str] = {
    Connection.Health.UNKNOWN: "idle",
    Connection.Health.HEALTHY: "ok",
    Connection.Health.DEGRADED: "warn",
    Connection.Health.FAILING: "bad",
}
FAILURE_TONES: dict[str, str] = {
    RunFailure.State.OPEN: "warn",
    RunFailure.State.RETRYING: "busy",
    RunFailure.State.RESOLVED: "ok",
}
LINK_TONES: dict[str, str] = {
    Link.State.LIVE: "ok",
    Link.State.WAITING: "busy",
    Link.State.FROZEN: "warn",
}
LINK_WORDS: dict[str, str] = {
    Link.State.LIVE: "in step",
    Link.State.WAITING: "waiting",
    Link.State.MERGED: "merged",
    Link.State.FROZEN: "no longer synced",
    Link.State.OUT_OF_SCOPE: "outside the scope",
}
WHO_ACTS: dict[str, str] = {
    Who.RETRY_LATER: "Nobody has to act: Trunkline tries again by itself.",
    Who.FIX_CONFIGURATION: "Someone who configures this connection must act.",
    Who.FIX_RECORD: "Someone at the merchant must correct the record at its source, then retry it here.",
    Who.OUR_BUG: "Trunkline's support must act. Give them the number of this run.",
}
REASONS = {
    "objection": "Would be a double booking",
    "refused": "Refused there",
    "lead_source": "Lead source without a campaign",
    "tags": "Tag that is unknown there",
    "becomes": "What it is to become is not written",
    "mapping": "A value does not fit its field",
    "refused_by_database": "The database would not take it",
}


def run_badge(run: Run) -> SafeString:
    return badge(run.get_state_display(), RUN_TONES[run.state])


def status_badge(connection: Connection) -> SafeString:
    return badge(connection.get_status_display(), STATUS_TONES[connection.status])


def health_badge(connection: Connection) -> SafeString:
    return badge(connection.get_health_display(), HEALTH_TONES[connection.health])


def failure_badge(failure: RunFailure) -> SafeString:
    return badge(failure.get_state_display(), FAILURE_TONES[failure.state])


def link_badge(link: Link) -> SafeString:
    return badge(LINK_WORDS[link.state], LINK_TONES.get(link.state, "idle"))


def reason_words(reason: str) -> str:
    """A failure's reason as people read it; one nobody named is read from its name."""
    return REASONS.get(reason, reason.replace("_", " ").capitalize())


def as_seen(value: Any) -> str:
    """A field's value: yes and no, the word empty for nothing, lists with commas; everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return "empty"
    if isinstance(value, list):
        return ", ".join(as_seen(item) for item in value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
