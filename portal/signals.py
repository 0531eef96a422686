"""Log-ins, failed log-ins and log-outs go to the audit trail."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from portal.audit import record, register_action
from portal.models import User

register_action("log_in.done", "logged in")
register_action("log_in.ended", "logged out")
register_action("log_in.failed", "tried to log in: {note}")
register_action("secrets.rotated", "rotated the stored secrets: {note}")
register_action("secrets.bound", "took older stored secrets as belonging where they stand: {note}")


@receiver(user_logged_in)
def note_log_in(user: User, **kwargs: Any) -> None:
    record("log_in.done", actor=user)


@receiver(user_logged_out)
def note_log_out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record("log_in.ended", actor=user)


@receiver(user_login_failed)
def note_failed_log_in(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Who it was is known only where the name exists; a mistyped name may be a password, so it is not kept."""
    user = User.objects.filter(username=credentials.get("username") or "").first()
    record("log_in.failed", actor=user, note="wrong password" if user else "unknown user name")
