"""Exports narrowed by date, business unit and activity; totals; settled conflicts and merges."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from portal.models import AuditEntry
from reconciliation.entities import ENTITIES
from reconciliation.exports import CannotNarrow, Narrowing, entity_names, export, plan_for
from reconciliation.merging import merge, undo
from reconciliation.models import Conflict, Link
from tests.reconciliation import shop

NEW_YORK = ZoneInfo("America/New_York")
MARCH = Narrowing(date(2026, 3, 1), date(2026, 3, 31))


def exported(tenant, entity, form="csv", **options):
    stream = io.BytesIO()
    export(tenant, entity, form, stream, **options)
    return stream.getvalue()


def rows_of(tenant, entity, **options):
    text = exported(tenant, entity, **options).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def numbers(tenant, wanted, entity="invoice"):
    return [row["number"] for row in rows_of(tenant, entity, wanted=wanted)]


def local(*parts, zone=NEW_YORK):
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def conflict(record, field="name", entity="customer", **values):
    return Conflict.objects.create(
        tenant=record.tenant,
        link=Link.objects.filter(entity=entity, record_id=record.pk).first() or shop.link(record, entity),
        entity=entity,
        record_id=record.pk,
        field=field,
        **{
            "base": "Anna",
            "portal_value": "Ana N.",
            "remote_value": "Ana Núñez",
            "state": Conflict.State.SETTLED,
            "outcome": Conflict.Outcome.REMOTE,
            "policy": "source_wins",
            "created_at": shop.NOON,
            "settled_at": shop.NOON,
            **values,
        },
    )


# --- narrowing --------------------------------------------------------------------------------------------------------


def test_days_in_the_wrong_order_are_refused(tenant):
    with pytest.raises(CannotNarrow, match=r"2026-03-31, lies behind the last, 2026-03-01"):
        rows_of(tenant, "invoice", wanted=Narrowing(date(2026, 3, 31), date(2026, 3, 1)))


def test_an_unknown_business_unit_is_answered_with_those_there_are(tenant, other_tenant):
    shop.item(tenant, "business_unit", name="HVAC Service")
    shop.item(other_tenant, "business_unit", name="Theirs")
    with pytest.raises(CannotNarrow, match=r"no business unit “Theirs”. Those there are: HVAC Service\.$"):
        rows_of(tenant, "invoice", wanted=Narrowing(business_unit="Theirs"))


def test_a_business_unit_is_refused_where_records_have_none(tenant):
    with pytest.raises(CannotNarrow, match="not known of each customer"):
        rows_of(tenant, "customer", wanted=Narrowing(business_unit="HVAC"))


@pytest.mark.parametrize("entity", ["conflict", "merge"])
def test_what_is_neither_active_nor_inactive_is_not_asked_for_it(tenant, entity):
    with pytest.raises(CannotNarrow, match="neither active nor inactive"):
        rows_of(tenant, entity, wanted=Narrowing(active=True))


def test_another_tenants_rows_stay_out_of_every_narrowed_export(tenant, other_tenant):
    shop.invoice(other_tenant, number="Theirs", invoiced_at=local(2026, 3, 10, 9))
    shop.invoice(tenant, number="Ours", invoiced_at=local(2026, 3, 10, 9))
    assert numbers(tenant, MARCH) == ["Ours"]


def test_the_last_minutes_of_the_last_day_belong_to_it_in_the_tenants_time_zone(tenant):
    shop.invoice(tenant, number="before", invoiced_at=local(2026, 2, 28, 23, 59, 59))
    shop.invoice(tenant, number="first", invoiced_at=local(2026, 3, 1, 0, 0))
    shop.invoice(tenant, number="last", invoiced_at=local(2026, 3, 31, 23, 30))
    shop.invoice(tenant, number="after", invoiced_at=local(2026, 4, 1, 0, 0))
    assert numbers(tenant, MARCH) == ["first", "last"]


def test_east_of_greenwich_the_day_begins_earlier(tenant):
    tenant.timezone = "Australia/Sydney"
    shop.invoice(tenant, number="last", invoiced_at=local(2026, 3, 31, 23, 30, zone=tenant.zone))
    shop.invoice(tenant, number="after", invoiced_at=local(2026, 4, 1, 0, 30, zone=tenant.zone))
    assert numbers(tenant, MARCH) == ["last"]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Honolulu", "Australia/Sydney", "UTC"])
def test_a_date_without_a_time_is_that_day_in_every_zone(tenant, zone):
    tenant.timezone = zone
    for day in [(2026, 2, 28), (2026, 3, 1), (2026, 3, 31), (2026, 4, 1)]:
        shop.invoice(tenant, number=f"{day[1]}/{day[2]}", invoiced_at=datetime(*day, tzinfo=UTC))
    assert numbers(tenant, MARCH) == ["3/1", "3/31"]
    assert numbers(tenant, Narrowing(since=date(2026, 3, 31))) == ["3/31", "4/1"]
    assert numbers(tenant, Narrowing(until=date(2026, 3, 1))) == ["2/28", "3/1"]


def test_the_night_of_the_clock_change_loses_and_doubles_nothing(tenant):
    begin = local(2026, 11, 1, 0, 0)  # 25 hours long
    for hour in range(27):
        shop.invoice(tenant, number=str(hour), invoiced_at=begin + timedelta(hours=hour, minutes=1))
    day = numbers(tenant, Narrowing(date(2026, 11, 1), date(2026, 11, 1)))
    assert day == [str(hour) for hour in range(25)]


def test_a_row_without_its_natural_date_is_in_no_span(tenant):
    shop.job(tenant, number="open", completed_at=None)
    shop.job(tenant, number="done", completed_at=local(2026, 3, 5, 12))
    assert numbers(tenant, MARCH, "job") == ["done"]
    assert numbers(tenant, Narrowing(), "job") == ["open", "done"]


def test_lines_and_splits_go_by_the_date_of_their_invoice_and_payment(tenant):
    for number, day in (("in", 31), ("out", 28)):
        when = local(2026, 3 if number == "in" else 2, day, 12)
        shop.line(shop.invoice(tenant, invoiced_at=when), description=number)
        shop.split(shop.payment(tenant, paid_at=when), invoice_number=number)
    assert [row["description"] for row in rows_of(tenant, "invoice_line", wanted=MARCH)] == ["in"]
    assert [row["invoice_number"] for row in rows_of(tenant, "payment_split", wanted=MARCH)] == ["in"]


@pytest.mark.parametrize("asked", ["HVAC Service", "hvac service", "0042"])
def test_a_business_unit_goes_by_its_name_or_its_id_at_the_source(tenant, asked):
    hvac = shop.item(tenant, "business_unit", name="HVAC Service", external_id="0042")
    shop.line(shop.invoice(tenant, number="hvac", business_unit=hvac), description="hvac")
    shop.line(shop.invoice(tenant, number="none"), description="none")
    wanted = Narrowing(business_unit=asked)
    assert numbers(tenant, wanted) == ["hvac"]
    assert [row["description"] for row in rows_of(tenant, "invoice_line", wanted=wanted)] == ["hvac"]


def test_active_and_inactive_can_be_taken_apart(tenant):
    shop.line(shop.invoice(tenant, number="old", active=False), description="old")
    shop.line(shop.invoice(tenant, number="new"), description="new")
    assert numbers(tenant, Narrowing(active=False)) == ["old"]
    lines = rows_of(tenant, "invoice_line", wanted=Narrowing(active=True))
    assert [row["description"] for row in lines] == ["new"]


@pytest.mark.parametrize("entity", entity_names())
def test_every_export_has_a_natural_date_that_narrows_it(tenant, entity):
    assert plan_for(entity).date
    assert rows_of(tenant, entity, wanted=MARCH) == []


@pytest.mark.parametrize("entity", [name for name in entity_names() if plan_for(name).unit])
def test_every_export_that_knows_a_business_unit_narrows_by_it(tenant, entity):
    shop.item(tenant, "business_unit", name="HVAC")
    assert rows_of(tenant, entity, wanted=Narrowing(business_unit="HVAC")) == []


@pytest.mark.parametrize("wanted", [Narrowing(), MARCH, Narrowing(business_unit="HVAC", active=False)])
def test_what_was_wanted_comes_back_from_where_it_was_kept(wanted):
    assert Narrowing.of(json.loads(json.dumps(wanted.stored()))) == wanted


# --- totals -----------------------------------------------------------------------------------------------------------

AWKWARD = ["0.1", "0.2", "33.3333", "-1000000.0001", "9999999999.9999", "0.0001", "-0.3"]


@pytest.mark.parametrize("entity", ["customer_contact", "conflict", "merge"])
def test_totals_are_refused_where_there_is_nothing_to_add_up(tenant, entity):
    with pytest.raises(CannotNarrow, match="no amounts to add up"):
        rows_of(tenant, entity, totals=True)


def test_there_is_no_totals_row_unless_it_is_asked_for(tenant):
    shop.invoice(tenant, total=Decimal(5))
    assert [row["id"] for row in rows_of(tenant, "invoice")] != ["TOTAL"]
    assert len(rows_of(tenant, "invoice")) == 1


def test_totals_are_exact_on_amounts_that_floats_cannot_hold(tenant, monkeypatch):
    monkeypatch.setattr("reconciliation.exports.CHUNK", 2)
    payer = shop.customer(tenant)
    for amount in AWKWARD:
        shop.invoice(tenant, payer, total=Decimal(amount), tax=None)
    *rows, last = rows_of(tenant, "invoice", totals=True)
    assert last["id"] == "TOTAL"
    assert Decimal(last["total"]) == sum(map(Decimal, AWKWARD)) == sum(Decimal(row["total"]) for row in rows)
    assert (last["tax"], last["currency"], last["number"], last["active"]) == ("", "USD", "", "")


def test_totals_are_the_last_row_in_every_format_and_no_record(tenant):
    shop.payment(tenant, total=Decimal("10.10"))
    shop.payment(tenant, total=Decimal("20.20"))
    last = json.loads(exported(tenant, "payment", "json", totals=True))[-1]
    assert (last["id"], last["total"]) == ("TOTAL", "30.30")
    sheet = openpyxl.load_workbook(io.BytesIO(exported(tenant, "payment", "xlsx", totals=True))).active
    headings, *_, values = sheet.iter_rows(values_only=True)
    row = dict(zip(headings, values, strict=True))
    assert (row["id"], row["total"]) == ("TOTAL", 30.3)
    assert export(tenant, "payment", "csv", io.BytesIO(), totals=True) == 2


def test_totals_add_up_what_is_wanted_and_no_quantities(tenant):
    bill = shop.invoice(tenant, invoiced_at=local(2026, 3, 5, 12))
    late = shop.invoice(tenant, invoiced_at=local(2026, 4, 5, 12))
    for of in (bill, bill, late):
        shop.line(
            of, quantity=Decimal(2), unit_price=Decimal("1.005"), total=Decimal("2.01"), cost=Decimal("0.333")
        )
    last = rows_of(tenant, "invoice_line", wanted=MARCH, totals=True)[-1]
    assert (last["total"], last["cost"], last["quantity"], last["unit_price"]) == ("4.02", "0.666", "", "")


@pytest.mark.parametrize("entity", [name for name in entity_names() if plan_for(name).sums])
def test_only_amounts_are_added_up(entity):
    kinds = {column.name: column.kind for column in plan_for(entity).columns}
    assert {kinds[name] for name in plan_for(entity).sums} == {"decimal"}
    if entity in ENTITIES:
        assert set(plan_for(entity).sums) == set(ENTITIES[entity].currency_fields)


# --- conflicts and merges ---------------------------------------------------------------------------------------------


def test_a_conflict_that_still_waits_is_not_exported(tenant):
    ana = shop.customer(tenant)
    conflict(ana, state=Conflict.State.PENDING, outcome="", settled_at=None)
    assert rows_of(tenant, "conflict") == []


def test_another_tenants_conflicts_and_merges_never_leave(tenant, other_tenant):
    conflict(shop.customer(other_tenant))
    left, right = shop.customer(other_tenant), shop.customer(other_tenant)
    merge(ENTITIES["customer"], left.pk, [right.pk])
    assert rows_of(tenant, "conflict") == rows_of(tenant, "merge") == []


def test_a_formula_in_what_was_overruled_is_made_harmless(tenant):
    ana = shop.customer(tenant, "=1+1")
    conflict(ana, base="=cmd|' /C calc'!A0", portal_value="@SUM(1)", remote_value="+15125550143", note="-x")
    (row,) = rows_of(tenant, "conflict")
    assert (row["base"], row["portal_value"], row["note"]) == ("'=cmd|' /C calc'!A0", "'@SUM(1)", "'-x")
    assert (row["record"], row["remote_value"]) == ("'=1+1", "+15125550143")


def test_a_settled_conflict_tells_all_three_values_and_who_decided(tenant, owner):
    ana = shop.customer(tenant, "Ana", external_id="42")
    conflict(ana)
    conflict(ana, "balance", base=None, portal_value="12.50", remote_value=["x", 1], outcome="other",
             outcome_value="13.00", state=Conflict.State.RESOLVED, actor=owner, note="by phone")  # fmt: skip
    policy, person = rows_of(tenant, "conflict")
    assert (policy["record_type"], policy["record_id"], policy["record"]) == ("customer", str(ana.pk), "Ana")
    assert (policy["base"], policy["portal_value"], policy["remote_value"]) == ("Anna", "Ana N.", "Ana Núñez")
    assert (policy["outcome"], policy["final_value"], policy["settled_by"]) == ("remote", "Ana Núñez", "")
    assert (policy["settled_how"], policy["policy"]) == ("settled", "source_wins")
    assert (policy["external_id"], policy["settled_at"]) == (
        Conflict.objects.first().link.external_id,
        "2026-03-01T12:00:00Z",
    )
    assert (person["base"], person["remote_value"], person["final_value"]) == ("", '["x",1]', "13.00")
    assert (person["settled_by"], person["settled_how"], person["note"]) == (
        "Olive Owner",
        "resolved",
        "by phone",
    )


def test_conflicts_go_by_the_day_on_which_they_were_settled(tenant):
    ana = shop.customer(tenant)
    conflict(ana, settled_at=local(2026, 3, 31, 23, 30))
    conflict(ana, "city", settled_at=local(2026, 4, 1, 0, 10))
    assert [row["field"] for row in rows_of(tenant, "conflict", wanted=MARCH)] == ["name"]


def test_a_conflict_of_a_record_that_is_gone_still_tells_its_values(tenant):
    ana = shop.customer(tenant)
    conflict(ana)
    ana.delete()
    (row,) = rows_of(tenant, "conflict")
    assert (row["record"], row["active"], row["portal_value"]) == ("", "", "Ana N.")


def test_a_merge_names_survivor_and_losers_with_their_ids_at_the_source(tenant, owner):
    kept, second, third = (shop.customer(tenant, f"Ana {n}", external_id=f"00{n}") for n in (1, 2, 3))
    merge(ENTITIES["customer"], kept.pk, [second.pk, third.pk], actor=owner, note="same person")
    (row,) = rows_of(tenant, "merge")
    assert (row["external_id"], row["survivor"], row["survivor_id"]) == ("001", "Ana 1", str(kept.pk))
    assert row["loser_external_ids"] == "002; 003"
    assert (row["losers"], row["loser_ids"]) == ("Ana 2; Ana 3", f"{second.pk}; {third.pk}")
    assert (row["merged_by"], row["note"], row["undone"], row["undone_by"]) == (
        "Olive Owner",
        "same person",
        "false",
        "",
    )


def test_a_merge_that_was_undone_says_so_and_by_whom(tenant, owner):
    kept, other = shop.customer(tenant), shop.customer(tenant)
    for customer in (kept, other):
        shop.link(customer, "customer", state=Link.State.LIVE)
    undo(merge(ENTITIES["customer"], kept.pk, [other.pk]), actor=owner)
    (row,) = rows_of(tenant, "merge")
    assert (row["undone"], row["undone_by"]) == ("true", "Olive Owner")
    assert row["undone_at"].endswith("Z")


@pytest.mark.parametrize("entity", ["conflict", "merge"])
def test_queries_do_not_grow_with_conflicts_or_merges(tenant, entity, django_assert_max_num_queries):
    for _ in range(6):
        ana = shop.customer(tenant)
        conflict(ana)
        merge(ENTITIES["customer"], ana.pk, [shop.customer(tenant).pk])
    with django_assert_max_num_queries(3):
        assert len(json.loads(exported(tenant, entity, "json"))) == 6


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_wrong_with_a_day_and_writes_nothing(tenant, tmp_path):
    target = tmp_path / "x.csv"
    with pytest.raises(CommandError, match=r"“31\.3\.2026” is not a day. Write it as 2026-03-31"):
        call_command("export", "hartwell", "invoice", "--from", "31.3.2026", "--output", str(target))
    with pytest.raises(CommandError, match="leave that filter out"):
        call_command("export", "hartwell", "customer", "--business-unit", "HVAC", "--output", str(target))
    with pytest.raises(CommandError, match="no amounts"):
        call_command("export", "hartwell", "merge", "--totals", "--output", str(target))
    assert list(tmp_path.iterdir()) == []
    assert not AuditEntry.objects.exists()


def test_the_command_narrows_totals_and_writes_down_what_was_taken(tenant, tmp_path):
    hvac = shop.item(tenant, "business_unit", name="HVAC")
    for number, day in (("in", 31), ("in too", 1)):
        shop.invoice(tenant, number=number, invoiced_at=local(2026, 3, day, 23, 30), total=Decimal("0.10"),
                     business_unit=hvac)  # fmt: skip
    shop.invoice(tenant, number="elsewhere", invoiced_at=local(2026, 3, 5, 1), total=Decimal(1))
    shop.invoice(tenant, number="gone", invoiced_at=local(2026, 3, 5, 1), business_unit=hvac, active=False)
    target = tmp_path / "x.csv"
    call_command(
        "export", "hartwell", "invoice", "--from", "2026-03-01", "--to", "2026-03-31",
        "--business-unit", "HVAC", "--active", "yes", "--totals", "--output", str(target), "--json",
    )  # fmt: skip
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["in", "in too", ""]
    assert rows[-1]["total"] == "0.20"
    note = AuditEntry.objects.get().note
    assert "from 2026-03-01, to 2026-03-31, business unit HVAC, active only" in note
