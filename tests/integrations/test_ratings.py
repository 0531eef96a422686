"""Technician ratings, which have no id of their own, and reviews, which know their customer only later."""

import pytest

from integrations import connecting
from integrations.models import RunFailure
from integrations.sandbox.servicetitan import loyalty
from reconciliation.models import Membership, Rating
from tests.integrations.syncs import bad, rule_of, sync
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)
NEW_SCOPES = ("tn.csi.technicianrating:r", "tn.mrep.reviews:r", "tn.mem.memberships:r")


@pytest.fixture
def job(sandbox) -> int:
    return next(row["id"] for row in sandbox.control.rows("jobs") if row["jobStatus"] == "Completed")


def test_a_merchant_who_has_not_granted_the_new_scopes_still_connects_and_syncs_the_rest(
    tenant, sandbox, connect_to
):
    client = next(iter(sandbox.access.clients.values()))
    sandbox.control.grant([scope for scope in client.scopes if scope not in NEW_SCOPES])
    connection = connect_to(tenant, sandbox)
    off = {rule.entity: rule.off_because for rule in connection.rules.filter(enabled=False)}
    assert off.keys() == {"note", "technician_rating", "review", "membership"}
    assert off["review"] == "scope is missing: tn.mrep.reviews:r"
    assert bad(sync(connection)) == {}
    assert differences(connection, sandbox.control, "customer", "job", "invoice") == []
    sandbox.control.grant([*client.scopes, *NEW_SCOPES])
    connecting.test(connection)
    assert set(connection.rules.filter(enabled=False).values_list("entity", flat=True)) == {"note"}


def test_a_connection_from_before_reads_what_the_connector_has_learnt_since(connection):
    connection.rules.filter(entity__in=["technician_rating", "review"]).delete()
    connecting.test(connection)
    assert rule_of(connection, "review").mappings.exists()
    assert rule_of(connection, "technician_rating").enabled


def test_a_rating_without_its_job_is_a_failure_that_names_the_row(connection, sandbox, job):
    row_id = loyalty.rate(sandbox.control, job, 9)
    sandbox.control.store["technician-ratings"].write(row_id, {"technicianId": None}, None)
    sync(connection)
    failure = RunFailure.objects.get(rule=rule_of(connection, "technician_rating"))
    assert failure.external_id == ""
    assert "is not an id" in failure.message


def test_a_technician_has_one_rating_for_a_job_however_often_it_is_given(connection, sandbox, job):
    loyalty.rate(sandbox.control, job, 9)
    assert bad(sync(connection)) == {}
    assert differences(connection, sandbox.control, "technician_rating", "review") == []
    loyalty.rate(sandbox.control, job, 2)
    sync(connection, "technician_rating")
    rating = Rating.objects.get(kind="technician", job__external_id=str(job))
    assert rating.external_id == f"{rating.technician.external_id}-{job}"
    assert str(rating) == "Technician rating: 2 of 10"
    assert sync(connection, "technician_rating")["technician_rating"].updated == 0


def test_a_review_is_known_before_its_customer_is(connection, sandbox, job):
    review = loyalty.review(sandbox.control, 1, "Nobody showed up.")
    assert bad(sync(connection)) == {}
    found = Rating.objects.get(kind="review", external_id=str(review))
    assert (found.customer, found.job, found.text, found.out_of) == (
        None,
        None,
        "Nobody showed up.",
        "1 of 5",
    )
    customer = sandbox.control.row("jobs", job)["customerId"]
    sandbox.control.change("reviews", review, jobId=job, customerId=customer)
    assert sync(connection, "review")["review"].updated == 1
    found.refresh_from_db()
    assert found.customer == found.job.customer
    assert sync(connection, "review")["review"].updated == 0


def test_a_membership_is_bought_lapses_and_is_renewed(connection, sandbox):
    customer = sandbox.control.rows("customers")[0]["id"]
    sync(connection)
    bought = loyalty.buy(sandbox.control, customer, "Comfort Club Plus")
    sync(connection, "membership")
    plan = Membership.objects.get(external_id=str(bought))
    assert (plan.status, str(plan.membership_type), plan.active) == ("Active", "Comfort Club Plus", True)
    first_end = plan.ends_at
    loyalty.lapse(sandbox.control, bought, "Canceled")
    sync(connection, "membership")
    plan.refresh_from_db()
    assert (plan.status, plan.active) == ("Canceled", False)
    assert plan.cancelled_at is not None
    loyalty.renew(sandbox.control, bought)
    loyalty.renew(sandbox.control, bought)
    sync(connection, "membership")
    plan.refresh_from_db()
    assert (plan.status, plan.cancelled_at) == ("Active", None)
    assert (plan.ends_at - first_end).days == 365
