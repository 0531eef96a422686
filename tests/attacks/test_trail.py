"""S35: old entries of the audit trail edited, removed, swapped and cut off behind the portal's back."""

import random

import pytest
from django.db import connection, transaction

from portal import audit, sealing, verifying
from portal.models import AuditEntry, AuditSeal
from tests.attacks.counts import scaled

pytestmark = pytest.mark.django_db
COLUMNS = {
    "note": "never",
    "actor_label": "x",
    "action": "x.y",
    "diff": "{}",
    "ip": "10.0.0.1",
    "target_id": "9",
    "at": "2020-01-01",
}


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def swap(table, column, one, other):
    for old, new in ((one, 10**7), (other, one), (10**7, other)):
        sql(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", new, old)  # noqa: S608


def edit(draw, ids):
    column = draw.choice(list(COLUMNS))
    value = f"{COLUMNS[column]} 00:00:00+00:00" if column == "at" else COLUMNS[column]
    sql(f"UPDATE portal_auditentry SET {column} = %s WHERE id = %s", value, draw.choice(ids))  # noqa: S608


def remove(draw, ids):
    sql("DELETE FROM portal_auditentry WHERE id = %s", draw.choice(ids))


def remove_with_its_seal(draw, ids):
    at = draw.randrange(len(ids))
    sql("DELETE FROM portal_auditentry WHERE id = %s", ids[at])
    sql("DELETE FROM portal_auditseal WHERE position = %s", at + 1)


def swap_entries(draw, ids):
    swap("portal_auditentry", "id", *draw.sample(ids, 2))


def swap_seals(draw, ids):
    swap("portal_auditseal", "position", *draw.sample(range(1, len(ids) + 1), 2))


def cut_off(draw, ids):
    at = draw.randrange(1, len(ids))
    sql("DELETE FROM portal_auditentry WHERE id >= %s", ids[at])
    sql("DELETE FROM portal_auditseal WHERE position > %s", at)


def slip_in(draw, ids):
    """An entry that was never written, under the seal of one that was."""
    at = draw.randrange(len(ids))
    sql("UPDATE portal_auditentry SET id = 10000000 WHERE id = %s", ids[at])


def test_whatever_is_done_to_an_old_entry_is_found(tenant, count):
    for number in range(120):
        audit.record("tenant.changed", tenant, diff={"phone": [None, f"555-{number:04}"]}, note=str(number))
    sealing.seal()
    ids = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
    assert AuditSeal.objects.count() == len(ids)
    assert not verifying.verify().named
    draw, tried, missed = random.Random(35), 0, []
    for act in (edit, remove, remove_with_its_seal, swap_entries, swap_seals, cut_off, slip_in):
        for _ in range(scaled(15, 100)):
            with transaction.atomic():
                act(draw, ids)
                tried += 1
                if not verifying.verify().named:
                    missed.append(act.__name__)
                transaction.set_rollback(True)
    assert not missed
    assert not verifying.verify().named
    count("S35", "entries edited, removed, swapped, cut off, slipped in", tried, "missed", len(missed))
