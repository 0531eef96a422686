"""Rows outside the scope: never taken, or frozen as they are, and thawed when they come back."""

import pytest

from reconciliation.ingest import joinable
from reconciliation.models import Change, Customer, Link, Location
from tests.reconciliation.pages import at, counts, link, record, row, take

pytestmark = pytest.mark.django_db


def nothing(row, parents, known):
    return False


def test_a_row_outside_the_scope_leaves_its_id_and_nothing_else(source):
    assert counts(take(source, "customer", row(1, name="Secret"), admits=nothing)) == {"out_of_scope": 1}
    assert not Customer.objects.exists()
    left = link(source, "customer", 1)
    assert (left.state, left.payload, left.base) == ("out_of_scope", {}, {})


def test_a_row_that_stays_outside_writes_nothing(source):
    take(source, "customer", row(1, name="Secret"), admits=nothing)
    before = Link.objects.values().get()
    assert counts(take(source, "customer", row(1, at(1), name="x"), admits=nothing)) == {"out_of_scope": 1}
    assert Link.objects.values().get() == before


def test_what_belongs_to_something_outside_is_outside_too(source):
    take(source, "customer", row(1, name="Secret"), admits=nothing)
    assert counts(take(source, "location", row(5, refs={"customer": 1}))) == {"out_of_scope": 1}
    assert counts(take(source, "job", row(9, refs={"customer": 1, "location": 5}))) == {"out_of_scope": 1}


def test_a_row_that_waited_for_something_that_proves_outside_is_let_go(source):
    place = row(5, refs={"customer": 1}, name="Secret lane")
    take(source, "location", place)
    take(source, "customer", row(1, name="Secret"), admits=nothing)
    assert [key for key, _ in joinable(source, "location", 10)] == ["5"]
    assert counts(take(source, "location", place)) == {"out_of_scope": 1}
    assert joinable(source, "location", 10) == []
    assert link(source, "location", 5).payload == {}


def test_a_record_that_leaves_the_scope_is_frozen_as_it_is(source):
    take(source, "customer", row(1, name="Ana"))
    assert counts(take(source, "customer", row(1, at(1), name="Anna"), admits=nothing)) == {"out_of_scope": 1}
    ana = Customer.objects.get()
    assert (ana.name, ana.active, ana.version) == ("Ana", True, 1)
    assert link(source, "customer", 1).state == "frozen"
    assert Change.objects.get().kind == "frozen"


def test_a_frozen_record_takes_no_change_and_is_frozen_once(source):
    take(source, "customer", row(1, name="Ana"))
    for minute in (1, 2, 3):
        take(source, "customer", row(1, at(minute), name=f"Ana {minute}"), admits=nothing)
    assert Customer.objects.get().name == "Ana"
    assert Change.objects.count() == 1


def test_a_frozen_record_thaws_with_the_values_it_has_now(source):
    take(source, "customer", row(1, name="Ana"))
    take(source, "customer", row(1, at(1), name="Anna"), admits=nothing)
    assert counts(take(source, "customer", row(1, at(2), name="Anne"))) == {"updated": 1}
    assert Customer.objects.get().name == "Anne"
    assert link(source, "customer", 1).state == "live"
    assert Change.objects.latest("id").kind == "thawed"


def test_a_frozen_record_thaws_although_nothing_changed(source):
    page = row(1, name="Ana")
    take(source, "customer", page)
    Link.objects.update(state=Link.State.FROZEN)
    take(source, "customer", page)
    assert link(source, "customer", 1).state == "live"


def test_a_row_refused_before_is_created_once_it_is_inside(source):
    take(source, "customer", row(1, name="Ana"), admits=nothing)
    assert counts(take(source, "customer", row(1, name="Ana"))) == {"created": 1}
    assert record(source, "customer", 1).name == "Ana"
    assert Location.objects.count() == 0
