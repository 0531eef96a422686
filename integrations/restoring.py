"""What a restored database needs before anybody works on it: other systems have gone on since the backup.

What was owed then may have been sent since. It is looked for by its key before anything is sent, and until that is known
its rows are not read, or they would come as strangers. Cursors are older too: the next pulls read what came since.
"""

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models import AccessToken, Delivery, Flow, SyncRule
from integrations.push import holding

State = Delivery.State


def settle() -> None:
    """Nobody holds anything, and of nothing that is open it is known whether it was sent."""
    now = timezone.now()
    SyncRule.objects.filter(lease_until__isnull=False).update(lease_until=None)
    Flow.objects.filter(lease_until__isnull=False).update(lease_until=None)
    AccessToken.objects.update(value="", fetching_until=None)
    begun = Coalesce(F("begun_at"), F("created_at"))
    Delivery.objects.filter(state__in=Delivery.OPEN).update(begun_at=begun)
    moving = Delivery.objects.filter(state__in=(State.OWED, State.SENDING)).exclude(reason=holding.REASON)
    moving.update(state=State.UNKNOWN, next_try_at=now)
