"""Mapping tables: who sees and fills them, what a row lets go, and files in and out."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from integrations.flows import owing
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow, FlowItem, TableRow, Unmapped
from integrations.tables import files, storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from integrations.tables.storing import BadTarget, Checker, Row
from integrations.tasks import work_on_flows
from portal.models import AuditEntry
from reconciliation.import_files import BadFile
from reconciliation.models import ApInvoice, Link
from tests.integrations.flows.cycle import outcomes
from tests.integrations.pages import at, said, words
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db
BRANCH, ITEMS, SUPPLIER = TABLES["branch"], TABLES["item_ledger"], TABLES["supplier"]
SPEC = FLOWS["invoice_to_ap"]


@pytest.fixture
def unit(tenant):
    return shop.item(tenant, "business_unit", name="HVAC", external_id="31")


@pytest.fixture
def flow(tenant) -> Flow:
    house = shop.vendor(tenant, name="House", code="1")
    chosen = {"vendor": house.pk, "stock_codes": False, "technicians": False}
    return Flow.objects.create(
        tenant=tenant, name=SPEC.name, since=datetime(2000, 1, 1, tzinfo=UTC), settings=chosen
    )


def billed(tenant, flow, unit, number="1001", sku="FLT"):
    """An invoice of a completed job that the flow has looked at."""
    job = shop.job(tenant, number=f"J-{number}", status="Completed")
    made = shop.invoice(
        tenant, job.customer, job=job, business_unit=unit, number=number, total=Decimal(100), tax=Decimal(0)
    )
    shop.line(made, sku=sku, description="Filter", total=Decimal(100))
    owing.owe(flow, SPEC, [made.pk])
    work_on_flows()
    return made


def store(tenant, table, **targets):
    rows = [Row(Key(key, key.upper()), target) for key, target in targets.items()]
    return storing.store(tenant, table, rows, user=None)


def synced(tenant, entity, *codes):
    """SYSPRO's list of these codes, as a pull leaves it."""
    source = shop.source(tenant, "syspro")
    for code in codes:
        record = shop.make(entity, tenant, name=f"Name of {code}", external_id=code)
        shop.link(record, entity, source=source, payload={})


class TestRelease:
    def test_what_waits_says_what_is_missing_and_goes_when_it_is_mapped(self, tenant, flow, unit):
        billed(tenant, flow, unit)
        assert outcomes(flow) == [("waiting", "unmapped")]
        assert sorted(Unmapped.objects.values_list("table", "key")) == [
            ("branch", "31"),
            ("item_ledger", "flt"),
        ]
        store(tenant, ITEMS, flt="30-4500")
        assert outcomes(flow) == [("owed", "unmapped")]
        work_on_flows()
        assert list(Unmapped.objects.values_list("table", "key")) == [("branch", "31")]
        store(tenant, BRANCH, **{"31": "BR1"})
        work_on_flows()
        assert outcomes(flow) == [("made", "")]
        assert not Unmapped.objects.exists()
        bill = ApInvoice.objects.get()
        assert (bill.branch, [line.ledger_code for line in bill.lines.all()]) == ("BR1", ["30-4500"])

    def test_a_row_lets_all_that_wait_for_it_go_and_nothing_else(self, tenant, flow, unit):
        store(tenant, BRANCH, **{"31": "BR1"})
        for number in ("1", "2"):
            billed(tenant, flow, unit, number)
        billed(tenant, flow, unit, "3", sku="LAB")
        store(tenant, ITEMS, flt="30-4500")
        assert [state for state, _ in outcomes(flow)] == ["owed", "owed", "waiting"]

    def test_a_default_lets_everything_of_its_table_go(self, tenant, flow, unit):
        store(tenant, BRANCH, **{"31": "BR1"})
        billed(tenant, flow, unit, "1"), billed(tenant, flow, unit, "2", sku="LAB")
        storing.store(tenant, ITEMS, [Row(Key("", ""), "30-9999")], user=None)
        work_on_flows()
        assert [state for state, _ in outcomes(flow)] == ["made", "made"]

    def test_until_it_is_posted_another_row_brings_it_up_to_date(self, tenant, flow, unit):
        store(tenant, BRANCH, **{"31": "BR1"}), store(tenant, ITEMS, flt="30-4500")
        billed(tenant, flow, unit)
        store(tenant, ITEMS, flt="30-4600")
        work_on_flows()
        assert [line.ledger_code for line in ApInvoice.objects.get().lines.all()] == ["30-4600"]

    def test_a_row_that_is_taken_out_makes_it_wait_again(self, tenant, flow, unit):
        store(tenant, BRANCH, **{"31": "BR1"}), store(tenant, ITEMS, flt="30-4500")
        billed(tenant, flow, unit)
        storing.remove(TableRow.objects.get(table="branch"), BRANCH, user=None)
        work_on_flows()
        assert outcomes(flow) == [("waiting", "unmapped")]

    def test_another_merchants_rows_let_nothing_go(self, tenant, other_tenant, flow, unit):
        billed(tenant, flow, unit)
        store(other_tenant, ITEMS, flt="30-4500")
        assert outcomes(flow) == [("waiting", "unmapped")]

    def test_the_same_row_again_is_no_news(self, tenant, flow, unit):
        assert store(tenant, ITEMS, flt="30-4500") == 1
        billed(tenant, flow, unit)
        before = AuditEntry.objects.count()
        assert store(tenant, ITEMS, flt="30-4500") == 0
        assert AuditEntry.objects.count() == before
        assert outcomes(flow) == [("waiting", "unmapped")]

    def test_the_standing_counts_what_waits_for_each(self, tenant, flow, unit):
        for number, sku in (("1", "LAB"), ("2", "FLT"), ("3", "FLT")):
            billed(tenant, flow, unit, number, sku)
        found = standing_of(tenant, ITEMS)
        assert [(one.key.label, one.waiting) for one in found.unmapped] == [("FLT", 2), ("LAB", 1)]
        assert found.waiting == 3
        assert standing_of(tenant, BRANCH).waiting == 3


class TestTargets:
    def test_without_a_synced_list_only_the_form_is_checked(self, tenant):
        assert Checker(tenant, ITEMS).clean("  30-4500 ") == "30-4500"
        with pytest.raises(BadTarget, match="at most 35"):
            Checker(tenant, ITEMS).clean("3" * 36)
        with pytest.raises(BadTarget, match="missing"):
            Checker(tenant, ITEMS).clean(" ")

    def test_with_one_a_target_must_be_on_it_and_takes_its_spelling(self, tenant):
        synced(tenant, "gl_account", "30-4500")
        with pytest.raises(BadTarget, match="SYSPRO has no GL account “99-0000”"):
            Checker(tenant, ITEMS).clean("99-0000")
        assert Checker(tenant, ITEMS).clean("30-4500") == "30-4500"

    def test_zeros_in_front_of_a_code_are_no_matter(self, tenant):
        synced(tenant, "vendor", "42")
        assert Checker(tenant, SUPPLIER).clean("0000042") == "42"

    def test_another_merchants_list_is_not_asked(self, tenant, other_tenant):
        synced(other_tenant, "gl_account", "30-4500")
        assert Checker(tenant, ITEMS).clean("99-0000") == "99-0000"


class TestFiles:
    def read(self, tenant, text, table=BRANCH):
        return files.read(text.encode(), tenant, table)

    def test_a_file_of_another_kind_is_refused_in_words(self, tenant):
        with pytest.raises(BadFile, match="must name the columns"):
            self.read(tenant, "a,b\n1,2\n")
        with pytest.raises(BadFile, match="Excel"):
            files.read(b"PK\x03\x04", tenant, BRANCH)
        with pytest.raises(BadFile, match="larger"):
            files.read(b"x" * (files.LARGEST + 1), tenant, BRANCH)

    def test_each_line_that_does_not_fit_is_told_by_its_number(self, tenant, unit):
        shop.item(tenant, "business_unit", name="Twin", external_id="7")
        shop.item(tenant, "business_unit", name="Twin", external_id="8")
        found = self.read(
            tenant, f"key,name,target\n31,,BR1\n99,,BR2\n,Twin,BR3\n31,,BR4\n,HVAC,{'x' * 11}\n*,,\n7,,\n"
        )
        assert [(p.line, p.words.split(".")[0].split(":")[0]) for p in found.problems] == [
            (3, "There is no business unit “99” here"),
            (4, "Several business units are called “Twin”"),
            (5, "It maps “HVAC” again, as line 2 does"),
            (6, f"“{'x' * 11}” is too long"),
        ]
        assert found.empty == 2

    def test_a_default_must_be_named_on_purpose_and_only_where_there_is_one(self, tenant, unit):
        ((row, before),) = self.read(tenant, "key,target\n*,BR9\n").changes
        assert (row.key.key, row.target, before) == ("", "BR9", "")
        assert "takes no default" in self.read(tenant, "key,target\n*,1\n", SUPPLIER).problems[0].words

    def test_what_is_written_out_comes_back_as_it_was(self, tenant, unit):
        store(tenant, BRANCH, **{"31": "BR1"})
        storing.store(tenant, BRANCH, [Row(Key("", ""), "=BR9")], user=None)
        text = files.written(tenant, BRANCH)
        assert "'=BR9" in text
        found = self.read(tenant, text)
        assert (found.changes, found.same, found.problems) == ([], 2, [])

    def test_what_is_not_mapped_stands_in_the_file_to_be_filled_in(self, tenant, unit):
        assert files.written(tenant, BRANCH).splitlines() == ["key,name,target", "*,all else,", "31,HVAC,"]

    def test_an_item_may_be_mapped_before_it_was_met(self, tenant):
        ((row, _),) = self.read(tenant, "name,target\nNew Item,30-4500\n", ITEMS).changes
        assert (row.key.key, row.key.label) == ("new item", "New Item")


class TestPages:
    def page(self, tenant, name="tablerow_one_table", table="branch", **query):
        return at(name, tenant=tenant.pk, table=table, **query)

    def test_an_outsider_finds_no_table(self, tenant, client_for, outsider):
        browser = client_for(outsider)
        for name in ("one_table", "export_table", "import_table"):
            assert browser.get(self.page(tenant, f"tablerow_{name}")).status_code == 404
        assert browser.get(at("tablerow_tables", tenant=tenant.pk)).status_code == 404
        assert browser.post(self.page(tenant), {"target:31": "BR1"}).status_code == 404

    def test_a_table_that_there_is_not_is_not_found(self, tenant, client_for, owner):
        assert client_for(owner).get(self.page(tenant, table="nothing")).status_code == 404

    @pytest.mark.parametrize("who", ["colleague", "finance", "viewer"])
    def test_others_see_it_and_change_nothing(self, tenant, unit, client_for, request, who):
        browser = client_for(request.getfixturevalue(who))
        page = browser.get(self.page(tenant))
        assert "HVAC" in words(page)
        assert b'name="target:31"' not in page.content
        assert browser.post(self.page(tenant), {"target:31": "BR1"}).status_code == 403
        assert browser.post(self.page(tenant, "tablerow_remove_row"), {"row": 1}).status_code == 403
        assert browser.post(self.page(tenant, "tablerow_import_table"), {}).status_code == 403
        assert not TableRow.objects.exists()

    def test_finance_takes_it_out_and_support_does_not(self, tenant, unit, client_for, finance, colleague):
        reply = client_for(finance).get(self.page(tenant, "tablerow_export_table"))
        assert "31,HVAC," in reply.content.decode("utf-8-sig")
        assert AuditEntry.objects.filter(action="table.exported").count() == 1
        assert client_for(colleague).get(self.page(tenant, "tablerow_export_table")).status_code == 403

    def test_a_row_is_stored_with_who_did_it(self, tenant, unit, client_for, owner):
        reply = client_for(owner).post(
            self.page(tenant), {"target:31": " BR1 ", "target:99": "X", "target:": ""}
        )
        assert "1 row is stored" in said(reply)
        row = TableRow.objects.get()
        assert (row.tenant, row.key, row.label, row.target) == (tenant, "31", "HVAC", "BR1")
        entry = AuditEntry.objects.get(action="table_row.changed")
        assert (entry.actor, entry.diff) == (owner, {"HVAC": [None, "BR1"]})

    def test_a_target_that_does_not_fit_stores_nothing_and_says_why(self, tenant, unit, client_for, owner):
        shop.item(tenant, "business_unit", name="Plumbing", external_id="32")
        long = "x" * 11
        reply = client_for(owner).post(self.page(tenant), {"target:31": "BR1", "target:32": long})
        assert "too long: a branch has at most 10 characters" in words(reply)
        assert f'value="{long}"' in reply.content.decode()
        assert not TableRow.objects.exists()

    def test_a_default_is_chosen_on_purpose_and_taken_away_again(self, tenant, client_for, owner):
        browser = client_for(owner)
        assert "none chosen" in words(browser.get(self.page(tenant)))
        browser.post(self.page(tenant), {"target:": "BR9"})
        assert TableRow.objects.get().key == ""
        browser.post(self.page(tenant, "tablerow_remove_row"), {"row": TableRow.objects.get().pk})
        assert not TableRow.objects.exists()

    def test_a_row_of_another_table_or_merchant_is_not_removed(self, tenant, other_tenant, client_for, owner):
        store(other_tenant, BRANCH, **{"31": "BR1"}), store(tenant, ITEMS, flt="30")
        browser = client_for(owner)
        for row in TableRow.objects.all():
            page = self.page(tenant, "tablerow_remove_row")
            assert browser.post(page, {"row": row.pk}).status_code == 404
        assert TableRow.objects.count() == 2

    def test_a_file_is_looked_at_first_and_stored_when_somebody_says_so(
        self, tenant, unit, client_for, owner
    ):
        browser, page = client_for(owner), self.page(tenant, "tablerow_import_table")
        file = SimpleUploadedFile("t.csv", b"key,name,target\r\n31,HVAC,BR1\r\n")
        looked = browser.post(page, {"file": file})
        assert "1 row would change" in words(looked)
        assert not TableRow.objects.exists()
        reply = browser.post(page, {"store": "1", "text": looked.context["text"]})
        assert reply.status_code == 302
        assert TableRow.objects.get().target == "BR1"
        assert AuditEntry.objects.get(action="table.imported").actor == owner

    def test_of_a_file_with_one_bad_line_nothing_is_stored(self, tenant, unit, client_for, owner):
        browser, page = client_for(owner), self.page(tenant, "tablerow_import_table")
        text = "key,target\n31,BR1\n99,BR2\n"
        for sent in ({"file": SimpleUploadedFile("t.csv", text.encode())}, {"store": "1", "text": text}):
            assert "There is no business unit “99” here" in words(browser.post(page, sent))
        assert not TableRow.objects.exists()

    def test_what_waits_leads_from_the_flow_to_its_tables(self, tenant, flow, unit, client_for, owner):
        billed(tenant, flow, unit)
        page = client_for(owner).get(at("flow_change", flow.pk))
        for table in ("branch", "item_ledger"):
            assert self.page(tenant, table=table) in page.content.decode().replace("&amp;", "&")
        assert "item “FLT” has no GL account" in words(page)
        table = client_for(owner).get(self.page(tenant, table="item_ledger"))
        assert "1 record waits for a row" in words(table)

    def test_the_merchants_page_names_the_tables_that_something_waits_for(
        self, tenant, flow, unit, client_for, owner
    ):
        billed(tenant, flow, unit)
        page = client_for(owner).get(f"/admin/portal/tenant/{tenant.pk}/change/")
        assert "Business unit → branch 1 waiting" in words(page)


def test_what_is_unmapped_says_so_of_records_that_still_wait_alone(tenant, flow, unit):
    billed(tenant, flow, unit)
    FlowItem.objects.update(state=FlowItem.State.SKIPPED)
    assert standing_of(tenant, ITEMS).waiting == 0


def test_a_link_that_is_not_live_is_not_on_the_list(tenant):
    synced(tenant, "gl_account", "30-4500", "30-4600")
    Link.objects.filter(external_id="30-4600").update(state=Link.State.FROZEN)
    with pytest.raises(BadTarget):
        Checker(tenant, ITEMS).clean("30-4600")
