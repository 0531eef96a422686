"""Billed, entered, posted: every cent that is not on all three sides is a row with its cause. No database."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciliation.three_way import Trace, cause_of, compared

ONE = Decimal("1.00")
EVEN = Trace("1001", "2026-03-14", "20", "House", ONE, ONE, ONE)
AMOUNTS = some.none() | some.decimals(0, 100, places=2)
TRACES = some.builds(
    Trace, some.text("12", min_size=1), some.sampled_from(["2026-03-14", "2026-03-15"]), some.sampled_from(["10", "20"]),
    some.sampled_from(["House", "Other"]), AMOUNTS, AMOUNTS, AMOUNTS, some.booleans(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"posted": None, "entered": None, "why": "“X” has no account."}, "Not in accounts payable yet: “X”"),
        ({"posted": None, "entered": None}, "Not in accounts payable yet."),
        ({"posted": None, "why": "Supplier 1 is on hold."}, "Not posted yet: Supplier 1 is on hold."),
        ({"posted": Decimal("1.01")}, "Posted with 1.01, billed with 1.00."),
        ({"due": False}, "Posted, and voided since."),
        ({"billed": None, "entered": None}, "Posted without an invoice here."),
        ({"entered": Decimal("0.99")}, "Billed and posted with 1.00, entered here with 0.99."),
    ],
)  # fmt: skip
def test_each_difference_has_its_cause(changed, cause):
    assert cause_of(replace(EVEN, **changed)).startswith(cause)


@pytest.mark.parametrize(
    "changed", [{}, {"due": False, "posted": None}, {"due": False, "entered": None, "posted": None}]
)
def test_what_agrees_or_shall_not_be_posted_is_no_difference(changed):
    assert cause_of(replace(EVEN, **changed)) == ""


def test_differences_that_cancel_each_other_out_are_differences():
    more, less = replace(EVEN, posted=Decimal("1.50")), replace(EVEN, number="1002", posted=Decimal("0.50"))
    report = compared([more, less])
    assert report.total.difference == 0
    assert [one.amount for one in report.differences] == [Decimal("-0.50"), Decimal("0.50")]
    assert not report.is_equal


def test_sums_are_by_day_branch_and_vendor():
    report = compared([EVEN, replace(EVEN, day="2026-03-15", posted=None), replace(EVEN, branch="10")])
    sums = {
        heading: [(one.name, one.billed.count, one.posted.count) for one in found]
        for heading, found in report.groups
    }
    assert sums == {
        "Day": [("2026-03-14", 2, 2), ("2026-03-15", 1, 0)],
        "Branch": [("10", 1, 1), ("20", 2, 1)],
        "Vendor": [("House", 3, 2)],
    }


@given(some.lists(TRACES, max_size=20))
def test_where_there_is_no_difference_billed_and_posted_are_equal_to_the_cent(traces):
    report = compared(traces)
    left = sum((one.amount for one in report.differences), Decimal(0))
    assert report.total.difference == left
    for _, sums in report.groups:
        assert sum((one.billed.total for one in sums), Decimal(0)) == report.total.billed.total
        assert sum(one.posted.count for one in sums) == report.total.posted.count
