"""What becomes of an invoice in accounts payable: to the cent, or not at all, and always with words. No database."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrations.flows.ap_documents import TAX
from integrations.flows.ap_facts import Billed, BilledLine, Entered, Facts, Supplier, facts_of, spread
from integrations.flows.base import Made, Skip, Wait, Wanted
from integrations.flows.invoice_to_ap import FLOW
from integrations.flows.invoice_to_ap_plans import plan
from integrations.flows.invoiced import in_cents
from integrations.tables.base import Key, Missing

SETTINGS = FLOW.chosen({"vendor": 7, "tax_account": "22-0000"})
TABLES = {
    "stock_code": {"flt": "FLT-16"},
    "item_ledger": {"flt": "30-4500", "lab": "30-4600"},
    "job_type_ledger": {},
    "branch": {"31": "BR1"},
    "technician": {"44": "T44"},
    "supplier": {},
}
FILTER = BilledLine("FLT", "Furnace filter 16x25", Decimal(2), Decimal("100.00"))
LABOUR = BilledLine("LAB", "An hour's work", None, Decimal("50.00"))
BILLED = Billed(
    invoice_id=9,
    number="1001",
    active=True,
    job="J-5",
    job_status="Completed",
    invoiced_on="2026-03-14",
    due_on="2026-04-13",
    total=Decimal("110.00"),
    tax=Decimal("10.00"),
    lines=(FILTER,),
    customer="Ana Núñez",
    unit=Key("31", "HVAC"),
    job_type=Key("12", "Repair"),
    technician=Key("44", "Sam Lee"),
    supplier=Supplier(7, Key("500", "House"), "1"),
    tables=TABLES,
    currency="USD",
)


def tables(**changed):
    return {**TABLES, **changed}


def document(billed=BILLED, **settings) -> Wanted:
    found = plan(billed, {**SETTINGS, **settings})
    assert isinstance(found, Made), found
    return found.records[0]


def waits(billed, **settings) -> Wait:
    found = plan(billed, {**SETTINGS, **settings})
    assert isinstance(found, Wait), found
    return found


class TestToTheCent:
    @given(some.lists(some.decimals(-(10**6), 10**6, places=4), max_size=30))
    def test_amounts_in_cents_come_to_what_all_of_them_come_to(self, amounts):
        found = spread(amounts)
        assert sum(found, Decimal(0)) == in_cents(sum(amounts, Decimal(0)))
        assert all(
            abs(cents - amount) <= Decimal("0.01") for cents, amount in zip(found, amounts, strict=True)
        )

    @given(
        some.lists(some.decimals(-1000, 10000, places=4), min_size=1, max_size=12),
        some.decimals(0, 1000, places=2),
        some.decimals(-1000, 10000, places=2) | some.none(),
        some.sampled_from(["account", "code"]),
    )
    def test_whatever_is_posted_is_distributed_to_the_cent(self, amounts, tax, total, way):
        lines = tuple(BilledLine("FLT", "A", None, amount) for amount in amounts)
        true = in_cents(sum(amounts, Decimal(0))) + tax
        billed = replace(BILLED, lines=lines, tax=tax, total=true if total is None else total)
        found = plan(billed, {**SETTINGS, "tax": way, "tax_code": "A"})
        if isinstance(found, Made):
            (wanted,) = found.records
            distributed = sum((line["amount"] for line in wanted.children or ()), Decimal(0))
            assert (
                distributed + (wanted.values["tax"] or 0) == wanted.values["total"] == in_cents(billed.total)
            )
            assert all(line["amount"].as_tuple().exponent == -2 for line in wanted.children or ())
        else:
            assert total is not None or true <= 0

    def test_an_invoice_that_does_not_add_up_waits_and_names_the_difference(self):
        found = waits(replace(BILLED, total=Decimal("110.01")))
        assert found.reason == "unbalanced"
        assert "0.01 has no account" in found.words

    def test_an_invoice_without_lines_but_with_a_total_waits(self):
        assert waits(replace(BILLED, lines=())).reason == "unbalanced"

    def test_one_of_nothing_is_skipped(self):
        found = plan(replace(BILLED, total=Decimal(0), tax=Decimal(0), lines=()), SETTINGS)
        assert isinstance(found, Skip)
        assert found.reason == "no_value"

    def test_a_credit_is_no_invoice(self):
        credit = replace(BILLED, total=Decimal("-15.01"), tax=Decimal(0))
        assert waits(credit).reason == "credit"


class TestWhatMayNotBePosted:
    def test_a_voided_one_is_skipped(self):
        found = plan(replace(BILLED, active=False), SETTINGS)
        assert isinstance(found, Skip)
        assert found.reason == "voided"

    @pytest.mark.parametrize("changed", [{"job_status": "Scheduled"}, {"has_job": False}])
    def test_one_of_a_job_that_is_not_completed_is_skipped(self, changed):
        assert isinstance(plan(replace(BILLED, **changed), SETTINGS), Skip)

    def test_a_number_that_its_supplier_has_already_waits(self):
        assert waits(replace(BILLED, taken=frozenset({("1", "1001")}))).reason == "taken"
        assert document(replace(BILLED, taken=frozenset({("2", "1001")}))).values["number"] == "1001"

    def test_a_number_that_is_too_long_waits(self):
        assert waits(BILLED, prefix="A-VERY-LONG-PREFIX-").reason == "number"

    def test_a_supplier_of_another_currency_waits(self):
        foreign = replace(BILLED.supplier, currency="EUR")
        assert waits(replace(BILLED, supplier=foreign)).reason == "currency"


class TestTheDocument:
    def test_it_holds_what_the_invoice_says(self):
        wanted = document()
        assert wanted.values == {
            "kind": "I", "supplier": "1", "number": "1001", "branch": "BR1", "reference": "T44 J-5",
            "notation": "ServiceTitan invoice 1001, job J-5, Sam Lee, Ana Núñez", "invoiced_on": "2026-03-14",
            "due_on": "", "total": Decimal("110.00"), "tax": None, "tax_code": "",
        }  # fmt: skip
        assert wanted.references == {"vendor": 7, "invoice": 9}

    def test_its_lines_name_account_stock_code_and_details(self):
        goods, tax = document().children
        assert (goods["ledger_code"], goods["stock_code"], goods["amount"]) == (
            "30-4500", "FLT-16", Decimal("100.00"),
        )  # fmt: skip
        assert goods["notation"] == "FLT-16: 2 x Furnace filter 16x25"
        assert (tax["description"], tax["ledger_code"], tax["amount"]) == (TAX, "22-0000", Decimal("10.00"))

    def test_tax_by_code_is_no_line(self):
        wanted = document(tax="code", tax_code="A")
        assert [line["amount"] for line in wanted.children] == [Decimal("100.00")]
        assert (wanted.values["tax"], wanted.values["tax_code"]) == (Decimal("10.00"), "A")

    def test_the_due_date_is_the_suppliers_unless_the_invoices_is_wanted(self):
        assert document(due="invoice").values["due_on"] == "2026-04-13"

    def test_the_supplier_table_goes_before_the_vendors_own_code(self):
        found = document(replace(BILLED, tables=tables(supplier={"500": "0000042"})))
        assert found.values["supplier"] == "0000042"

    def test_a_line_of_nothing_is_left_out(self):
        free = BilledLine("FREE", "Goodwill", None, Decimal(0))
        assert len(document(replace(BILLED, lines=(FILTER, free))).children) == 2

    def test_all_that_goes_out_has_room_there(self):
        long = "x" * 300
        billed = replace(BILLED, customer=long, job=long, lines=(replace(FILTER, description=long),))
        wanted = document(billed)
        assert len(wanted.values["reference"]) == 30
        assert max(len(wanted.values["notation"]), len(wanted.children[0]["notation"])) == 100


class TestAccounts:
    OWN = BilledLine("NEW", "A new item", None, Decimal("100.00"))

    def account(self, **changed):
        billed = replace(BILLED, lines=(self.OWN,), tables=tables(stock_code={"": "SERVICE"}, **changed))
        return document(billed).children[0]["ledger_code"]

    def test_the_items_own_account_goes_before_its_job_types_and_that_before_the_default(self):
        own, by_type, default = {"new": "1"}, {"12": "2"}, {"": "3"}
        assert self.account(item_ledger={**own, **default}, job_type_ledger=by_type) == "1"
        assert self.account(item_ledger=default, job_type_ledger=by_type) == "2"
        assert self.account(item_ledger=default) == "3"

    def test_the_spelling_of_an_item_is_no_matter(self):
        billed = replace(BILLED, lines=(replace(FILTER, sku=" flt "),))
        assert document(billed).children[0]["ledger_code"] == "30-4500"


class TestUnmapped:
    def test_everything_that_is_missing_is_told_at_once(self):
        empty = {name: {} for name in TABLES}
        found = waits(
            replace(BILLED, tables=empty, lines=(FILTER, LABOUR), total=Decimal("160.00")), tax_account=""
        )
        assert found.reason == "unmapped"
        assert set(found.missing) == {
            Missing("branch", "31", "HVAC"),
            Missing("technician", "44", "Sam Lee"),
            Missing("stock_code", "flt", "FLT"),
            Missing("stock_code", "lab", "LAB"),
            Missing("item_ledger", "flt", "FLT"),
            Missing("item_ledger", "lab", "LAB"),
            Missing("job_type_ledger", "12", "Repair"),
        }
        for words in (
            "item “FLT” has no stock code",
            "business unit “HVAC” has no branch",
            "no GL account for tax",
        ):
            assert words in found.words.replace("Business", "business")

    def test_a_vendor_without_a_code_waits_for_a_row(self):
        bare = replace(BILLED, supplier=replace(BILLED.supplier, code=""))
        assert waits(bare).missing == (Missing("supplier", "500", "House"),)

    def test_without_a_vendor_it_says_where_one_is_chosen(self):
        found = waits(replace(BILLED, supplier=None))
        assert found.words == "No vendor is chosen for business unit “HVAC” under Settings."

    def test_without_a_business_unit_only_a_default_branch_can_tell(self):
        loose = replace(BILLED, unit=None)
        assert waits(loose).missing == (Missing("branch", "", ""),)
        assert document(replace(loose, tables=tables(branch={"": "00"}))).values["branch"] == "00"

    def test_a_line_that_names_no_item_can_only_go_to_its_job_types_account_or_the_default(self):
        bare = replace(BILLED, lines=(replace(FILTER, sku=""),))
        assert waits(bare).missing == (
            Missing("item_ledger", "", ""),
            Missing("job_type_ledger", "12", "Repair"),
        )

    def test_what_somebody_does_without_is_not_missed(self):
        bare = replace(BILLED, tables=tables(stock_code={}, technician={}))
        wanted = document(bare, stock_codes=False, technicians=False)
        assert (wanted.values["reference"], wanted.children[0]["stock_code"]) == ("J-5", "")


ENTERED = Entered(
    "0001",
    "1001",
    "BR1",
    Decimal("110.00"),
    Decimal(0),
    "",
    {"30-4500": Decimal("100.00"), "22-0000": Decimal("10.00")},
)


class TestAfterPosting:
    POSTED = replace(BILLED, posted=facts_of(BILLED), record_id=3, entered=ENTERED)

    def test_what_is_as_it_was_posted_is_left_alone(self):
        found = plan(self.POSTED, SETTINGS)
        assert isinstance(found, Made)
        assert (found.records[0].record_id, dict(found.records[0].values), found.records[0].children) == (
            3,
            {},
            None,
        )

    def test_other_rows_in_the_tables_do_not_touch_it(self):
        assert isinstance(plan(replace(self.POSTED, tables={}), SETTINGS), Made)

    @pytest.mark.parametrize(
        "changed",
        [
            {"total": Decimal("110.01")},
            {"tax": Decimal("9.99")},
            {"invoiced_on": "2026-03-15"},
            {"lines": (replace(FILTER, amount=Decimal("60.00")), replace(LABOUR, amount=Decimal("40.00")))},
            {"active": False},
        ],
    )
    def test_another_version_waits_for_finance_with_both(self, changed):
        found = waits(replace(self.POSTED, **changed))
        assert found.reason == "posted"
        assert "110.00 of 2026-03-14, 10.00 of it tax" in found.words
        assert facts_of(replace(self.POSTED, **changed)).words in found.words

    def test_once_finance_has_put_it_right_it_is_done(self):
        changed = replace(self.POSTED, total=Decimal("120.00"), tax=Decimal("20.00"))
        assert isinstance(plan(replace(changed, settled=facts_of(changed)), SETTINGS), Made)
        again = replace(changed, settled=facts_of(changed), total=Decimal("130.00"))
        assert waits(again).reason == "posted"

    def test_while_it_is_on_its_way_it_is_looked_at_again(self):
        changed = replace(self.POSTED, total=Decimal("120.00"), on_its_way=True)
        assert waits(changed).reason == "on_its_way"

    def test_the_order_of_its_items_is_no_change(self):
        two = replace(BILLED, lines=(FILTER, LABOUR), total=Decimal("160.00"))
        posted = replace(two, posted=facts_of(two), lines=(LABOUR, FILTER), record_id=3)
        assert isinstance(plan(posted, SETTINGS), Made)


class TestCorrecting:
    MAPPED = tables(stock_code={"": "SVC"})
    POSTED = replace(BILLED, posted=facts_of(BILLED), record_id=3, entered=ENTERED, tables=MAPPED)
    DEARER = replace(POSTED, lines=(FILTER, LABOUR), total=Decimal("165.00"), tax=Decimal("15.00"))

    def correction(self, billed, **settings) -> Wanted:
        found = plan(billed, {**SETTINGS, "corrections": "post", **settings})
        assert isinstance(found, Made), found
        assert found.records[0].values == {}, "the invoice itself stays as it is"
        return found.records[1]

    def test_without_a_word_of_a_person_nothing_is_made(self):
        assert "debit note of 55.00" in waits(self.DEARER).words

    def test_a_word_about_another_version_is_none_about_this(self):
        approved = replace(self.DEARER, approved=facts_of(replace(self.DEARER, total=Decimal("160.00"))))
        assert waits(approved).reason == "posted"

    def test_another_supplier_is_for_finance_to_see_to(self):
        moved = replace(self.DEARER, supplier=Supplier(8, Key("501", "Other"), "2"))
        assert "posted to 0001" in waits(moved, corrections="post").words

    def test_an_unmapped_item_is_named_and_waited_for(self):
        found = waits(
            replace(self.DEARER, tables={**self.MAPPED, "item_ledger": {"flt": "30-4500"}}),
            corrections="post",
        )
        assert Missing("item_ledger", "lab", "LAB") in found.missing

    def test_the_difference_is_taken_account_by_account(self):
        approved = replace(self.DEARER, approved=facts_of(self.DEARER))
        for found in (self.correction(self.DEARER), self.correction(approved, corrections="wait")):
            assert (found.values["kind"], found.values["total"]) == ("D", Decimal("55.00"))
            lines = {line["ledger_code"]: line["amount"] for line in found.children}
            assert lines == {"30-4600": Decimal("50.00"), "22-0000": Decimal("5.00")}

    def test_a_voided_one_is_taken_back_whole(self):
        found = self.correction(replace(self.POSTED, active=False))
        assert (found.values["kind"], found.values["total"]) == ("C", Decimal("110.00"))
        assert sum(line["amount"] for line in found.children) == Decimal("110.00")

    @given(some.lists(some.decimals(-500, 10**6, places=2), min_size=1, max_size=6), some.booleans())
    def test_posted_and_corrected_together_are_what_is_due_to_the_cent(self, amounts, by_code):
        lines = tuple(BilledLine("FLT" if n % 2 else "LAB", "x", None, a) for n, a in enumerate(amounts))
        total = sum(amounts, Decimal(0)) + Decimal("10.00")
        if total < 0 or total == ENTERED.total:
            return
        settings = {"tax": "code", "tax_code": "A"} if by_code else {}
        entered = ENTERED
        if by_code:
            entered = replace(ENTERED, tax=Decimal("10.00"), lines={"30-4500": Decimal("100.00")})
        now = replace(self.POSTED, lines=lines, total=total, entered=entered)
        found = self.correction(now, **settings)
        sign = -1 if found.values["kind"] == "C" else 1
        assert entered.total + sign * found.values["total"] == total
        distributed = sum(line["amount"] for line in found.children)
        assert distributed + (found.values["tax"] or 0) == found.values["total"]
        assert found.values["total"] > 0


def test_facts_are_read_by_people():
    assert Facts(Decimal("1234.5"), Decimal(0), "2026-03-14", ()).words == "1,234.50 of 2026-03-14"
