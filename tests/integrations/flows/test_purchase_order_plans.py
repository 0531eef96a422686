"""What becomes of a purchase order, decided from plain values."""

from dataclasses import replace

import pytest

from integrations.flows.base import Made, Skip, Wait
from integrations.flows.purchase_orders_plans import Back, Line, Ordered, plan
from integrations.tables.base import Key

SETTINGS = {"prefix": "ST-", "to_shop": True, "business_unit": 5, "order_type": 6}
TABLES = {"stock_code": {"mat-valve": "VLV-34"}, "warehouse": {"81": "MAIN"}, "supplier": {}}
VALVE = Line(1, "Ball valve", "MAT-VALVE", "", 70003, in_shop=True, in_accounting=False)
ORDER = Ordered(
    id=7,
    number="4001",
    accounting_number="",
    active=True,
    status="Sent",
    in_shop=True,
    in_accounting=False,
    vendor=Key("91", "Ferguson Supply"),
    code="1",
    supplier="",
    warehouse=Key("81", "Reno Main"),
    warehouse_code="",
    line_count=1,
    lines=(VALVE,),
    tables=TABLES,
)
POSTED = replace(
    ORDER,
    in_accounting=True,
    warehouse_code="MAIN",
    lines=(replace(VALVE, stock_code="VLV-34", in_accounting=True),),
)
THEIRS = replace(
    ORDER,
    number="",
    accounting_number="547",
    status="",
    in_shop=False,
    in_accounting=True,
    vendor=None,
    supplier="1",
    warehouse=None,
    warehouse_code="MAIN",
    line_count=None,
    lines=(Line(1, "Ball valve", "", "VLV-34", None, in_shop=False, in_accounting=True),),
    back=Back(3, 4, {"street": "1 Elm"}, {1: ("MAT-VALVE", 70003)}),
)


def made(order: Ordered, **settings: object) -> dict:
    found = plan(order, {**SETTINGS, **settings})
    assert isinstance(found, Made), found
    return {wanted.key: {**wanted.values, **wanted.references} for wanted in found.records}


def waits(order: Ordered, **settings: object) -> Wait:
    found = plan(order, {**SETTINGS, **settings})
    assert isinstance(found, Wait), found
    return found


def skips(order: Ordered, **settings: object) -> Skip:
    found = plan(order, {**SETTINGS, **settings})
    assert isinstance(found, Skip), found
    return found


class TestToAccounting:
    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"vendor": None, "code": ""}, "no vendor"),
            ({"code": ""}, "Ferguson Supply"),
            ({"warehouse": None}, "no warehouse"),
            ({"warehouse": Key("82", "Sparks Annex")}, "Sparks Annex"),
            ({"lines": (replace(VALVE, sku="MAT-CAP"),)}, "MAT-CAP"),
            ({"lines": (replace(VALVE, sku=""),)}, "names no item"),
            ({"number": "4" * 30}, "longer than the 30 characters"),
        ],
    )
    def test_what_is_missing_is_said(self, changed, words):
        found = waits(replace(ORDER, **changed))
        assert found.reason == "unmapped"
        assert words in found.words

    def test_everything_that_is_missing_is_said_at_once(self):
        found = waits(replace(ORDER, tables={}, code=""))
        assert {missing.table for missing in found.missing} == {"stock_code", "warehouse", "supplier"}

    def test_an_order_whose_lines_are_not_all_read_yet_waits(self):
        assert waits(replace(ORDER, line_count=2)).reason == "lines"
        assert waits(replace(ORDER, line_count=0, lines=())).reason == "lines"

    def test_codes_and_a_reference_are_given(self):
        assert made(ORDER) == {
            "purchase_order": {"supplier": "1", "warehouse_code": "MAIN", "reference": "ST-4001"},
            "line 1": {"stock_code": "VLV-34", "warehouse_code": "MAIN"},
        }

    def test_the_tables_code_of_a_vendor_comes_before_its_own(self):
        found = made(replace(ORDER, tables={**TABLES, "supplier": {"91": "2"}}))
        assert found["purchase_order"]["supplier"] == "2"

    def test_a_default_stock_code_stands_for_an_item_without_a_row(self):
        found = made(replace(ORDER, tables={**TABLES, "stock_code": {"": "MISC"}}))
        assert found["line 1"]["stock_code"] == "MISC"


class TestLeftAlone:
    def test_an_exported_order_never_goes_to_accounting(self):
        found = skips(replace(ORDER, status="Exported"))
        assert found.reason == "frozen"
        assert "left alone" in found.words

    def test_an_exported_order_says_what_differs(self):
        found = skips(replace(POSTED, status="Exported", differing=("Ball valve: received 5, there 2",)))
        assert "Ball valve: received 5, there 2" in found.words

    def test_an_exported_order_that_is_the_same_on_both_sides_is_well(self):
        assert made(replace(POSTED, status="Exported")) == {}

    def test_one_that_is_cancelled_before_it_went_goes_nowhere(self):
        assert skips(replace(ORDER, active=False)).reason == "cancelled"
        assert skips(replace(THEIRS, active=False)).reason == "cancelled"


class TestOnBothSides:
    def test_what_was_posted_keeps_its_codes_whatever_the_tables_say_by_now(self):
        assert made(replace(POSTED, tables={})) == {"purchase_order": {}}

    def test_a_line_that_came_later_gets_its_code(self):
        later = replace(VALVE, id=2)
        found = made(replace(POSTED, line_count=2, lines=(*POSTED.lines, later)))
        assert found["line 2"] == {"stock_code": "VLV-34", "warehouse_code": "MAIN"}

    def test_a_line_that_only_accounting_has_is_for_a_person(self):
        theirs = replace(VALVE, id=2, in_shop=False, in_accounting=True)
        found = waits(replace(POSTED, lines=(*POSTED.lines, theirs)))
        assert (found.reason, "Ball valve" in found.words) == ("lines_there", True)

    def test_a_line_that_was_taken_out_in_servicetitan_is_for_a_person(self):
        assert waits(replace(POSTED, line_count=0)).reason == "lines_gone"


class TestToShop:
    def test_items_a_vendor_and_a_place_are_found_backwards(self):
        assert made(THEIRS) == {
            "purchase_order": {
                "summary": "SYSPRO order 547",
                "street": "1 Elm",
                "vendor": 3,
                "warehouse": 4,
                "business_unit": 5,
                "order_type": 6,
            },
            "line 1": {"sku": "MAT-VALVE", "item_id": 70003},
        }

    def test_all_that_leads_nowhere_is_said(self):
        found = waits(replace(THEIRS, back=Back()), business_unit=None, order_type=None)
        for word in ("supplier 1", "warehouse MAIN", "stock code VLV-34", "business unit", "kind of order"):
            assert word in found.words

    def test_orders_of_accounting_may_stay_there(self):
        assert skips(THEIRS, to_shop=False).reason == "stays"
