"""Records that their source merged into others: links and references move, nothing is erased."""

from itertools import permutations

import pytest

from reconciliation.entities import ENTITIES
from reconciliation.ingest import joinable
from reconciliation.merging import merge
from reconciliation.models import Change, Contact, Customer, Job, Link, Location
from tests.reconciliation.pages import at, counts, link, record, row, take

pytestmark = pytest.mark.django_db


def gone(key, into, minute=1):
    return row(key, at(minute), name=f"Customer {key}", active=False, merged_to=str(into))


def with_belongings(source, key):
    """A customer with a location, a contact and a job."""
    take(source, "customer", row(key, name=f"Customer {key}"))
    take(source, "location", row(key * 10, refs={"customer": key}, name=f"Place {key}"))
    take(source, "customer_contact", row(key * 10, refs={"customer": key}, kind="phone", value="555"))
    take(source, "job", row(key * 10, refs={"customer": key, "location": key * 10}, number=f"J{key}"))


def owners():
    """Who the belongings belong to."""
    return {
        model.__name__: set(model.objects.values_list("customer_id", flat=True))
        for model in (Location, Contact, Job)
    }


def test_what_belonged_to_the_loser_belongs_to_the_survivor(source):
    with_belongings(source, 1)
    with_belongings(source, 2)
    take(source, "customer", gone(1, into=2))
    survivor = record(source, "customer", 2)
    assert owners() == {"Location": {survivor.pk}, "Contact": {survivor.pk}, "Job": {survivor.pk}}
    assert link(source, "customer", 1).record_id == survivor.pk
    assert link(source, "customer", 1).state == "merged"


def test_the_loser_stays_as_a_tombstone_that_says_where_to_look(source):
    with_belongings(source, 1)
    with_belongings(source, 2)
    loser = record(source, "customer", 1)
    take(source, "customer", gone(1, into=2))
    loser.refresh_from_db()
    assert (loser.active, loser.name, loser.merged_into) == (
        False,
        "Customer 1",
        record(source, "customer", 2),
    )
    kinds = Change.objects.filter(entity="customer", record_id=loser.pk).values_list("kind", flat=True)
    assert "merged" in kinds


def test_a_row_that_still_names_the_loser_finds_the_survivor(source):
    with_belongings(source, 1)
    with_belongings(source, 2)
    take(source, "customer", gone(1, into=2))
    take(source, "location", row(99, refs={"customer": 1}, name="late"))
    assert record(source, "location", 99).customer == record(source, "customer", 2)


def test_a_loser_that_comes_again_unchanged_writes_nothing_and_changed_moves_only_its_link(source):
    with_belongings(source, 1)
    with_belongings(source, 2)
    take(source, "customer", gone(1, into=2))
    before = Customer.objects.order_by("pk").values().all()[:]
    before = list(before)
    assert counts(take(source, "customer", gone(1, into=2))) == {"unchanged": 1}
    assert counts(take(source, "customer", gone(1, into=2, minute=9))) == {"updated": 1}
    assert list(Customer.objects.order_by("pk").values()) == before
    assert link(source, "customer", 1).remote_modified_at == at(9)


def test_a_loser_never_seen_before_is_a_tombstone_from_the_start(source):
    take(source, "customer", row(2, name="Customer 2"))
    take(source, "customer", gone(1, into=2))
    tombstone = Customer.objects.get(external_id="1")
    assert (tombstone.active, tombstone.merged_into) == (False, record(source, "customer", 2))


def test_a_survivor_that_comes_later_is_joined_then(source):
    with_belongings(source, 1)
    page = gone(1, into=2)
    take(source, "customer", page)
    assert owners()["Job"] == {Customer.objects.get().pk}
    take(source, "customer", row(2, name="Customer 2"))
    assert [key for key, _ in joinable(source, "customer", 10)] == ["1"]
    take(source, "customer", page)
    survivor = record(source, "customer", 2)
    assert owners() == {"Location": {survivor.pk}, "Contact": {survivor.pk}, "Job": {survivor.pk}}
    assert joinable(source, "customer", 10) == []


@pytest.mark.parametrize("chain", list(permutations([1, 2, 3])))
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("together", [True, False])
def test_a_chain_of_merges_ends_at_its_last_survivor_in_whatever_order_it_comes(
    source, chain, turn, together
):
    """A into B and B into C: in one page or two, whichever is met first, everything ends at C."""
    for key in (1, 2, 3):
        with_belongings(source, key)
    first, second, last = chain
    page = [gone(first, into=second), gone(second, into=last)][::turn]
    for rows in [page] if together else [[found] for found in page]:
        take(source, "customer", *rows)
    survivor = record(source, "customer", last)
    assert owners() == {"Location": {survivor.pk}, "Contact": {survivor.pk}, "Job": {survivor.pk}}
    assert set(Link.objects.filter(entity="customer").values_list("record_id", flat=True)) == {survivor.pk}
    losers = Customer.objects.exclude(pk=survivor.pk)
    assert set(losers.values_list("merged_into", "active")) == {(survivor.pk, False)}


def test_a_chain_that_arrives_whole_in_one_page_is_joined_in_the_end(source):
    page = [gone(1, into=2), gone(2, into=3), row(3, name="Customer 3")]
    take(source, "customer", *page)
    for _ in range(3):
        waiting = {key for key, _ in joinable(source, "customer", 10)}
        take(source, "customer", *[found for found in page if found.external_id in waiting])
    assert joinable(source, "customer", 10) == []
    assert {found.record_id for found in Link.objects.all()} == {record(source, "customer", 3).pk}


def test_a_row_merged_into_itself_is_not_merged(source):
    take(source, "customer", row(1, name="Customer 1"))
    take(source, "customer", gone(1, into=1))
    assert record(source, "customer", 1).merged_into is None
    assert joinable(source, "customer", 10) == []


def test_two_rows_merged_into_each_other_keep_their_records(source):
    """Nonsense from a source must not make two tombstones that point at each other."""
    take(source, "customer", row(1, name="one"), row(2, name="two"))
    take(source, "customer", gone(1, into=2), gone(2, into=1))
    assert Customer.objects.filter(merged_into=None).count() == 1


def test_a_record_merged_by_a_person_while_it_waited_for_its_survivor_waits_no_more(source):
    take(source, "customer", row(1, name="one"), row(2, name="two"))
    page = gone(1, into=3)
    take(source, "customer", page)
    one, two = record(source, "customer", 1), record(source, "customer", 2)
    merge(ENTITIES["customer"], two.pk, [one.pk], now=at(2))
    take(source, "customer", row(3, name="three"))
    take(source, "customer", page)
    assert joinable(source, "customer", 10) == []


def test_a_location_merges_as_a_customer_does(source):
    with_belongings(source, 1)
    take(source, "location", row(20, refs={"customer": 1}, name="Main house"))
    take(source, "location", row(10, at(1), refs={"customer": 1}, active=False, merged_to="20"))
    assert Job.objects.get().location == record(source, "location", 20)
