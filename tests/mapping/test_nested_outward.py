"""Rows nested in a create, and amounts that go digit by digit."""

from decimal import Decimal

import pytest

from integrations.connectors.entity import Children, FieldMap, Find, Write
from integrations.mapping.outward import nested_outward, outward

LINES = Children(
    "LedgerDistribution",
    "lines",
    (FieldMap("LedgerCode", "ledger_code"), FieldMap("LedgerValue", "amount", "decimal")),
)
WRITE = Write("", frozenset({"TransactionValue"}), Find.SIBLINGS, children=LINES, exact=True)


@pytest.mark.parametrize("amount", ["0.01", "110", "-15.01", "1234567890.1234", "0.1"])
def test_an_amount_goes_digit_by_digit(amount):
    (line,) = [FieldMap("TransactionValue", "total", "decimal")]
    body = outward([line], WRITE).body_of({"total": Decimal(amount).quantize(Decimal("0.0001"))}, ["total"])
    assert body == {"TransactionValue": amount}


def test_where_it_need_not_be_exact_an_amount_is_a_number():
    write = Write("", frozenset({"total"}), Find.KEY)
    body = outward([FieldMap("total", "total", "decimal")], write).body_of(
        {"total": Decimal("1.5")}, ["total"]
    )
    assert body == {"total": 1.5}


def test_a_nested_row_is_a_body_of_its_own():
    nested = nested_outward(WRITE)
    assert nested is not None
    row = {"ledger_code": "30-4500", "amount": Decimal("100.0000")}
    assert nested.body_of(row, nested.names) == {"LedgerCode": "30-4500", "LedgerValue": "100"}


def test_a_create_without_nested_rows_has_none():
    assert nested_outward(Write("", frozenset(), Find.KEY)) is None
