"""ServiceTitan, the portal and Salesforce at once: edits on all three sides end equal, by each policy, and then rest."""

from collections import Counter
from contextlib import ExitStack
from random import Random
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from integrations.models import Delivery
from integrations.push import owing, planning
from integrations.sandbox.server import running
from integrations.torture.offices import Salesforce, ServiceTitan
from integrations.torture.sides_editing import SidesEditor
from reconciliation import merge_tasks
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge, undo
from reconciliation.models import Conflict, Customer, Link, MergeSettings
from reconciliation.reviewing import Outcome, resolve
from tests.integrations.pushes import push, time_passes
from tests.integrations.syncs import bad, sync

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ENTITIES["customer"]
NAMES = {"servicetitan": ("customer", "location"), "salesforce": ("customer",)}


@pytest.fixture
def two(tenant, settings, impatient):
    """Both systems, connected and read once; customers go everywhere."""
    offices = [ServiceTitan(5, 4), Salesforce(5, 3)]
    with ExitStack() as stack:
        urls = [stack.enter_context(running(office.app)) for office in offices]
        settings.CUSTOM_API_HOSTS = [urlsplit(url).netloc for url in urls]
        connections = {o.side: o.connect(tenant, url) for o, url in zip(offices, urls, strict=True)}
        found = SimpleNamespace(
            offices={o.side: o for o in offices},
            connections=connections,
            sources={side: connection.source_id for side, connection in connections.items()},
        )
        for side in offices:
            rule = connections[side.side].rules.get(entity="customer")
            owing.owe(rule, planning.candidates(rule))
        settle_down(found)
        yield found


def policies(two, policy):
    for connection in two.connections.values():
        connection.rules.update(policy=policy)


def step(two, work, side):
    connection = two.connections[side]
    connection.refresh_from_db()
    work(connection, *NAMES[side])


def settle_down(two):
    """Everything read and sent, again and again, until nothing moves."""
    for _ in range(8):
        time_passes()
        for side, connection in two.connections.items():
            connection.refresh_from_db()
            assert bad(sync(connection, *NAMES[side])) == {}
        moved = sum(push(connection, *NAMES[side]) for side, connection in two.connections.items())
        if not moved and not Delivery.objects.filter(state__in=Delivery.OPEN).exists():
            return
    raise AssertionError(
        list(Delivery.objects.filter(state__in=Delivery.OPEN).values("state", "reason", "message"))
    )


def sides(two, record):
    """(ours, ServiceTitan's, Salesforce's) name and street of one customer."""
    record.refresh_from_db()
    found = [(record.name, record.street)]
    for side, office in two.offices.items():
        link = Link.objects.get(
            entity="customer", record_id=record.pk, source=two.sources[side], state="live"
        )
        row = office.rows().get(link.external_id, {})
        found.append((row.get("name"), row.get("street")))
    return found


def all_sides(two):
    return {record.pk: sides(two, record) for record in Customer.objects.filter(active=True).order_by("pk")}


def writes(two):
    return sum(
        len([e for e in o.journal() if e.by == "api" and e.kind != "read"]) for o in two.offices.values()
    )


def test_what_was_there_is_everywhere_once(two):
    count = Customer.objects.filter(active=True).count()
    assert [len(office.rows()) for office in two.offices.values()] == [count, count]
    assert all(len(set(found)) == 1 for found in all_sides(two).values()), all_sides(two)
    before = writes(two)
    settle_down(two)
    assert writes(two) == before


def test_what_salesforce_alone_says_of_our_accounts_never_takes_the_place_of_what_servicetitan_said(two):
    """It says whether it is a person's and where it stands on the map, and gets neither from us."""
    entries = two.offices["servicetitan"].journal()
    assert [entry for entry in entries if (entry.by, entry.kind) == ("api", "changed")] == []
    rows = [row for row in two.offices["servicetitan"].app.control.rows("customers") if row["active"]]
    assert Counter(row["type"] for row in rows) == Counter(
        Customer.objects.filter(active=True).values_list("kind", flat=True)
    )
    assert any(row["type"] == "Residential" for row in rows)


@pytest.mark.parametrize("policy", ["newest", "ask"])
def test_edits_on_three_sides_end_with_all_three_equal(two, tenant, policy):
    policies(two, policy)
    editor = SidesEditor(tenant.pk, list(two.offices.values()), two.sources, Random(policy))
    for round_ in range(5):
        for _ in range(10):
            editor.one()
        steps = [(work, side) for work in (push, sync) for side in two.offices]
        for work, side in Random(round_).sample(steps, 3):
            step(two, work, side)
    settle_down(two)
    draw = Random(1)
    while (waiting := Conflict.objects.filter(state="pending")).exists():
        resolve(waiting.first().pk, draw.choice([Outcome.REMOTE, Outcome.PORTAL]), actor=None)
        settle_down(two)
    apart = {pk: found for pk, found in all_sides(two).items() if len(set(found)) != 1}
    assert apart == {}
    count = Customer.objects.filter(active=True).count()
    assert [len(office.rows()) for office in two.offices.values()] == [count, count]
    before = writes(two)
    settle_down(two)
    assert writes(two) == before


def external(two, side, record):
    links = Link.objects.filter(entity="customer", record_id=record.pk, source=two.sources[side])
    return links.exclude(state="merged").get().external_id


def two_of(two):
    """Two customers that both systems have."""
    return list(Customer.objects.filter(active=True).order_by("pk")[:2])


def test_a_merge_in_salesforce_is_one_here_and_a_task_at_servicetitan_whose_rows_stay_two(two, tenant):
    keeps, goes = two_of(two)
    winner, loser = (external(two, "salesforce", one) for one in (keeps, goes))
    there = external(two, "servicetitan", goes)
    two.offices["salesforce"].app.control.merge(winner, loser)
    settle_down(two)
    goes.refresh_from_db()
    assert (goes.active, goes.merged_into_id) == (False, keeps.pk)
    assert sides(two, keeps)[0] == sides(two, keeps)[1] == sides(two, keeps)[2]
    (task,) = merge_tasks.told(list(merge_tasks.waiting([tenant.pk])))
    assert (task["source"], task["loser_id"]) == ("ServiceTitan", there)
    assert there in two.offices["servicetitan"].rows()


def test_a_merge_in_salesforce_sets_the_losers_row_at_servicetitan_inactive_where_that_is_wanted(two, tenant):
    MergeSettings.objects.create(tenant=tenant, loser=MergeSettings.Loser.INACTIVE)
    keeps, goes = two_of(two)
    there = external(two, "servicetitan", goes)
    ids = [external(two, "salesforce", one) for one in (keeps, goes)]
    two.offices["salesforce"].app.control.merge(*ids)
    settle_down(two)
    assert there not in two.offices["servicetitan"].rows()
    assert not merge_tasks.waiting([tenant.pk]).exists()


def test_a_merge_here_leaves_a_task_in_each_system_and_its_undo_gives_all_sides_their_own_back(two, tenant):
    keeps, goes = two_of(two)
    before = all_sides(two)
    act = merge(CUSTOMER, keeps.pk, [goes.pk], {"name": "One of two", "street": goes.street})
    settle_down(two)
    assert set(sides(two, keeps)) == {("One of two", goes.street)}
    tasks = merge_tasks.told(list(merge_tasks.waiting([tenant.pk])))
    assert {task["source"] for task in tasks} == {c.source.name for c in two.connections.values()}
    undo(act)
    settle_down(two)
    assert all_sides(two) == before


def test_an_undo_gives_a_row_that_was_written_for_the_survivor_its_own_values_back(two, tenant):
    """Each of the two was in one system alone, so that the account went on as the survivor's."""
    rules = [connection.rules.get(entity="customer") for connection in two.connections.values()]
    for rule in rules:
        type(rule).objects.filter(pk=rule.pk).update(direction="pull")
    for side, office in two.offices.items():
        office.add({"name": f"Ann of {side}", "street": f"1 {side} St"})
    settle_down(two)
    ours, theirs = (Customer.objects.get(name=f"Ann of {side}") for side in two.offices)
    for rule in rules:
        type(rule).objects.filter(pk=rule.pk).update(direction="both")
    act = merge(CUSTOMER, ours.pk, [theirs.pk])
    settle_down(two)
    assert len(set(sides(two, ours))) == 1
    undo(act)
    settle_down(two)
    assert {row[0] for row in sides(two, ours)} == {"Ann of servicetitan"}
    assert {row[0] for row in sides(two, theirs)} == {"Ann of salesforce"}


def test_a_change_in_salesforce_reaches_servicetitan_only_where_the_rules_say_so(two):
    one = two_of(two)[0]
    name = one.name
    rule = two.connections["servicetitan"].rules.get(entity="customer")
    account = external(two, "salesforce", one)
    type(rule).objects.filter(pk=rule.pk).update(direction="pull")
    two.offices["salesforce"].change(account, {"name": "Only here"})
    settle_down(two)
    assert [row[0] for row in sides(two, one)] == ["Only here", name, "Only here"]
    type(rule).objects.filter(pk=rule.pk).update(direction="both")
    rule.mappings.filter(field="name").update(direction="pull")
    two.offices["salesforce"].change(account, {"street": "9 Far Rd"})
    settle_down(two)
    assert sides(two, one)[1] == (name, "9 Far Rd")
