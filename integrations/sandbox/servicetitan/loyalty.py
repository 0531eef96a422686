"""Control verbs for what customers do beyond jobs: buy a membership, renew it or let it lapse, say what they thought."""

from typing import Any

from integrations.sandbox import times
from integrations.sandbox.servicetitan import work_rows
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.store import Body

YEAR = 365 * times.DAY
LAPSED = ("Suspended", "Expired", "Canceled", "Deleted")


def buy(control: Control, customer: int, membership_type: str) -> int:
    """A customer buys a membership of this name for a year from today. Returns its id; KeyError for unknown ones."""
    with control.store.lock:
        store, now = control.store, control.now_ticks()
        store["customers"].read(customer)
        names = {body["name"]: body["id"] for _, body in store["membership-types"].bodies()}
        table, begin = store["memberships"], times.midnight(now)
        body = work_rows.membership(
            id=table.new_id(), customer=customer, location=None, status="Active", type_id=names[membership_type],
            business_unit=control.shop.lists.units[0]["id"], begin=times.to_text(begin),
            end=times.to_text(begin + YEAR), next_bill=times.to_text(begin + 30 * times.DAY), active=True,
            created=times.to_text(now), modified=times.to_text(now),
        )  # fmt: skip
        table.add(body, created=now, modified=now)
    control.notify("memberships.created", body["id"])
    return body["id"]


def renew(control: Control, membership: int) -> Body:
    """Another year from the end of the last, or from today if it had lapsed."""
    body = control.row("memberships", membership)
    begin = times.midnight(control.present())
    if body["status"] == "Active" and body["to"]:
        begin = max(begin, times.from_text(body["to"]))
    ends = {"to": times.to_text(begin + YEAR), "followUpOn": times.to_text(begin + YEAR)}
    return control.change(
        "memberships", membership, status="Active", active=True, cancellationDate=None, **ends
    )


def lapse(control: Control, membership: int, status: str = "Expired") -> Body:
    """It runs out, or the customer cancels it: `status` says which."""
    if status not in LAPSED:
        raise ValueError(f"A membership lapses as one of {', '.join(LAPSED)}, not as {status!r}.")
    cancelled = times.to_text(control.present()) if status == "Canceled" else None
    return control.change("memberships", membership, status=status, active=False, cancellationDate=cancelled)


def rate(control: Control, job: int, rating: float, technician: int | None = None) -> int:
    """A customer rates the technician of a job, 0 to 10; who it was is looked up where nobody is named."""
    with control.store.lock:
        control.row("jobs", job)
        who = technician or _sent_to(control, job)
        row_id = control.shop.work.opinions.rate(who, job, rating, control.now_ticks())
    control.notify("technician-ratings.updated", row_id)
    return row_id


def review(control: Control, stars: int, text: str, job: int | None = None) -> int:
    """Somebody writes a review; without a job nobody has told ServiceTitan whose it is. Returns its id."""
    with control.store.lock:
        done = control.row("jobs", job) if job else None
        customer = control.row("customers", done["customerId"]) if done else None
        technician = _sent_to(control, done["id"]) if done else None
        row_id = control.shop.work.opinions.review(
            stars, text, control.now_ticks(), done, customer, technician
        )
    control.notify("reviews.created", row_id)
    return row_id


def _sent_to(control: Control, job: int) -> int:
    """The technician of a job's first visit, or the first of its business unit."""
    sent: list[Any] = [b for _, b in control.store["appointment-assignments"].bodies() if b["jobId"] == job]
    if sent:
        return sent[0]["technicianId"]
    return control.shop.lists.technicians[control.row("jobs", job)["businessUnitId"]][0][0]
