"""The torture of posting: each invoice is posted once, to the cent, and what is not as it should be is told."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from integrations.sandbox.server import running
from integrations.torture.billing import torture_billing
from integrations.torture.billing_checking import Ended, Posting, billing_verdict
from integrations.torture.billing_offices import Books, Shop
from integrations.torture.courses import course_of


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_each_invoice_is_posted_once_while_workers_are_killed_and_replies_lost():
    report = torture_billing(seed=3, kills=1, invoices=12)
    assert report.verdict.good, report.verdict
    assert report.billed == report.posted != "0.00"
    assert report.postings == report.invoices == 12


def ended(*posted, known=None, told=(), late=0, **billed):
    """Invoices billed and posted, by their numbers, in cents; the portal knows what is posted, unless it is said."""
    postings = [Posting(number, Decimal(value) / 100) for number, value in posted]
    knows = {one.number: one.value for one in postings} if known is None else known
    return Ended(
        {number: Decimal(value) / 100 for number, value in billed.items()}, postings, knows, told, late
    )


def test_what_is_posted_once_to_the_cent_is_good():
    found = ended(("I1", 1234), ("I2", 500), I1=1234, I2=500)
    assert billing_verdict(found).good
    assert found.sums == (Decimal("17.34"), Decimal("17.34"))


def test_what_was_never_posted_is_lost_whether_somebody_is_told_or_not():
    assert billing_verdict(ended(I1=1)).lost == ["invoice I1 was never posted, and nobody is told"]
    assert billing_verdict(ended(I1=1, told=["I1"])).lost == [
        "invoice I1 was never posted, and a person is told"
    ]


def test_what_was_posted_twice_is_doubled_and_spoils_the_sum():
    found = billing_verdict(ended(("I1", 1234), ("I1", 1234), I1=1234))
    assert found.doubled == ["invoice I1 was posted 2 times"]
    assert found.wrong == ["billed were 12.34 and posted 24.68"]


def test_a_cent_too_many_is_wrong():
    found = billing_verdict(ended(("I1", 1235), I1=1234))
    assert "invoice I1 of 12.34 was posted with 12.35" in found.wrong


def test_what_no_job_was_completed_for_is_wrong():
    assert "invoice I9 was posted, and its job is not completed" in billing_verdict(ended(("I9", 1))).wrong


def test_what_the_portal_says_must_be_what_is_posted():
    silent = billing_verdict(ended(("I1", 1234), known={}, I1=1234))
    assert silent.wrong == ["invoice I1 is posted, and the portal does not say so"]
    mistaken = billing_verdict(ended(("I1", 1234), known={"I1": Decimal("1.00")}, I1=1234))
    assert mistaken.wrong == ["invoice I1 is posted with 12.34, and the portal says 1.00"]


def test_a_posting_while_nobody_completed_a_job_is_needless():
    assert billing_verdict(ended(("I1", 1), I1=1, late=1)).needless == [
        "1 postings while nobody completed a job"
    ]


def test_a_shop_has_so_many_invoices_to_post_and_none_of_a_completed_job():
    shop = Shop(seed=1, invoices=30)
    assert len(shop.bills) >= 30
    assert shop.billed() == {}
    shop.app.control.change("jobs", next(iter(shop.bills)), jobStatus="Completed")
    assert len(shop.billed()) == 1


def test_the_books_do_not_keep_an_invoice_from_being_posted_twice():
    """Or SYSPRO's own check of numbers would hide what the portal does wrong."""
    books = Books(seed=1)
    assert not books.app.control.company.checks_numbers
    with running(books.app):
        assert books.postings() == []


def test_systems_that_nobody_can_torture_together_are_refused_with_those_that_one_can():
    with pytest.raises(CommandError, match=r"Choose from: servicetitan,syspro; servicetitan and salesforce"):
        call_command("torture", systems="syspro,salesforce")
    with pytest.raises(CommandError, match="whose customers are edited"):
        call_command("torture", systems="servicetitan,syspro", policy=["ask"])


@pytest.mark.parametrize(
    ("systems", "named"),
    [([], ""), (["syspro", "servicetitan"], "servicetitan,syspro"), (["salesforce"], None)],
)
def test_a_course_is_chosen_by_the_systems_that_take_part(systems, named):
    course = course_of(systems)
    assert course.systems == named if named is not None else course.takes_policies
