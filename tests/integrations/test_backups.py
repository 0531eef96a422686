"""Backup and restore, on whichever database the tests run: what was there is there again, and what other systems did
since the backup comes back without anything being made twice."""

import pytest
from django.db import connection as database

from integrations.models import Delivery
from portal import backups
from portal.models import AuditEntry
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link
from tests.integrations.pushes import both_ways, change, effects, push, time_passes
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = {
    "street": "1 New Street",
    "city": "Lynchburg",
    "state": "VA",
    "postal_code": "24501",
    "country": "USA",
}
TORN = ("customer", "location")


def make(tenant, name: str) -> Customer:
    person = add(ENTITIES["customer"], tenant.pk, {"name": name, "kind": "Residential", **PLACE})
    add(ENTITIES["location"], tenant.pk, {"name": name, **PLACE}, {"customer": person})
    return person


def held() -> dict[str, list]:
    """All that the portal knows of customers, their counterparts and what is owed."""
    return {
        "customers": list(
            Customer.objects.order_by("pk").values_list("pk", "name", "external_id", "version")
        ),
        "links": list(Link.objects.order_by("pk").values_list("pk", "external_id", "record_id", "state")),
        "deliveries": list(Delivery.objects.order_by("pk").values_list("pk", "record_id", "key")),
        "audit": list(AuditEntry.objects.order_by("pk").values_list("pk", "action")),
    }


def names_there(sandbox) -> list[str]:
    return sorted(row["name"] for row in sandbox.control.rows("customers") if row["active"])


def names_here() -> list[str]:
    return sorted(Customer.objects.filter(active=True, merged_into=None).values_list("name", flat=True))


@pytest.fixture
def world(connection, sandbox):
    both_ways(connection, *TORN)
    sync(connection, *TORN)
    return connection, sandbox


def come_together(connection) -> None:
    for _ in range(4):
        time_passes()
        push(connection, *TORN)
        sync(connection, *TORN)


def test_a_restored_portal_makes_nothing_twice_and_misses_nothing(world, tenant, tmp_path):
    connection, sandbox = world
    sandbox.control.lag = 0.0
    first = Customer.objects.filter(active=True).order_by("pk").first()
    make(tenant, "Owed at the backup")
    before = held()
    assert backups.dump(tmp_path / "backup") > 10_000

    come_together(connection)  # what was owed is written; then the world goes on
    late = make(tenant, "Made after the backup")
    come_together(connection)
    change("customer", first.pk, name="Edited after the backup")
    push(connection, "customer")
    (added,) = sandbox.control.add(1)
    sandbox.control.change("customers", added, name="Added there after the backup")

    backups.restore(tmp_path / "backup")
    assert held() == before
    backups.settle()
    written = len(effects(sandbox.control))
    come_together(connection)
    assert effects(sandbox.control)[written:] == [], "all of it is there already"
    assert names_here() == names_there(sandbox)
    for name in (
        "Owed at the backup",
        "Made after the backup",
        "Edited after the backup",
        "Added there after the backup",
    ):
        assert names_here().count(name) == 1, name
    assert Customer.objects.get(name="Made after the backup").pk > late.pk + backups.GAP // 2


def test_what_never_left_is_sent_after_a_restore(world, tenant, tmp_path):
    connection, sandbox = world
    sandbox.control.lag = 0.0
    make(tenant, "Owed at the backup")
    backups.dump(tmp_path / "backup")
    backups.restore(tmp_path / "backup")
    backups.settle()
    come_together(connection)
    assert names_there(sandbox).count("Owed at the backup") == 1
    assert names_here() == names_there(sandbox)


def test_a_file_that_is_no_backup_changes_nothing(tmp_path, tenant):
    before = held()
    (tmp_path / "backup").write_bytes(b"no backup" * 1000)
    with pytest.raises(backups.BackupFailed):
        backups.restore(tmp_path / "backup")
    assert held() == before


def test_a_backup_is_its_owners_alone_and_holds_no_keys(tmp_path, connection, settings):
    backups.dump(tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    content = (tmp_path / "backup").read_bytes()
    assert settings.SECRET_KEY.encode() not in content
    assert not any(key.encode() in content for key in settings.FIELD_KEYS)
    assert not list(tmp_path.glob("*.part"))


def test_numbers_go_on_beyond_those_that_others_may_know(tenant):
    make(tenant, "Before")
    backups.settle()
    assert make(tenant, "After").pk > Customer.objects.get(name="Before").pk + backups.GAP // 2
    assert database.vendor in {"sqlite", "postgresql"}
