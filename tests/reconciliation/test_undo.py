"""Merging customers and taking it back, at any time and in any order: nothing is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.models import Partner, Tenant
from reconciliation import relations
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.ingest import joinable
from reconciliation.merging import CannotMerge, merge, undo
from reconciliation.models import Change, Contact, Customer, Job, Link, Location, Merge, Source
from tests.reconciliation.pages import at, record, row, take

pytestmark = pytest.mark.django_db
CUSTOMER = ENTITIES["customer"]


def shop(source, *keys):
    """Customers, each with a location, a job and a phone of its own."""
    for key in keys:
        take(source, "customer", row(key, name=f"Customer {key}", tag_ids=[str(key)]))
        take(source, "location", row(100 + key, refs={"customer": key}, street=f"{key} Elm St"))
        take(source, "job", row(200 + key, refs={"customer": key, "location": 100 + key}))
        phone = {"kind": "phone", "value": f"512555010{key}", "e164": f"+1512555010{key}"}
        take(source, "customer_contact", row(300 + key, refs={"customer": key}, **phone))
    return [record(source, "customer", key) for key in keys]


def holders():
    """Who holds what, and what each record says: everything that an undo must bring back."""
    return {
        "locations": dict(Location.objects.values_list("external_id", "customer__external_id")),
        "jobs": dict(Job.objects.values_list("external_id", "customer__external_id")),
        "contacts": dict(Contact.objects.values_list("external_id", "customer__external_id")),
        "links": {
            link.external_id: (link.record_id, link.state) for link in Link.objects.filter(entity="customer")
        },
        "customers": {
            c.external_id: (c.name, c.active, c.merged_into_id, tuple(c.tag_ids))
            for c in Customer.objects.all()
        },
    }


def test_records_of_two_merchants_are_never_merged(source, other_tenant):
    (one,) = shop(source, 1)
    elsewhere = Source.objects.create(tenant=other_tenant, system="servicetitan", name="ServiceTitan")
    (two,) = shop(elsewhere, 2)
    with pytest.raises(CannotMerge, match="different merchants"):
        merge(CUSTOMER, one.pk, [two.pk])
    assert not Merge.objects.exists()


@pytest.mark.parametrize("losers", [[], [1], [2, 2], [2, 3, 4, 5, 6]], ids=["none", "itself", "twice", "six"])
def test_a_merge_is_of_two_to_five_different_records(source, losers):
    people = shop(source, 1, 2, 3, 4, 5, 6)
    with pytest.raises(CannotMerge, match="two to 5"):
        merge(CUSTOMER, people[0].pk, [people[key - 1].pk for key in losers])


def test_a_customer_that_was_merged_already_is_not_merged_again(source):
    one, two, three = shop(source, 1, 2, 3)
    merge(CUSTOMER, one.pk, [two.pk])
    with pytest.raises(CannotMerge, match="merged already"):
        merge(CUSTOMER, three.pk, [two.pk])


def test_rows_that_no_merge_knows_of_block_it(source, monkeypatch):
    one, two = shop(source, 1, 2)
    monkeypatch.setitem(relations.RELATIONS, "customer", relations.RELATIONS["customer"][1:])
    with pytest.raises(CannotMerge, match="locations"):
        merge(CUSTOMER, one.pk, [two.pk])


def test_the_counts_shown_before_a_merge_are_what_it_moves(source):
    one, two = shop(source, 1, 2)
    counts = relations.counts(CUSTOMER, one.pk, [two.pk])
    act = merge(CUSTOMER, one.pk, [two.pk])
    assert counts == {"locations": 1, "contacts": 1, "jobs": 1, "links": 1}
    assert act.moves.count() == sum(counts.values())


def test_a_phone_that_both_have_is_not_there_twice(source):
    one, two = shop(source, 1, 2)
    Contact.objects.update(e164="+15125550100")
    merge(CUSTOMER, one.pk, [two.pk])
    assert Contact.objects.filter(customer=one).count() == 1
    assert Contact.objects.filter(customer=two).count() == 1


def test_what_the_source_still_says_of_a_loser_does_not_reach_the_survivor(source):
    one, two = shop(source, 1, 2)
    merge(CUSTOMER, one.pk, [two.pk])
    take(source, "customer", row(2, at(5), name="Renamed at the source"))
    one.refresh_from_db()
    assert one.name == "Customer 1"


def test_a_merge_here_and_its_report_by_the_source_agree_without_a_new_change(source):
    one, two = shop(source, 1, 2)
    merge(CUSTOMER, one.pk, [two.pk])
    before = holders()
    take(source, "customer", row(2, at(5), name="Customer 2", active=False, merged_to="1"))
    assert holders() == before
    assert Merge.objects.count() == 1


def test_an_undo_brings_everything_back(source):
    one, two, three = shop(source, 1, 2, 3)
    before = holders()
    act = merge(CUSTOMER, one.pk, [two.pk, three.pk], {"name": "Ada Park", "tag_ids": ["1", "2", "3"]})
    one.refresh_from_db()
    assert one.name == "Ada Park"
    undone = undo(act)
    assert holders() == before
    assert undone.kept == []


def test_undoing_twice_does_nothing_the_second_time(source):
    one, two = shop(source, 1, 2)
    act = merge(CUSTOMER, one.pk, [two.pk])
    undo(act)
    before = holders(), Change.objects.count()
    assert undo(act).returned == 0
    assert (holders(), Change.objects.count()) == before


def test_what_was_changed_since_keeps_its_later_value_and_is_named(source):
    one, two, three = shop(source, 1, 2, 3)
    act = merge(CUSTOMER, one.pk, [two.pk], {"name": "Ada Park"})
    edit(CUSTOMER, one.pk, {"name": "Ada Lovelace"})
    Job.objects.filter(external_id="202").update(customer=three)
    undone = undo(act)
    one.refresh_from_db()
    assert one.name == "Ada Lovelace"
    assert Job.objects.get(external_id="202").customer == three
    assert {what for what, _, _ in undone.kept} == {"name", f"job {Job.objects.get(external_id='202').pk}"}


def test_after_an_undo_the_loser_hears_what_its_source_said_meanwhile(source):
    one, two = shop(source, 1, 2)
    act = merge(CUSTOMER, one.pk, [two.pk])
    take(source, "customer", row(2, timezone.now() + timedelta(minutes=1), name="Renamed at the source"))
    undo(act)
    assert [external_id for external_id, _ in joinable(source, "customer", 10)] == ["2"]


def test_undone_in_the_order_they_were_made_two_merges_leave_nothing_behind(source):
    one, two, three = shop(source, 1, 2, 3)
    before = holders()
    first = merge(CUSTOMER, one.pk, [two.pk])
    second = merge(CUSTOMER, three.pk, [one.pk])
    undo(first)
    undo(second)
    assert holders() == before


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.permutations([1, 2, 3, 4]), st.integers(2, 3)),
        st.tuples(st.just("edit"), st.integers(1, 4), st.sampled_from(["Ana", "Bob", "Cy"])),
        st.tuples(st.just("undo"), st.integers(0, 5), st.none()),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_merges_edits_and_undos_in_any_order_lose_nothing(db, acts):
    partner = Partner.objects.create(name="P", slug=f"p{Partner.objects.count()}")
    tenant = Tenant.objects.create(partner=partner, name="T", slug=f"t{Tenant.objects.count()}")
    source = Source.objects.create(tenant=tenant, system="servicetitan", name="ServiceTitan")
    people = shop(source, 1, 2, 3, 4)
    mine = {"customer__tenant": tenant}
    start = dict(Job.objects.filter(**mine).values_list("external_id", "customer_id"))
    edited: dict[int, str] = {}
    merges: list[Merge] = []
    for name, first, second in acts:
        if name == "merge":
            chosen = [people[key - 1].pk for key in first[:second]]
            try:
                merges.append(merge(CUSTOMER, chosen[0], chosen[1:]))
            except CannotMerge:
                continue
        elif name == "edit":
            edit(CUSTOMER, people[first - 1].pk, {"name": second})
            edited[people[first - 1].pk] = second
        elif merges:
            undo(merges[first % len(merges)])
    for act in reversed(merges):
        undo(act)
    assert dict(Job.objects.filter(**mine).values_list("external_id", "customer_id")) == start
    for customer in Customer.objects.filter(tenant=tenant):
        assert customer.merged_into_id is None
        assert customer.name == edited.get(customer.pk, f"Customer {customer.external_id}")
    assert set(Link.objects.filter(source=source, entity="customer").values_list("state", flat=True)) == {
        "live"
    }
