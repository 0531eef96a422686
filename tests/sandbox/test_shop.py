"""The data: a believable shop, the same for the same seed, whose sums and references hold."""

import re
from collections import Counter
from decimal import Decimal

import pytest

from integrations.sandbox import times
from integrations.sandbox.servicetitan import create_app
from integrations.sandbox.servicetitan.access import TENANT
from integrations.sandbox.servicetitan.money_rows import tax_on
from tests.sandbox.conftest import NOON


@pytest.fixture(scope="module")
def control():
    return create_app(300, seed=4, clock=lambda: NOON).control


def every_row(control):
    return {name: control.rows(name) for name in control.store.tables}


def test_the_same_seed_gives_the_same_shop_and_another_another():
    first, again, other = (create_app(20, seed=seed, clock=lambda: NOON).control for seed in (1, 1, 2))
    assert every_row(first) == every_row(again)
    assert every_row(first) != every_row(other)


def test_an_invoice_adds_up_to_the_cent(control):
    for invoice in control.rows("invoices"):
        items = invoice["items"]
        assert Decimal(invoice["subTotal"]) == sum((Decimal(item["total"]) for item in items), Decimal(0))
        taxable = sum((Decimal(item["total"]) for item in items if item["taxable"]), Decimal(0))
        assert Decimal(invoice["salesTax"]) == Decimal(tax_on(int(taxable * 100))) / 100
        assert Decimal(invoice["total"]) == Decimal(invoice["subTotal"]) + Decimal(invoice["salesTax"])
        for item in items:
            assert Decimal(item["total"]) == Decimal(item["price"]) * Decimal(item["quantity"])


def test_a_balance_is_what_the_payments_leave(control):
    paid = Counter()
    for payment in control.rows("payments"):
        applied = sum((Decimal(split["appliedAmount"]) for split in payment["appliedTo"]), Decimal(0))
        assert Decimal(payment["total"]) == applied + Decimal(payment["unappliedAmount"])
        for split in payment["appliedTo"]:
            paid[split["appliedTo"]] += Decimal(split["appliedAmount"])
    owed = Counter()
    for invoice in control.rows("invoices"):
        assert Decimal(invoice["balance"]) == Decimal(invoice["total"]) - paid[invoice["id"]]
        owed[invoice["customer"]["id"]] += Decimal(invoice["balance"])
    for customer in control.rows("customers"):
        assert Decimal(str(customer["balance"])) == owed[customer["id"]]


def test_some_payments_are_split_over_two_invoices(control):
    assert any(len(payment["appliedTo"]) == 2 for payment in control.rows("payments"))


def test_money_is_text_in_invoices_and_payments_and_a_number_in_estimates(control):
    assert all(re.fullmatch(r"\d+\.\d\d", invoice["total"]) for invoice in control.rows("invoices"))
    assert all(isinstance(payment["total"], str) for payment in control.rows("payments"))
    assert all(isinstance(estimate["subtotal"], float) for estimate in control.rows("estimates"))


REFERENCES = [
    ("locations", "customerId", "customers"), ("jobs", "customerId", "customers"),
    ("jobs", "locationId", "locations"), ("jobs", "businessUnitId", "business-units"),
    ("jobs", "jobTypeId", "job-types"), ("jobs", "campaignId", "campaigns"), ("jobs", "invoiceId", "invoices"),
    ("jobs", "firstAppointmentId", "appointments"), ("appointments", "jobId", "jobs"),
    ("appointment-assignments", "technicianId", "technicians"),
    ("appointment-assignments", "appointmentId", "appointments"), ("memberships", "customerId", "customers"),
    ("memberships", "membershipTypeId", "membership-types"), ("installed-equipment", "locationId", "locations"),
    ("estimates", "jobId", "jobs"), ("technician-ratings", "jobId", "jobs"),
    ("technician-ratings", "technicianId", "technicians"), ("reviews", "jobId", "jobs"),
    ("reviews", "customerId", "customers"),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "member", "target"), REFERENCES)
def test_children_refer_to_rows_that_exist(control, entity, member, target):
    known = {row["id"] for row in control.rows(target)}
    found = {row[member] for row in control.rows(entity)}
    assert found
    assert found <= known


def test_phones_are_written_in_every_way_and_some_cannot_be_dialled(control):
    values = [row["value"] for row in control.rows("customer-contacts") if row["type"] != "Email"]
    for form in (
        r"\(\d{3}\) \d{3}-\d{4}",
        r"\d{10}",
        r"\+1 .*",
        r"\d{3}\.\d{3}\.\d{4}",
        r".*ext.*",
        r".*[A-Z]{4}",
    ):
        assert any(re.fullmatch(form, value) for value in values), form
    assert any(sum(letter.isdigit() for letter in value) < 7 for value in values)


def test_there_are_businesses_landlords_duplicates_and_merged_customers(control):
    customers = control.rows("customers")
    assert {row["type"] for row in customers} == {"Residential", "Commercial"}
    homes = Counter(row["customerId"] for row in control.rows("locations"))
    assert max(homes.values()) >= 6
    known = {row["id"]: row for row in customers}
    merged = [row for row in customers if row["mergedToId"]]
    assert merged
    assert all(not row["active"] and known[row["mergedToId"]]["active"] for row in merged)
    places = Counter(
        (row["address"]["street"].upper().replace(".", "")[:12], row["address"]["zip"][:5])
        for row in customers
        if row["active"]
    )
    assert places.most_common(1)[0][1] > 1


def test_business_units_carry_the_codes_a_scope_names(control):
    units = {row["name"]: row["accountCode"] for row in control.rows("business-units")}
    assert units["Plumbing"] == "BU_PLUMBING"
    assert len(units) == 5
    assert all(row["tenant"]["id"] == TENANT for row in control.rows("business-units"))


def test_cancelled_jobs_can_carry_a_completion_time(control):
    assert any(row["jobStatus"] == "Canceled" and row["completedOn"] for row in control.rows("jobs"))


def test_history_spans_two_years_and_ends_before_the_lag(control):
    moments = [times.from_text(row["modifiedOn"]) for row in control.rows("jobs")]
    assert max(moments) < times.from_seconds(NOON - 900)
    assert min(moments) < times.from_seconds(NOON - 300 * 86_400)
    assert any(len(row["modifiedOn"]) == len("2026-01-05T17:02:11.4821193Z") for row in control.rows("jobs"))


def test_nobody_is_modified_before_being_created(control):
    for entity in ("customers", "locations", "jobs", "appointments", "invoices", "payments", "estimates"):
        for row in control.rows(entity):
            assert times.from_text(row["createdOn"]) <= times.from_text(row["modifiedOn"])


def test_the_exact_shape_has_exactly_the_rows_of_a_benchmark():
    counts = create_app(25, shape="exact").control.store.counts()
    assert {name: counts[name] for name in ("customers", "locations", "jobs", "invoices")} == dict.fromkeys(
        ("customers", "locations", "jobs", "invoices"), 25
    )
    assert counts["payments"] == counts["customer-contacts"] == 0


def test_a_touch_changes_what_a_row_says_and_not_only_its_time():
    control = create_app(50, shape="exact", clock=lambda: NOON).control
    before = {row["id"]: row for row in control.rows("jobs")}
    touched = control.touch("jobs", share=0.1)
    assert len(touched) == 5
    for row in control.rows("jobs"):
        changed = {name for name in row if row[name] != before[row["id"]][name]}
        assert changed == ({"summary", "modifiedOn"} if row["id"] in touched else set())
