"""“Always do this for this field” becomes the field's policy, and the next difference is settled by it."""

import pytest

from integrations.mappings import field_rules
from integrations.models import SyncRule
from portal.models import AuditEntry
from reconciliation.editing import edit
from reconciliation.models import Conflict
from reconciliation.reviewing import Choice, Outcome, settle
from reconciliation.survivorship import Policy, Rule
from tests.admin.objects import OBJECTS
from tests.reconciliation import shop
from tests.reconciliation.pages import at, record, row, take
from tests.reconciliation.waiting import CUSTOMER, differ, of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(tenant) -> SyncRule:
    return OBJECTS["integrations.connection"](tenant).rules.get(entity="customer")


def always(conflict, outcome, actor):
    version = record(conflict.link.source, "customer", 1).version
    choice = Choice(conflict.pk, outcome, conflict.remote_value, always=True)
    return settle([choice], version=version, actor=actor).rules


def next_time(rule, source, *, remote_is_record=True):
    """The same field changes on both sides once more, under the rule as it is now."""
    rule = SyncRule.objects.get(pk=rule.pk)
    edit(CUSTOMER, record(source, "customer", 1).pk, {"name": "Here"})
    policy = Rule(Policy.ASK, remote_is_record, field_rules(rule))
    take(source, "customer", row(1, at(9), name="There", city="Reno"), rule=policy)
    return record(source, "customer", 1).name


@pytest.mark.parametrize(("outcome", "name"), [(Outcome.REMOTE, "There"), (Outcome.PORTAL, "Here")])
def test_the_next_difference_is_settled_as_the_person_said(rule, colleague, outcome, name):
    source = rule.connection.source
    (conflict,) = differ(source)
    (said,) = always(conflict, outcome, colleague)
    assert said.startswith("From now on")
    assert next_time(rule, source) == name
    assert not of(source).filter(state=Conflict.State.PENDING).exists()


def test_other_fields_still_ask(rule, colleague):
    source = rule.connection.source
    (conflict,) = differ(source)
    always(conflict, Outcome.REMOTE, colleague)
    assert list(field_rules(rule)) == ["name"]


def test_it_stands_in_the_audit_trail_with_who_said_so(rule, colleague):
    (conflict,) = differ(rule.connection.source)
    always(conflict, Outcome.PORTAL, colleague)
    entry = AuditEntry.objects.get(action="mapping.changed")
    assert entry.actor == colleague
    assert entry.diff == {"name: conflict policy": ["as the rule", "The portal wins"]}


def test_where_the_portal_is_the_record_a_field_can_still_go_to_the_source(rule, colleague):
    SyncRule.objects.filter(pk=rule.pk).update(system_of_record=SyncRule.SystemOfRecord.HUB)
    (conflict,) = differ(rule.connection.source)
    (said,) = always(conflict, Outcome.REMOTE, colleague)
    assert said.startswith(f"From now on {rule.connection.label} wins this field")
    assert next_time(rule, rule.connection.source, remote_is_record=False) == "There"
    entry = AuditEntry.objects.get(action="mapping.changed")
    assert entry.diff == {"name: conflict policy": ["as the rule", "The connected system wins"]}


def test_without_a_line_for_the_field_the_person_is_told(rule, colleague):
    rule.mappings.filter(field="name").delete()
    (conflict,) = differ(rule.connection.source)
    (said,) = always(conflict, Outcome.REMOTE, colleague)
    assert "no line of its own for name" in said


def test_a_source_without_a_rule_settles_and_says_that_nothing_is_remembered(tenant, colleague):
    source = shop.source(tenant)
    (conflict,) = differ(source)
    (said,) = always(conflict, Outcome.REMOTE, colleague)
    assert said.startswith("No sync rule reads this name")
    assert of(source).get().state == Conflict.State.RESOLVED
