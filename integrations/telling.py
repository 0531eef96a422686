"""A connection's owner hears by e-mail, once, that its link has died.

The route: `Connection.fail` sets the status and owes the mail in one statement -> the next tick -> claimed -> sent. A
worker that dies in between leaves it claimed: nobody is told twice. A link that works again owes nothing any more.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection
from portal.access import Action, access_of
from portal.models import RoleGrant, User

Mail = Connection.OwnerMail
STALE = timedelta(days=1)
"""Who could not be told for so long sees it on the home page."""


def is_anything_due(now: datetime) -> bool:
    return settings.EMAIL_IS_SET and _owed(now).exists()


def step() -> int:
    """Send what is owed, each claimed before it is sent. Returns how many connections' owners were told."""
    told = 0
    for connection in _owed(timezone.now()).select_related("tenant__partner", "owner").order_by("pk"):
        claimed = Connection.objects.filter(pk=connection.pk, owner_mail=Mail.OWED)
        if claimed.update(owner_mail=Mail.SENDING):
            told += _tell(connection)
    return told


def owners_of(connection: Connection) -> list[str]:
    """The address of who linked it last, if they may still configure it; else those of its partner's staff."""
    owner = connection.owner
    if owner is not None and owner.email and access_of(owner).may(Action.CONFIGURE, connection.tenant):
        return [owner.email]
    staff = RoleGrant.objects.filter(partner=connection.tenant.partner_id, role="partner_staff")
    people = User.objects.filter(is_active=True, pk__in=staff.values("user")).exclude(email="")
    return list(people.order_by("pk").values_list("email", flat=True)[:20])


def _owed(now: datetime) -> QuerySet[Connection]:
    return Connection.objects.filter(
        owner_mail=Mail.OWED, status=Connection.Status.RELINK, problem_at__gt=now - STALE
    )


def _tell(connection: Connection) -> int:
    row = Connection.objects.filter(pk=connection.pk, owner_mail=Mail.SENDING)
    addresses = owners_of(connection)
    if not addresses:
        row.update(owner_mail=Mail.NONE)
        return 0
    subject = f"{connection.label} of {connection.tenant.name} has to be connected again"
    message = EmailMessage(subject, _text(connection), None, bcc=addresses)
    try:
        message.send()
    except OSError:  # smtplib's own errors are of this kind: the server did not take it
        row.update(owner_mail=Mail.OWED)
        return 0
    row.update(owner_mail=Mail.TOLD)
    return 1


def _text(connection: Connection) -> str:
    path = reverse("admin:integrations_connection_test", args=[connection.pk])
    origin = urlsplit(settings.LINK_CALLBACK_URL)
    where = f"{origin.scheme}://{origin.netloc}{path}" if origin.netloc else f"Connections > {connection}"
    return (
        f"{connection.problem}\n\nUntil then nothing is synced between Trunkline and {connection.label} for "
        f"{connection.tenant.name}; nothing is lost, and it goes on by itself afterwards.\n\n{where}\n"
    )
