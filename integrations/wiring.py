"""What this floor hangs into the hooks of the floors below: words of the audit trail, health."""

from django.utils import timezone

from portal import audit

_PHRASES = {
    "connection.added": "stored credentials of {target}",
    "connection.changed": "changed credentials or address of {target}",
    "connection.tested": "tested {target}: {note}",
    "scope.changed": "changed the scope of {target}: {note}",
    "sync.started": "started a {note} for {target}",
    "sync.cancelled": "cancelled {target}",
    "failures.retried": "asked to retry {note} of {target}",
}


def connect() -> None:
    """Called once, when Django is ready."""
    for action, phrase in _PHRASES.items():
        audit.register_action(action, phrase)


def worker_problem() -> str | None:
    """What is wrong with the worker cluster, as a sentence; None where it beats."""
    from integrations.schedule import is_alive

    if is_alive(timezone.now()) is False:
        return (
            "The worker cluster has not given a sign of life for three minutes. Start `manage.py qcluster`."
        )
    return None
