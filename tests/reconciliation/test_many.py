"""Many records written together by a program, with the rows that live and die with them."""

from decimal import Decimal

import pytest

from reconciliation.entities import ENTITIES
from reconciliation.many import Values, add_many, edit_many
from reconciliation.models import ApInvoiceLine, Change

pytestmark = pytest.mark.django_db
BILLS = ENTITIES["ap_invoice"]


def line(account: str, amount: str) -> dict[str, object]:
    return {"ledger_code": account, "amount": Decimal(amount)}


def made(tenant, *lines):
    (bill,) = add_many(BILLS, tenant.pk, [Values({"number": "B-1"}, children=lines)])
    return bill


def held(bill):
    return [(one.ledger_code, str(one.amount)) for one in bill.lines.all()]


def test_a_new_record_comes_with_its_rows(tenant):
    bill = made(tenant, line("30", "1.10"), line("31", "2.20"))
    assert held(bill) == [("30", "1.1000"), ("31", "2.2000")]


def test_the_same_rows_are_no_change(tenant):
    bill = made(tenant, line("30", "1.10"))
    before = ApInvoiceLine.objects.get().pk
    assert edit_many(BILLS, tenant.pk, {bill.pk: Values({}, children=[line("30", "1.1")])}) == {}
    bill.refresh_from_db()
    assert (bill.version, ApInvoiceLine.objects.get().pk) == (1, before)


def test_other_rows_take_their_place_and_are_a_change_of_the_record(tenant):
    bill, other = made(tenant, line("30", "1.10"), line("31", "2")), made(tenant, line("30", "7"))
    wanted = Values({"number": "B-2"}, children=[line("30", "3.10")])
    (moved,) = edit_many(BILLS, tenant.pk, {bill.pk: wanted}).values()
    assert (held(bill), held(other)) == ([("30", "3.1000")], [("30", "7.0000")])
    assert moved["number"] == ["B-1", "B-2"]
    assert [[row["amount"] for row in rows] for rows in moved["lines"]] == [["1.1", "2"], ["3.1"]]
    bill.refresh_from_db()
    assert bill.version == 2
    assert Change.objects.filter(record_id=bill.pk, kind="updated").get().fields.keys() == {"number", "lines"}


def test_rows_that_nobody_speaks_of_stay(tenant):
    bill = made(tenant, line("30", "1.10"))
    edit_many(BILLS, tenant.pk, {bill.pk: Values({"number": "B-2"})})
    assert held(bill) == [("30", "1.1000")]


def test_no_rows_at_all_takes_them_away(tenant):
    bill = made(tenant, line("30", "1.10"))
    edit_many(BILLS, tenant.pk, {bill.pk: Values({}, children=[])})
    assert held(bill) == []
