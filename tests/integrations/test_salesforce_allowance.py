"""A large first push leaves a quarter of the day's calls to new work; and a dead link is told to its owner."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from integrations import pending, syncing, tasks, telling
from integrations.models import CallBudget, Connection, Delivery, SyncRule
from integrations.push import owing
from integrations.push.planning import candidates
from portal.models import RoleGrant
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from tests.integrations.pushes import change, push, states
from tests.integrations.test_salesforce_linking import work_it_off
from tests.integrations.test_salesforce_sandbox import linked, sandbox, serve

__all__ = ["linked", "sandbox", "serve"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def first_push(linked, tenant, monkeypatch):
    """Nine customers that were here before the rule wrote anything; three go in a call."""
    linked.rules.filter(entity="customer").update(direction=SyncRule.Direction.PULL)
    for number in range(9):
        add(ENTITIES["customer"], tenant.pk, {"name": f"Old {number}"})
    linked.rules.filter(entity="customer").update(direction=SyncRule.Direction.BOTH)
    rule = linked.rules.get(entity="customer")
    owing.owe(rule, candidates(rule), backfill=True)
    monkeypatch.setattr("integrations.push.working.portion_of", lambda rule, write: 3)
    return linked


def names(sandbox, begin):
    return sorted(row["Name"] for row in sandbox.control.rows("Account") if row["Name"].startswith(begin))


def test_a_first_push_stops_in_the_middle_and_new_work_still_goes_out(first_push, tenant, sandbox):
    sandbox.control.allow_calls(100, 74)
    push(first_push, "customer")
    left = states(backfill=True).count("owed")
    assert 0 < left < 9, "it began, and stopped when three quarters were used"
    went = len(names(sandbox, "Old"))
    add(ENTITIES["customer"], tenant.pk, {"name": "New 1"})
    assert any(candidate.owes for candidate in pending.candidates(timezone.now()))
    push(first_push, "customer")
    assert names(sandbox, "New") == ["New 1"]
    assert len(names(sandbox, "Old")) == went
    assert not any(candidate.owes for candidate in pending.candidates(timezone.now()))


def test_it_goes_on_the_next_day(first_push, sandbox):
    sandbox.control.allow_calls(100, 74)
    push(first_push, "customer")
    sandbox.control.allow_calls(100, 0)
    CallBudget.objects.update(day_at=timezone.now() - timedelta(days=1))
    push(first_push, "customer")
    assert len(names(sandbox, "Old")) == 9
    assert set(states(backfill=True)) == {"done"}


def test_an_edit_of_a_record_that_waits_in_a_first_push_is_new_work(first_push, sandbox):
    sandbox.control.allow_calls(100, 80)
    push(first_push, "customer")
    waiting = Delivery.objects.filter(state="owed", backfill=True).last()
    change("customer", waiting.record_id, name="Edited")
    push(first_push, "customer")
    assert names(sandbox, "Edited") == ["Edited"]


class TestDeadLink:
    @pytest.fixture
    def owned(self, linked, owner, settings):
        settings.EMAIL_IS_SET = True
        owner.email = "owner@partner.example"
        owner.save()
        Connection.objects.filter(pk=linked.pk).update(owner=owner)
        return Connection.objects.get(pk=linked.pk)

    def die(self, sandbox, connection):
        sandbox.control.access.app.client_secret = "another"
        sandbox.control.expire_tokens()
        syncing.start(connection, user=None)
        work_it_off()
        tasks.tick()
        telling.step()

    def test_its_owner_is_told_once_with_where_to_click(self, owned, sandbox):
        self.die(sandbox, owned)
        assert Connection.objects.get().status == "relink"
        telling.step()
        owned.refresh_from_db()
        owned.fail("Again.", "fix_configuration", relink=True)
        telling.step()
        assert [message.bcc for message in mail.outbox] == [["owner@partner.example"]]
        assert "has to be connected again" in mail.outbox[0].subject
        assert "consumer key" in mail.outbox[0].body

    def test_nobody_is_told_of_what_they_have_just_typed_wrong(self, owned):
        Connection.objects.update(status="new")
        owned.fail("The secret is wrong.", "fix_configuration", relink=True)
        assert telling.step() == 0

    def test_a_server_that_does_not_take_it_gets_it_later(self, owned, monkeypatch):
        owned.fail("Dead.", "fix_configuration", relink=True)

        def refuse(*_, **__):
            raise OSError

        with monkeypatch.context() as patched:
            patched.setattr("integrations.telling.EmailMessage.send", refuse)
            assert telling.step() == 0
        assert telling.step() == 1

    def test_without_an_owner_the_partners_staff_are_told(self, owned):
        Connection.objects.update(owner=None)
        owned.refresh_from_db()
        owned.fail("Dead.", "fix_configuration", relink=True)
        assert RoleGrant.objects.filter(role="partner_staff").exists()
        telling.step()
        assert mail.outbox[0].bcc == ["owner@partner.example"]

    def test_without_e_mail_nothing_is_tried(self, owned, settings):
        settings.EMAIL_IS_SET = False
        owned.fail("Dead.", "fix_configuration", relink=True)
        assert telling.is_anything_due(timezone.now()) is False
