"""Asking for reviews, but nobody who still owes money.

The route: a job is written as completed -> its request is made in the same transaction (`make`) -> when it is due a
worker looks (`look`): held while an invoice of the job is open or the job is no longer completed, else released, in
ONE transaction with the webhook that says so -> the e-mail, where the merchant has set one up (`mail`). Paying wakes
a held request at once. Balances are those last read; nothing is written to their source.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from integrations.models import ReviewRequest, ReviewSettings, Subscription
from integrations.webhooks import outbox
from reconciliation.changes import changed
from reconciliation.models import Contact, Invoice, Job

COMPLETED = "completed"
A_TICK = 200
HELD_LOOK = timedelta(hours=1)
MOST_MAIL_ATTEMPTS = 5
State, Email = ReviewRequest.State, ReviewRequest.Email


def connect() -> None:
    """Called once, when Django is ready."""
    changed.connect(_record_changed, dispatch_uid="review requests")


def _record_changed(*, entity: str, tenant_id: int, record_ids: list[int], **rest: Any) -> None:
    if entity == "job":
        make(tenant_id, record_ids)
        _wake(tenant_id, record_ids)
    elif entity == "invoice":
        jobs = Invoice.objects.filter(pk__in=record_ids, job__isnull=False)
        _wake(tenant_id, jobs.values("job"))


def _wake(tenant_id: int, jobs: Any) -> None:
    """What is held because of these jobs is looked at again at once."""
    held = ReviewRequest.objects.filter(tenant=tenant_id, state=State.HELD)
    if held.exists():  # or a page of a first sync would look for a thousand jobs among none
        held.filter(job__in=jobs).update(look_at=timezone.now())


def make(tenant_id: int, job_ids: Sequence[int]) -> None:
    """A request for each of these jobs that is completed and has none, in the caller's transaction."""
    chosen = ReviewSettings.objects.filter(tenant=tenant_id, enabled=True).first()
    if chosen is None:
        return
    now = timezone.now()
    jobs = Job.objects.filter(pk__in=job_ids, tenant=tenant_id, status__iexact=COMPLETED, active=True)
    asked = set(ReviewRequest.objects.filter(job__in=job_ids).values_list("job", flat=True))
    ReviewRequest.objects.bulk_create(
        [
            _request(job, (job.completed_at or now) + timedelta(hours=chosen.delay_hours))
            for job in jobs
            if job.pk not in asked and (job.completed_at or now) >= chosen.since
        ],
        ignore_conflicts=True,
    )


def _request(job: Job, due_at: datetime) -> ReviewRequest:
    key = job.external_id or f"hub:{job.pk}"
    return ReviewRequest(tenant_id=job.tenant_id, job=job, job_key=key[:80], due_at=due_at, look_at=due_at)


def is_anything_due(now: datetime) -> bool:
    due = ReviewRequest.objects.filter(look_at__lte=now).exists()
    return due or ReviewRequest.objects.filter(email=Email.OWED).exists()


def step(now: datetime | None = None) -> int:
    """One bounded portion of looking and mailing. Returns the number released."""
    released = look(now or timezone.now())
    mail()
    return released


def look(now: datetime) -> int:
    """Look at what is due, the oldest first. Returns the number released."""
    rows = ReviewRequest.objects.filter(look_at__lte=now, state__in=ReviewRequest.OPEN)
    found = list(rows.select_related("job__customer", "tenant").order_by("look_at")[:A_TICK])
    owed = _owed([request.job_id for request in found if request.job_id])
    chosen = {
        row.tenant_id: row for row in ReviewSettings.objects.filter(tenant__in={r.tenant_id for r in found})
    }
    released = 0
    for request in found:
        if request.job is None:
            _close(request, State.CANCELLED, "The job was erased here.")
        elif why := held_because(request.job, owed.get(request.job.pk, ()), request.tenant.currency):
            _hold(request, why, now)
        else:
            released += _release(request, chosen.get(request.tenant_id), now)
    return released


def _owed(job_ids: Iterable[int]) -> dict[int, list[Invoice]]:
    """Open invoices by job, as last read."""
    found: dict[int, list[Invoice]] = {}
    for invoice in Invoice.objects.filter(job__in=list(job_ids), balance__gt=0, active=True).order_by("pk"):
        found.setdefault(int(invoice.job_id or 0), []).append(invoice)
    return found


def held_because(job: Job, owed: Iterable[Invoice], currency: str) -> str:
    """Why the job's customer is not asked yet, as a sentence; "" where nothing holds it. Pure."""
    if job.status.casefold() != COMPLETED or not job.active:
        return f"The job is no longer completed: it is “{job.status if job.active else 'inactive'}”."
    bills = list(owed)
    if not bills:
        return ""
    total = sum((bill.balance or Decimal(0) for bill in bills), Decimal(0))
    names = ", ".join(bill.number or str(bill.pk) for bill in bills[:5])
    noun = "Invoice" if len(bills) == 1 else "Invoices"
    return f"{noun} {names}: {total:,.2f} {currency} not paid yet."


def _hold(request: ReviewRequest, why: str, now: datetime) -> None:
    rows = ReviewRequest.objects.filter(pk=request.pk, state__in=ReviewRequest.OPEN)
    rows.update(state=State.HELD, because=why, look_at=now + HELD_LOOK)


def _close(request: ReviewRequest, state: ReviewRequest.State, why: str) -> bool:
    rows = ReviewRequest.objects.filter(pk=request.pk, state__in=ReviewRequest.OPEN)
    return bool(rows.update(state=state, because=why, look_at=None))


def _release(request: ReviewRequest, chosen: ReviewSettings | None, now: datetime) -> int:
    """Once: whoever moves the state has released it, and the webhook is owed in the same transaction."""
    with transaction.atomic():
        if not _close(request, State.RELEASED, ""):
            return 0
        address = _address(request)
        by_mail = chosen is not None and chosen.link and chosen.sender and settings.EMAIL_IS_SET
        email = Email.OWED if by_mail and address else Email.NONE
        ReviewRequest.objects.filter(pk=request.pk).update(released_at=now, email=email)
        outbox.emit(request.tenant_id, Subscription.Event.REVIEW_REQUEST, _told(request, address))
    return 1


def _address(request: ReviewRequest) -> str:
    """The customer's first e-mail address; none for one who wants no mail."""
    customer = request.job.customer
    if customer.do_not_mail:
        return ""
    rows = Contact.objects.filter(customer=customer, kind=Contact.Kind.EMAIL, active=True, usable=True)
    return rows.exclude(email="").order_by("pk").values_list("email", flat=True).first() or ""


def _told(request: ReviewRequest, address: str) -> dict[str, Any]:
    job = request.job
    return {
        "review_request": request.pk,
        "job": job.pk,
        "number": job.number,
        "external_id": job.external_id,
        "completed_at": job.completed_at.isoformat() if job.completed_at else None,
        "customer": {"id": job.customer_id, "name": job.customer.name, "email": address},
    }


def mail() -> int:
    """Send what is owed by e-mail, each claimed before it is sent. Returns the number sent."""
    sent = 0
    rows = ReviewRequest.objects.filter(email=Email.OWED).select_related(
        "job__customer", "tenant__review_settings"
    )
    for request in rows.order_by("pk")[: A_TICK // 4]:
        claimed = ReviewRequest.objects.filter(pk=request.pk, email=Email.OWED)
        if claimed.update(email=Email.SENDING, email_attempts=request.email_attempts + 1):
            sent += _mail(request)
    return sent


def _mail(request: ReviewRequest) -> int:
    row = ReviewRequest.objects.filter(pk=request.pk)
    address = _address(request) if request.job else ""
    if not address:
        row.update(email=Email.NONE)
        return 0
    chosen = request.tenant.review_settings
    text = chosen.text.format(
        customer=request.job.customer.name, business=request.tenant.name, link=chosen.link
    )
    try:
        EmailMessage(chosen.subject, text, chosen.sender, [address]).send()
    except OSError as error:  # smtplib's own errors are of this kind: the server did not take it
        last = request.email_attempts + 1 >= MOST_MAIL_ATTEMPTS
        row.update(
            email=Email.FAILED if last else Email.OWED, email_problem=f"{type(error).__name__}: not taken."
        )
        return 0
    row.update(email=Email.SENT, email_problem="")
    return 1
