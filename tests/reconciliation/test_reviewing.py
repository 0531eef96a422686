"""A person settles a conflict: what they saw is what is settled, or nothing is written."""

import pytest

from portal.models import AuditEntry
from reconciliation.editing import BadValue, RecordMovedOn, edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Change, Conflict, Contact, Customer
from reconciliation.reviewing import ConflictMovedOn, Outcome, Seen, always_chosen, resolve
from reconciliation.survivorship import FieldRule, Mode, Policy, Rule
from tests.reconciliation.pages import at, link, row, take

pytestmark = pytest.mark.django_db
ASK = Rule(Policy.ASK)
CUSTOMER = ENTITIES["customer"]


def rename(name, **more):
    edit(CUSTOMER, Customer.objects.get().pk, {"name": name, **more})


@pytest.fixture
def conflict(source) -> Conflict:
    """The source says Anne, somebody here wrote Anna, and Ana was agreed."""
    take(source, "customer", row(1, name="Ana", city="Reno"))
    rename("Anna")
    take(source, "customer", row(1, at(1), name="Anne", city="Reno"), rule=ASK)
    return Conflict.objects.get()


def seen(conflict):
    return Seen(conflict.remote_value, Customer.objects.get().version)


def test_a_conflict_settled_by_another_agent_meanwhile_is_not_settled_again(conflict, colleague, owner):
    looked = seen(conflict)
    resolve(conflict.pk, Outcome.PORTAL, actor=owner)
    with pytest.raises(ConflictMovedOn, match="Olive"):
        resolve(conflict.pk, Outcome.REMOTE, actor=colleague, seen=looked)
    assert Customer.objects.get().name == "Anna"


def test_a_value_that_the_source_changed_again_is_not_written_unseen(source, conflict, colleague):
    looked = seen(conflict)
    take(source, "customer", row(1, at(2), name="Annie", city="Reno"), rule=ASK)
    with pytest.raises(ConflictMovedOn, match="changed the value again"):
        resolve(conflict.pk, Outcome.REMOTE, actor=colleague, seen=looked)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.remote_value) == (Conflict.State.PENDING, "Annie")


def test_a_record_that_moved_on_is_not_written_over(conflict, colleague):
    looked = seen(conflict)
    rename("Anna", city="Elko")
    with pytest.raises(RecordMovedOn):
        resolve(conflict.pk, Outcome.REMOTE, actor=colleague, seen=looked)
    assert Customer.objects.get().name == "Anna"


def test_a_value_that_the_field_cannot_hold_is_refused_in_words(source, colleague):
    take(source, "customer", row(1, name="Ana", latitude=1.0))
    rename("Ana", latitude=2.0)
    take(source, "customer", row(1, at(1), name="Ana", latitude=3.0), rule=ASK)
    with pytest.raises(BadValue, match="“north” is no number for latitude"):
        resolve(Conflict.objects.get().pk, Outcome.OTHER, actor=colleague, value="north")
    assert Conflict.objects.get().state == Conflict.State.PENDING


@pytest.mark.parametrize(
    ("outcome", "value", "name"),
    [("remote", None, "Anne"), ("portal", None, "Anna"), ("other", "Annika", "Annika")],
)
def test_the_value_that_was_chosen_stands_and_everybody_can_see_who_chose_it(
    conflict, colleague, outcome, value, name
):
    resolve(conflict.pk, Outcome(outcome), actor=colleague, value=value, note="called her")
    conflict.refresh_from_db()
    assert Customer.objects.get().name == name
    assert (conflict.state, conflict.outcome_value, conflict.actor) == (
        Conflict.State.RESOLVED,
        name,
        colleague,
    )
    assert AuditEntry.objects.filter(action=f"conflict.{outcome}", note__contains="called her").exists()
    changed = Change.objects.filter(actor=colleague)
    assert [change.fields for change in changed] == ([] if name == "Anna" else [{"name": ["Anna", name]}])


@pytest.mark.parametrize("outcome", ["remote", "portal"])
def test_what_was_settled_is_not_met_again_by_the_next_pull(source, conflict, colleague, outcome):
    resolve(conflict.pk, Outcome(outcome), actor=colleague)
    take(source, "customer", row(1, at(3), name="Anne", city="Elko"), rule=ASK)
    assert Customer.objects.get().city == "Elko"
    assert not Conflict.objects.filter(state=Conflict.State.PENDING).exists()


def test_a_conflict_that_the_world_settles_closes_itself_and_says_so(source, conflict):
    rename("Anne")
    take(source, "customer", row(1, at(2), name="Anne", city="Elko"), rule=ASK)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.outcome) == (Conflict.State.SETTLED, Outcome.AGREED)
    assert "Closed by itself" in conflict.note


def test_a_conflict_settled_by_policy_keeps_both_values_for_finance(source):
    take(source, "customer", row(1, name="Ana"))
    rename("Anna")
    take(source, "customer", row(1, at(1), name="Anne"))
    found = Conflict.objects.get()
    assert (found.state, found.outcome) == (Conflict.State.SETTLED, Outcome.REMOTE)
    assert (found.base, found.portal_value, found.remote_value) == ("Ana", "Anna", "Anne")


def test_always_tells_whoever_keeps_the_rules(conflict, colleague):
    heard = []

    def listen(sender, conflict, outcome, **kwargs):
        heard.append((conflict.field, outcome))

    always_chosen.connect(listen)
    resolve(conflict.pk, Outcome.REMOTE, actor=colleague, always=True)
    always_chosen.disconnect(listen)
    assert heard == [("name", Outcome.REMOTE)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("12 North Main Street", "12 N. MAIN ST"),
        ("1 Oak Avenue,  Apartment 3", "1 oak ave apt 3"),
    ],
)
def test_an_address_written_another_way_is_no_conflict(source, ours, theirs):
    take(source, "customer", row(1, name="Ana", street="somewhere else"))
    edit(CUSTOMER, Customer.objects.get().pk, {"street": ours})
    take(source, "customer", row(1, at(1), name="Ana", street=theirs), rule=ASK)
    assert not Conflict.objects.exists()
    assert link(source, "customer", 1).base["street"] == theirs


@pytest.mark.parametrize(
    ("mode", "first", "empty", "later"),
    [
        (Mode.ALWAYS, "Ana", "Bea", "Bea"),
        (Mode.IF_NEW, "Ana", "", "Mine"),
        (Mode.IF_EMPTY, "Ana", "Bea", "Mine"),
        (Mode.NEVER, "", "", "Mine"),
    ],
)
def test_each_overwrite_mode_lets_the_source_write_when_it_says(source, mode, first, empty, later):
    rule = Rule(fields={"name": FieldRule(mode)})
    take(source, "customer", row(1, name="Ana"), rule=rule)
    assert Customer.objects.get().name == first
    rename("")
    take(source, "customer", row(1, at(1), name="Bea"), rule=rule)
    assert Customer.objects.get().name == empty
    rename("Mine")
    take(source, "customer", row(1, at(2), name="Bea"), rule=Rule(fields={"name": FieldRule(mode)}))
    assert Customer.objects.get().name == ("Mine" if mode is Mode.ALWAYS else later)


def test_a_number_typed_for_a_contact_is_read_as_a_sources_would_be(source, colleague):
    """Else its E.164 form, by which it is found and compared, would stay that of the old number."""
    take(source, "customer", row(1, name="Ana"))
    old = {
        "kind": "phone",
        "value": "(775) 555-0100",
        "e164": "+17755550100",
        "extension": "",
        "usable": True,
    }
    take(source, "customer_contact", row(5, refs={"customer": 1}, **old))
    contact = Contact.objects.get()
    edit(ENTITIES["customer_contact"], contact.pk, {"value": "call the office"})
    contact.refresh_from_db()
    assert (contact.e164, contact.usable) == ("", False)
    there = {**old, "value": "(775) 555-0111"}
    take(source, "customer_contact", row(5, at(1), refs={"customer": 1}, **there), rule=ASK)
    conflict = Conflict.objects.get(field="value", state=Conflict.State.PENDING)
    resolve(conflict.pk, Outcome.OTHER, actor=colleague, value="775-853-1199 ext 12 (wife)")
    contact.refresh_from_db()
    assert contact.value == "775-853-1199 ext 12 (wife)"
    assert (contact.e164, contact.extension, contact.usable) == ("+17758531199", "12", True)
    change = Change.objects.filter(entity="customer_contact").latest("pk")
    assert change.fields["e164"] == ["", "+17758531199"]
    edit(ENTITIES["customer_contact"], contact.pk, {"kind": "email", "value": "Ana@Example.com"})
    contact.refresh_from_db()
    assert (contact.e164, contact.email, contact.usable) == ("", "ana@example.com", True)
