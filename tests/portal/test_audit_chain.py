"""The audit trail's hash chain: whatever is done to old rows behind the portal's back is found and named."""

import json
import random
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from portal import audit, sealing, verifying
from portal.chain import BEGINNING, Head, chained
from portal.models import AuditEntry, AuditSeal

pytestmark = pytest.mark.django_db


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def trail(tenant):
    """Ten sealed entries."""
    for number in range(10):
        audit.record("tenant.changed", tenant, diff={"phone": [None, f"555-01{number:02}"]}, note=str(number))
    sealing.seal()
    return list(AuditEntry.objects.order_by("pk"))


def faults():
    return verifying.verify().named


class TestWhatIsFound:
    def test_an_edited_entry_is_named(self, trail):
        sql("UPDATE portal_auditentry SET note = 'never happened' WHERE id = %s", trail[3].pk)
        (words,) = faults()
        assert words.startswith(f"Entry {trail[3].pk} (")
        assert "number 4" in words

    @pytest.mark.parametrize(
        "column", ["at", "actor_label", "actor_id", "tenant_id", "target_id", "ip", "diff"]
    )
    def test_no_column_can_be_edited(self, trail, column):
        new = {"at": "2020-01-01 00:00:00+00:00", "ip": "10.0.0.1", "diff": "{}"}.get(column, "4711")
        sql(f"UPDATE portal_auditentry SET {column} = %s WHERE id = %s", new, trail[0].pk)  # noqa: S608
        assert len(faults()) == 1

    def test_an_entry_whose_seal_was_made_to_fit_again_is_found_by_the_next(self, trail):
        sql("UPDATE portal_auditentry SET note = 'never happened' WHERE id = %s", trail[3].pk)
        edited = AuditEntry.objects.values_list(*verifying.FIELDS).get(pk=trail[3].pk)
        before = AuditSeal.objects.get(position=3).hash
        sql("UPDATE portal_auditseal SET hash = %s WHERE position = 4", chained(before, edited))
        (words,) = faults()
        assert f"Entry {trail[4].pk} (" in words
        assert "the seal before it" in words

    def test_a_removed_entry_is_named(self, trail):
        sql("DELETE FROM portal_auditentry WHERE id = %s", trail[5].pk)
        assert faults() == [f"Entry {trail[5].pk}, sealed as number 6, was removed."]

    def test_an_entry_removed_with_its_seal_leaves_a_gap(self, trail):
        sql("DELETE FROM portal_auditentry WHERE id = %s", trail[5].pk)
        sql("DELETE FROM portal_auditseal WHERE position = 6")
        (words,) = faults()
        assert words.startswith("The seals with the numbers 6 to 6 were removed")
        assert f"entry {trail[6].pk} (" in words

    def test_two_entries_that_changed_places_are_both_named(self, trail):
        spare = 10**6
        for old, new in ((trail[2].pk, spare), (trail[7].pk, trail[2].pk), (spare, trail[7].pk)):
            sql("UPDATE portal_auditentry SET id = %s WHERE id = %s", new, old)
        assert [words.split(" (")[0] for words in faults()] == [f"Entry {trail[n].pk}" for n in (2, 7)]

    def test_seals_that_changed_places_are_found(self, trail):
        for old, new in ((3, 10**6), (8, 3), (10**6, 8)):
            sql("UPDATE portal_auditseal SET position = %s WHERE position = %s", new, old)
        assert {n for n in range(10) if f"Entry {trail[n].pk} (" in " ".join(faults())} >= {2, 7}

    def test_an_end_cut_off_with_its_seals_is_missed(self, trail):
        sql("DELETE FROM portal_auditentry WHERE id > %s", trail[7].pk)
        sql("DELETE FROM portal_auditseal WHERE position > 8")
        assert faults() == [
            "10 entries were sealed by its signed head, but the last seal there is has number 8."
        ]

    def test_nobody_without_the_key_signs_a_head_that_fits(self, trail):
        sql("DELETE FROM portal_auditentry WHERE id > %s", trail[7].pk)
        sql("DELETE FROM portal_auditseal WHERE position > 8")
        last = AuditSeal.objects.get(position=8)
        sql("UPDATE portal_audithead SET signed = %s", f"8:{last.hash}:{'x' * 43}")
        (words,) = faults()
        assert "no key of this portal" in words

    def test_a_removed_head_is_no_way_out(self, trail):
        sql("DELETE FROM portal_audithead")
        sql("DELETE FROM portal_auditentry WHERE id > %s", trail[7].pk)
        sql("DELETE FROM portal_auditseal WHERE position > 8")
        assert faults()[0].startswith("0 entries were sealed by its signed head")

    def test_a_whole_chain_written_anew_is_betrayed_by_a_head_kept_elsewhere(self, trail):
        kept = verifying.verify().head
        sql("UPDATE portal_auditentry SET note = 'never happened' WHERE id = %s", trail[3].pk)
        sql("DELETE FROM portal_auditseal")
        sql("DELETE FROM portal_audithead")
        assert faults() == []
        (words,) = verifying.verify(Head.read(kept)).named
        assert "is not in the chain" in words

    def test_a_hundred_edited_rows_of_many_are_named_each(self, tenant):
        audit.record_many(
            "record.updated", [(tenant, {"n": [0, n]}) for n in range(400)], tenant_id=tenant.pk
        )
        sealing.seal()
        edited = random.Random(7).sample(list(AuditEntry.objects.values_list("pk", flat=True)), 100)
        for pk in edited:
            sql("UPDATE portal_auditentry SET note = 'x' WHERE id = %s", pk)
        assert {int(words.split()[1]) for words in faults()} == set(edited)

    def test_after_a_cut_nothing_is_sealed_until_a_person_has_looked(self, trail, tenant):
        sql("DELETE FROM portal_auditentry WHERE id = %s", trail[9].pk)
        sql("DELETE FROM portal_auditseal WHERE position = 10")
        audit.record("tenant.changed", tenant)
        with pytest.raises(sealing.TrailBroken):
            sealing.seal()
        assert AuditSeal.objects.count() == 9
        call_command("verify_audit", sign_anew="restored from a backup")
        assert AuditEntry.objects.get(action="audit.signed_anew").note == "restored from a backup"
        assert faults() == []


class TestWhatIsSound:
    def test_a_trail_that_nobody_touched_is_unbroken(self, trail):
        report = verifying.verify()
        assert (report.entries, report.faults) == (10, 0)
        assert str(verifying.last_outcome()) == "Trunkline verified the audit trail: 10 entries, unbroken"

    def test_a_head_kept_elsewhere_is_found_in_the_longer_chain(self, trail, tenant):
        kept = Head.read(verifying.verify().head)
        audit.record("tenant.changed", tenant)
        assert verifying.verify(kept).faults == 0

    def test_every_kind_of_value_comes_back_as_it_was_sealed(self, tenant):
        values = {"a": 1, "z": [None, True], "float": [0.1, 1e21], "é": "ü\n"}
        audit.record("tenant.changed", tenant, diff=values, note="“quoted”")
        AuditEntry(action="x", actor_label="y", ip="2001:db8::1").save()
        sealing.seal()
        assert faults() == []

    def test_entries_written_in_bulk_are_sealed_too(self, tenant):
        audit.record_many("record.updated", [(tenant, {})] * 5, tenant_id=tenant.pk)
        assert sealing.seal() == 5

    def test_the_chain_is_that_of_its_description(self, trail):
        from hashlib import sha256

        first = AuditEntry.objects.values_list(*verifying.FIELDS).get(pk=trail[0].pk)
        entry = [
            value if n != 1 else value.isoformat(timespec="microseconds") for n, value in enumerate(first)
        ]
        form = json.dumps([BEGINNING, entry], sort_keys=True, separators=(",", ":"))
        assert AuditSeal.objects.get(position=1).hash == sha256(form.encode()).hexdigest()

    def test_a_new_secret_key_goes_on_where_the_old_one_is_a_fallback(self, trail, tenant, settings):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
        audit.record("tenant.changed", tenant)
        assert sealing.seal() == 1
        settings.SECRET_KEY_FALLBACKS = []
        assert faults() == []


class TestSealing:
    def test_an_entry_that_was_committed_late_is_sealed_behind_the_younger_ones(self, trail):
        late = AuditEntry(action="x", actor_label="y", at=timezone.now() - timedelta(minutes=50))
        late.save()
        assert sealing.seal() == 1
        assert AuditSeal.objects.get(entry_id=late.pk).position == 11

    def test_one_that_was_open_for_hours_is_sealed_when_the_trail_is_verified(self, trail):
        AuditEntry(action="x", actor_label="y", at=timezone.now() - timedelta(hours=5)).save()
        assert sealing.seal() == 0
        assert verifying.verify().entries == 11

    def test_of_two_sealers_at_once_one_does_nothing(self, trail, tenant, monkeypatch):
        audit.record("tenant.changed", tenant)

        def meanwhile(before, entry):
            monkeypatch.undo()
            assert sealing.seal() == 1
            return chained(before, entry)

        monkeypatch.setattr(sealing, "chained", meanwhile)
        assert sealing.seal() == 0
        assert verifying.verify().entries == 11

    def test_an_old_trail_is_caught_up_with_in_steps(self, trail, tenant, monkeypatch):
        monkeypatch.setattr(sealing, "BATCH", 3)
        for _ in range(10):
            audit.record("tenant.changed", tenant)
        assert sealing.seal(most=4) == 6
        assert sealing.seal() == 4

    def test_a_minute_without_entries_costs_four_queries(self, trail, django_assert_num_queries):
        sealing.each_minute()
        with django_assert_num_queries(4):
            sealing.each_minute()

    def test_the_head_goes_to_the_log_once_an_hour(self, trail, tenant, caplog):
        caplog.set_level("INFO", "portal.sealing")
        now = timezone.now()
        for minutes in (0, 1, 59, 61, 62):
            audit.record("tenant.changed", tenant)
            with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
                sealing.each_minute()
        with time_machine.travel(now + timedelta(minutes=200)):
            sealing.each_minute()
            sealing.each_minute()
        heads = [line.message.split()[-1] for line in caplog.records]
        assert [Head.of(head).position for head in heads] == [11, 14, 15]


class TestTheCommand:
    def test_it_exits_with_one_and_names_what_is_wrong(self, trail, capsys):
        sql("DELETE FROM portal_auditentry WHERE id = %s", trail[5].pk)
        with pytest.raises(SystemExit, match="1"):
            call_command("verify_audit")
        told = capsys.readouterr()
        assert f"Entry {trail[5].pk}, sealed as number 6, was removed." in told.err
        assert "1 faults" in told.out

    def test_it_refuses_a_head_that_is_none(self, db):
        from django.core.management import CommandError

        with pytest.raises(CommandError, match="NUMBER:HASH"):
            call_command("verify_audit", "--head", "abc")

    def test_it_prints_the_head(self, trail, capsys):
        call_command("verify_audit", "--json")
        assert Head.of(json.loads(capsys.readouterr().out)["head"]).position == 10

    def test_a_broken_trail_stands_on_the_home_page_of_those_who_run_the_portal(
        self, trail, client_for, platform_admin, owner
    ):
        sql("DELETE FROM portal_auditentry WHERE id = %s", trail[5].pk)
        verifying.each_night()
        for _ in range(20):
            audit.record("tenant.changed", trail[0].tenant)
        words = f"Entry {trail[5].pk}, sealed as number 6, was removed."
        assert words in client_for(platform_admin).get("/admin/").content.decode()
        assert words not in client_for(owner).get("/admin/").content.decode()
