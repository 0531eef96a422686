"""Fields that a person and the source changed apart: settled by policy, kept with both values."""

from decimal import Decimal

import pytest

from reconciliation.models import Conflict, Customer
from reconciliation.survivorship import Policy, Rule
from tests.reconciliation.pages import at, counts, link, row, take

pytestmark = pytest.mark.django_db

ASK = Rule(Policy.ASK)


def edit(**values):
    """A person changes the record in the portal."""
    Customer.objects.update(**{"updated_at": at(0), "edited_at": at(0), **values})


@pytest.fixture
def ana(source):
    take(source, "customer", row(1, name="Ana", kind="Residential", balance=Decimal("5")))


def now(policy_rule, source, minute=1, **fields):
    values = {"name": "Ana", "kind": "Residential", "balance": Decimal("5"), **fields}
    return take(source, "customer", row(1, at(minute), **values), rule=policy_rule)


def test_an_edit_of_the_portal_outlives_a_change_of_another_field(source, ana):
    edit(name="Anna")
    now(Rule(), source, kind="Commercial")
    anna = Customer.objects.get()
    assert (anna.name, anna.kind) == ("Anna", "Commercial")
    assert not Conflict.objects.exists()
    assert link(source, "customer", 1).base["name"] == "Ana"


@pytest.mark.parametrize(
    ("rule", "name", "state"),
    [
        (Rule(Policy.SYSTEM_OF_RECORD, True), "Anne", "settled"),
        (Rule(Policy.SYSTEM_OF_RECORD, False), "Anna", "settled"),
        (Rule(Policy.PORTAL), "Anna", "settled"),
        (ASK, "Anna", "pending"),
    ],
)
def test_a_field_changed_on_both_sides_goes_by_the_policy_and_the_loser_is_kept(
    source, ana, rule, name, state
):
    edit(name="Anna")
    assert counts(now(rule, source, name="Anne")) == {"updated": 1}
    assert Customer.objects.get().name == name
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.state, conflict.policy) == ("name", state, rule.policy)
    assert (conflict.base, conflict.portal_value, conflict.remote_value) == ("Ana", "Anna", "Anne")
    assert (conflict.settled_at is not None) == (state == "settled")


@pytest.mark.parametrize(("minute", "name"), [(60, "Anne"), (-60, "Anna")])
def test_the_newest_wins_where_the_policy_says_so(source, tenant, minute, name):
    take(source, "customer", row(1, at(-120), name="Ana"))
    edit(name="Anna")
    take(source, "customer", row(1, at(minute), name="Anne"), rule=Rule(Policy.NEWEST))
    assert Customer.objects.get().name == name


def test_a_null_that_becomes_a_value_is_no_conflict_since_nobody_edited_the_default(source):
    nulls = {"name": None, "kind": None, "balance": None, "tag_ids": None, "tax_exempt": None}
    take(source, "customer", row(1, **nulls))
    now = {"name": "Ana", "kind": "Residential", "balance": Decimal(5), "tag_ids": ["1"], "tax_exempt": True}
    take(source, "customer", row(1, at(1), **now), rule=ASK)
    ana = Customer.objects.get()
    assert {name: getattr(ana, name) for name in now} == now
    assert not Conflict.objects.exists()


def test_a_settled_conflict_is_not_met_again(source, ana):
    edit(name="Anna")
    now(Rule(Policy.PORTAL), source, name="Anne")
    now(Rule(Policy.PORTAL), source, minute=2, name="Anne", kind="Commercial")
    assert (Customer.objects.get().name, Conflict.objects.count()) == ("Anna", 1)


def test_a_pending_conflict_follows_the_source_instead_of_having_a_twin(source, ana):
    edit(name="Anna")
    now(ASK, source, name="Anne")
    now(ASK, source, minute=2, name="Annette")
    conflict = Conflict.objects.get()
    assert (conflict.state, conflict.base, conflict.remote_value) == ("pending", "Ana", "Annette")


def test_both_sides_saying_the_same_is_no_conflict(source, ana):
    edit(name="Anne")
    now(ASK, source, name=" Anne ")
    assert not Conflict.objects.exists()


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [("name", " Ana ", "Ana  "), ("balance", Decimal("5.0000"), Decimal("5"))],
)
def test_a_difference_of_form_alone_is_no_conflict(source, ana, field, ours, theirs):
    edit(**{field: ours})
    now(ASK, source, **{field: theirs})
    assert not Conflict.objects.exists()


def test_several_fields_of_several_records_conflict_each_for_itself(source):
    take(source, "customer", *[row(key, name="Ana", kind="a") for key in (1, 2, 3)])
    edit(name="Anna", kind="b")
    take(source, "customer", *[row(key, at(1), name="Anne", kind="c") for key in (1, 2, 3)], rule=ASK)
    assert Conflict.objects.count() == 6
    assert set(Conflict.objects.values_list("field", "state")) == {("name", "pending"), ("kind", "pending")}
