"""Many rows in one statement: what goes in comes out as Django reads it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from reconciliation import bulk
from reconciliation.models import Customer, ReferenceItem
from reconciliation.normalise import Unwritable
from tests.reconciliation.pages import NOON

pytestmark = pytest.mark.django_db

COLUMNS = ("id", "tenant_id", "name", "created_at", "updated_at", "version", "balance", "tag_ids", "tag_names", "active",
           "external_id", "name_key", "address_key", "kind", "street", "unit", "city", "state", "postal_code",
           "country", "main_phone", "phone_key", "tax_exempt", "do_not_mail", "do_not_service", "national_account",
           "credit_limit")  # fmt: skip


def values(pk, tenant, **more):
    plain = {
        "created_at": NOON,
        "updated_at": NOON,
        "version": 1,
        "tag_ids": [],
        "tag_names": [],
        "active": True,
        "balance": None,
    }
    flags = dict.fromkeys(("tax_exempt", "do_not_mail", "do_not_service", "national_account"), False)
    row = {
        **dict.fromkeys(COLUMNS, ""),
        **plain,
        **flags,
        "credit_limit": None,
        "id": pk,
        "tenant_id": tenant.pk,
        **more,
    }
    return tuple(row[name] for name in COLUMNS)


def insert(tenant, *rows):
    ids = bulk.allocate_ids(Customer, len(rows))
    bulk.insert(Customer, COLUMNS, [values(pk, tenant, **row) for pk, row in zip(ids, rows, strict=True)])
    return [Customer.objects.get(pk=pk) for pk in ids]


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Núñez\t\\N \n\\. 'quoted' \"double\" %s"},
        {"balance": Decimal("-0.0001")},
        {"balance": Decimal("9999999999.9999")},
        {"tag_ids": ["a", "ü", 1, None, {"b": [True]}]},
        {"created_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"created_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-6)))},
        {"active": False},
    ],
    ids=str,
)
def test_a_value_comes_back_as_it_went_in(tenant, row):
    (customer,) = insert(tenant, row)
    assert {name: getattr(customer, name) for name in row} == row


def test_more_rows_than_one_statement_takes_all_come_in(tenant):
    names = [f"Customer {number}" for number in range(75)]
    assert [row.name for row in insert(tenant, *({"name": name} for name in names))] == names


def test_a_row_that_is_refused_among_many_leaves_none_of_them(tenant):
    (there,) = insert(tenant, {"name": "there"})
    rows = [values(pk, tenant) for pk in (*range(there.pk + 1, there.pk + 74), there.pk)]
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Customer, COLUMNS, rows)
    assert Customer.objects.count() == 1


def test_ids_are_reserved_in_a_row_and_never_given_twice(tenant):
    first, second = insert(tenant, {"name": "a"}, {"name": "b"})
    (third,) = insert(tenant, {"name": "c"})
    assert len({first.pk, second.pk, third.pk}) == 3
    by_django = ReferenceItem.objects.create(tenant=tenant, kind="campaign", created_at=NOON, updated_at=NOON)
    assert by_django.pk not in bulk.allocate_ids(ReferenceItem, 3)


def test_ids_of_deleted_rows_are_not_given_again(tenant):
    (last,) = insert(tenant, {"name": "a"})
    pk = last.pk
    last.delete()
    assert pk not in bulk.allocate_ids(Customer, 2)


def test_an_update_changes_the_named_columns_of_the_named_rows(tenant):
    one, two, _ = insert(tenant, {"name": "1"}, {"name": "2"}, {"name": "3"})
    bulk.update(Customer, ("name", "balance"), [("eins", Decimal("1.5"), one.pk), ("zwei", None, two.pk)])
    assert list(Customer.objects.order_by("pk").values_list("name", "balance")) == [
        ("eins", Decimal("1.5")),
        ("zwei", None),
        ("3", None),
    ]


def test_an_update_gives_all_named_rows_what_is_the_same_in_all(tenant):
    one, two, _ = insert(tenant, {"name": "1"}, {"name": "2"}, {"name": "3"})
    same = {"city": "O'Fallon", "edited_at": NOON, "balance": None, "tag_ids": [7], "version": 4}
    bulk.update(Customer, ("name",), [("eins", one.pk), ("zwei", two.pk)], same)
    rows = Customer.objects.order_by("pk").values_list("name", "city", "edited_at", "tag_ids", "version")
    assert list(rows) == [
        ("eins", "O'Fallon", NOON, [7], 4),
        ("zwei", "O'Fallon", NOON, [7], 4),
        ("3", "", None, [], 1),
    ]


def test_nothing_to_write_is_no_statement(tenant, django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.insert(Customer, COLUMNS, [])
        bulk.update(Customer, ("name",), [])


def test_what_the_database_refuses_is_djangos_own_error(tenant):
    (one,) = insert(tenant, {"name": "a"})
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Customer, COLUMNS, [values(one.pk, tenant)])
    with pytest.raises((Unwritable, DataError)), transaction.atomic():
        insert(tenant, {"balance": Decimal("1E+11")})
    assert Customer.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no lengths and no types")
@pytest.mark.parametrize(
    ("row", "refusal"),
    [({"version": 2**31}, OverflowError), ({"version": "first"}, DataError), ({"balance": 1.5}, DataError)],
    ids=str,
)
def test_a_value_that_does_not_fit_its_column_is_refused_and_not_cut_off(tenant, row, refusal):
    with pytest.raises(refusal), transaction.atomic():
        insert(tenant, row)


def test_any_number_of_values_can_be_looked_for(tenant):
    made = insert(tenant, *[{"name": str(number)} for number in range(50)])
    condition, params = bulk.among("id", [customer.pk for customer in made])
    rows = bulk.select(f"SELECT id FROM {Customer._meta.db_table} WHERE {condition}", params)  # noqa: S608
    assert len(rows) == 50


@pytest.fixture
def as_served(monkeypatch):
    """A connection that PostgreSQL opens as it does outside the tests, where each commit waits for the disk."""
    if connection.vendor == "postgresql":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", "-c synchronous_commit=on")
    connection.close()
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("as_served")
def test_quick_commits_are_quick_only_within_their_block():
    def mode():
        with connection.cursor() as cursor:
            cursor.execute(
                "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"
            )
            return cursor.fetchone()[0]

    quick, safe = {"sqlite": (1, 2), "postgresql": ("off", "on")}[connection.vendor]
    with bulk.quick_commits():
        assert mode() == quick
    assert mode() == safe
