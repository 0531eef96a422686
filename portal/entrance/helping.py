"""What an administrator does for a colleague who cannot get in: unlock, take away lost factors, end sessions."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal import audit
from portal.entrance import throttle
from portal.entrance.sessions import end_sessions
from portal.models import User

audit.register_action("person.unlocked", "let {target} try to log in again")
audit.register_action("person.factors_reset", "took away the second factors of {target}: {note}")


def unlock(user: User) -> None:
    throttle.unlock(user)
    audit.record("person.unlocked", user)


def reset_factors(user: User) -> int:
    """All of them, recovery codes included; the next log-in sets up new ones. Says how many there were."""
    with transaction.atomic():
        rows = Authenticator.objects.filter(user=user)
        names = [str(row) for row in rows]
        rows.delete()
        throttle.unlock(user)
        end_sessions(user.pk)
        audit.record("person.factors_reset", user, note=", ".join(names) or "there were none")
    return len(names)


def log_out(user: User) -> None:
    end_sessions(user.pk)
    audit.record("person.sessions_ended", user)
