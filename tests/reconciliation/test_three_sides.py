"""One field on three sides, ServiceTitan, the portal and Salesforce: the real decision in a world of plain values."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation import bulk_review
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from reconciliation.models import Conflict, Customer, Link, Source
from reconciliation.reviewing import Choice, ConflictMovedOn, Outcome, always_chosen, resolve, settle
from reconciliation.survivorship import Policy, Rule, decide
from tests.reconciliation.pages import NOON, at, record, row, take
from tests.reconciliation.test_admin_reviews import sent

ASK = Rule(Policy.ASK)
SYSTEMS = ("servicetitan", "salesforce")


@dataclass
class Far:
    """A system: its value and its time, what was last agreed with it, and whether it is owed or asked about."""

    rule: Rule
    value: str = "v0"
    at: int = 0
    base: str = "v0"
    owed: bool = False
    pending: bool = False


@dataclass
class World:
    """The engine in small: what `updating`, `reviewing` and `push` do to one field."""

    far: dict[str, Far]
    here: str = "v0"
    made: int = 0
    clock: int = 0
    writes: int = 0
    wished: list[str] = field(default_factory=lambda: ["v0"])

    def edit(self, side):
        self.clock += 1
        self.wished.append(f"v{self.clock}")
        if side == "portal":
            self._hold(self.wished[-1], self.clock, but="")
        else:
            self.far[side].value, self.far[side].at = self.wished[-1], self.clock

    def _hold(self, value, made, but):
        self.here, self.made = value, made
        for name, far in self.far.items():
            far.owed = far.owed or name != but

    def pull(self, side):
        far, self.clock = self.far[side], self.clock + 1
        found = decide(
            {"x": far.base}, {"x": far.value}, {"x": self.here}, far.rule,
            remote_at=NOON + timedelta(seconds=far.at), made_at={"x": NOON + timedelta(seconds=self.made)},
        )  # fmt: skip
        if found.take:
            self._hold(far.value, far.at, but=side)
        far.base, far.owed = found.base["x"], far.owed or found.overruled
        far.pending = any(not met.settled for met in found.conflicts)

    def push(self, side):
        far = self.far[side]
        if not far.owed:
            return
        self.pull(side)
        far.owed = False
        if far.base != self.here and not far.pending:
            far.value, far.at, far.base = self.here, self.clock, self.here
            self.writes += 1

    def settle(self, side):
        """A person takes one side's value for all three."""
        self.clock += 1
        for far in self.far.values():
            far.base, far.pending = (far.value, False) if far.pending else (far.base, False)
        self._hold(self.here if side == "portal" else self.far[side].value, self.clock, but="")

    def rest(self, choose):
        for _ in range(6):
            for side in self.far:
                self.pull(side)
                self.push(side)
            if waiting := [name for name, far in self.far.items() if far.pending]:
                self.settle(choose(["portal", *waiting]))

    @property
    def values(self):
        return {self.here, *(far.value for far in self.far.values())}


STEPS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(["portal", *SYSTEMS])),
    st.tuples(st.sampled_from(["pull", "push"]), st.sampled_from(SYSTEMS)),
)
RULES = st.builds(Rule, st.sampled_from(Policy), st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.tuples(RULES, RULES), st.lists(STEPS, max_size=25), st.data())
def test_whatever_is_edited_anywhere_all_three_sides_end_equal_and_then_rest(rules, steps, data):
    world = World({name: Far(rule) for name, rule in zip(SYSTEMS, rules, strict=True)})
    for verb, side in steps:
        getattr(world, verb)(side)
    world.rest(lambda sides: data.draw(st.sampled_from(sides)))
    assert len(world.values) == 1, world
    assert world.here in world.wished, "nobody's value"
    before = world.writes
    world.rest(lambda sides: sides[0])
    assert world.writes == before, "an echo"


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=25), st.permutations(SYSTEMS))
def test_by_newest_the_last_edit_stands_whoever_made_it_and_whichever_system_is_read_first(steps, order):
    rule = Rule(Policy.NEWEST)
    world = World({name: Far(rule) for name in order})
    last = "v0"
    for verb, side in steps:
        if verb == "edit":
            world.edit(side)
            last = world.wished[-1]
    world.rest(lambda sides: sides[0])
    assert world.values == {last}


@pytest.fixture
def sales(tenant):
    return Source.objects.create(tenant=tenant, system="salesforce", name="Salesforce")


def in_both(source, sales):
    """One customer that both systems have."""
    take(source, "customer", row(1, name="Ana"))
    take(sales, "customer", row("001A", name="Ana"))
    merge(ENTITIES["customer"], record(source, "customer", 1).pk, [record(sales, "customer", "001A").pk])
    return record(source, "customer", 1)


@pytest.fixture
def customer(source, sales):
    return in_both(source, sales)


def differ_on_three_sides(source, sales, customer):
    """Ana was agreed; somebody here wrote Anna, ServiceTitan says Anne and Salesforce Annie."""
    edit(ENTITIES["customer"], customer.pk, {"name": "Anna"})
    take(source, "customer", row(1, at(1), name="Anne"), rule=ASK)
    take(sales, "customer", row("001A", at(2), name="Annie"), rule=ASK)
    return list(Conflict.objects.order_by("pk"))


def outcomes():
    return {c.link.source.system: (c.state, c.outcome, c.outcome_value) for c in Conflict.objects.all()}


@pytest.mark.django_db
class TestSettling:
    """One field, three values, one decision."""

    @pytest.mark.parametrize(
        ("taken", "outcome", "name"),
        [(0, "remote", "Anne"), (1, "remote", "Annie"), (0, "portal", "Anna"), (1, "other", "Annika")],
    )
    def test_one_decision_settles_what_both_systems_say(
        self, source, sales, customer, colleague, taken, outcome, name
    ):
        waiting = differ_on_three_sides(source, sales, customer)
        resolve(waiting[taken].pk, Outcome(outcome), actor=colleague, value="Annika")
        customer.refresh_from_db()
        assert customer.name == name
        assert {(state, value) for state, _, value in outcomes().values()} == {("resolved", name)}
        bases = {found.external_id: found.base["name"] for found in Link.objects.all()}
        assert bases == {"1": "Anne", "001A": "Annie"}, "each is owed what differs from what it says itself"

    def test_a_second_system_that_came_to_differ_meanwhile_is_heard_first(
        self, source, sales, customer, colleague
    ):
        edit(ENTITIES["customer"], customer.pk, {"name": "Anna"})
        take(source, "customer", row(1, at(1), name="Anne"), rule=ASK)
        choice = Choice(Conflict.objects.get().pk, Outcome.REMOTE, "Anne")
        version = Customer.objects.get(pk=customer.pk).version
        take(sales, "customer", row("001A", at(2), name="Annie"), rule=ASK)
        with pytest.raises(ConflictMovedOn, match="Another system"):
            settle([choice], version=version, actor=colleague)
        assert Conflict.objects.filter(state="pending").count() == 2

    def test_a_system_that_says_the_same_as_the_one_chosen_is_settled_as_such(self, source, sales, customer):
        edit(ENTITIES["customer"], customer.pk, {"name": "Anna"})
        for system, key in ((source, 1), (sales, "001A")):
            take(system, "customer", row(key, at(1), name="Anne"), rule=ASK)
        resolve(Conflict.objects.first().pk, Outcome.REMOTE, actor=None)
        assert [outcome for _, outcome, _ in outcomes().values()] == ["remote", "remote"]

    def test_always_lets_the_chosen_system_win_and_the_other_lose(self, source, sales, customer, colleague):
        first, second = differ_on_three_sides(source, sales, customer)
        heard = []
        listener = lambda conflict, outcome, **_: heard.append((conflict.pk, str(outcome)))  # noqa: E731
        always_chosen.connect(listener, weak=False)
        try:
            choice = Choice(second.pk, Outcome.REMOTE, "Annie", always=True, beside={first.pk: "Anne"})
            settle([choice], version=Customer.objects.get(pk=customer.pk).version, actor=colleague)
        finally:
            always_chosen.disconnect(listener)
        assert sorted(heard) == [(first.pk, "portal"), (second.pk, "remote")]


@pytest.mark.django_db
class TestThePage:
    def page(self, client, conflict):
        return client.get(reverse("admin:reconciliation_conflict_change", args=[conflict.pk]))

    def test_it_shows_all_three_sides_of_a_field_once(self, client_for, colleague, source, sales, customer):
        first, _ = differ_on_three_sides(source, sales, customer)
        page = self.page(client_for(colleague), first)
        (line,) = page.context["rows"]
        assert [side.name for side in line.sides] == ["ServiceTitan", "Salesforce"]
        words = page.content.decode()
        assert all(name in words for name in ("Anna", "Anne", "Annie", "Ana"))
        assert "Approve: take ServiceTitan" in words and "Approve: take Salesforce" in words

    def test_a_system_that_did_not_change_the_field_is_shown_beside(
        self, client_for, colleague, source, sales, customer
    ):
        edit(ENTITIES["customer"], customer.pk, {"name": "Anna"})
        take(source, "customer", row(1, at(1), name="Anne"), rule=ASK)
        (line,) = self.page(client_for(colleague), Conflict.objects.get()).context["rows"]
        assert line.quiet == [("Salesforce", "Ana", "not changed there")]

    @pytest.mark.parametrize("way", ["mark", "button"])
    def test_the_second_systems_value_is_taken_by_its_mark_or_its_button(
        self, client_for, colleague, source, sales, customer, way
    ):
        first, second = differ_on_three_sides(source, sales, customer)
        client = client_for(colleague)
        page = self.page(client, first)
        chosen = {"settle": "chosen", f"choice-{first.pk}": f"remote-{second.pk}"}
        pressed = {"settle": f"approve-{sales.pk}"}
        client.post(
            reverse("admin:reconciliation_conflict_change", args=[first.pk]),
            sent(page, **(chosen if way == "mark" else pressed)),
        )
        assert Customer.objects.get(pk=customer.pk).name == "Annie"
        assert not Conflict.objects.filter(state="pending").exists()

    def test_the_list_has_one_line_for_the_field_and_counts_one_decision(
        self, client_for, colleague, source, sales, customer
    ):
        differ_on_three_sides(source, sales, customer)
        page = client_for(colleague).get(reverse("admin:reconciliation_conflict_changelist"))
        assert page.context["conflicts"] == 1
        ((_, here, there),) = page.context["groups"][0]["fields"]
        assert (here, [name for name, _ in there]) == ("Anna", ["ServiceTitan", "Salesforce"])


@pytest.mark.django_db
class TestMany:
    def bulk(self, outcome, ids, actor):
        later = timezone.now() + timedelta(seconds=1)
        return bulk_review.start(ids, outcome, actor=actor, looked_at=later, note="", words="all")

    def test_taking_the_sources_leaves_a_field_in_which_two_systems_differ_to_a_person(
        self, source, sales, customer, colleague
    ):
        ids = [one.pk for one in differ_on_three_sides(source, sales, customer)]
        bulk = self.bulk(Outcome.REMOTE, ids, colleague)
        assert (bulk.settled, bulk.skipped) == (0, 2)
        assert Conflict.objects.filter(state="pending").count() == 2

    def test_taking_one_systems_values_settles_the_field_for_all(self, source, sales, customer, colleague):
        _, second = differ_on_three_sides(source, sales, customer)
        self.bulk(Outcome.REMOTE, [second.pk], colleague)
        assert Customer.objects.get(pk=customer.pk).name == "Annie"
        assert not Conflict.objects.filter(state="pending").exists()

    def test_keeping_the_portals_settles_both_and_counts_both(self, source, sales, customer, colleague):
        ids = [one.pk for one in differ_on_three_sides(source, sales, customer)]
        bulk = self.bulk(Outcome.PORTAL, ids, colleague)
        assert (bulk.settled, bulk.skipped) == (2, 0)
        assert Customer.objects.get(pk=customer.pk).name == "Anna"


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "name"), [("source", "Anne"), ("sales", "Anne")])
def test_of_two_systems_the_newer_row_wins_whichever_is_read_first(source, sales, customer, first, name):
    rule = Rule(Policy.NEWEST)
    rows = {
        "source": (source, row(1, at(5), name="Anna")),
        "sales": (sales, row("001A", at(10), name="Anne")),
    }
    for key in sorted(rows, key=lambda key: key != first):
        system, changed = rows[key]
        take(system, "customer", changed, rule=rule)
    assert Customer.objects.get(pk=customer.pk).name == name


@pytest.mark.django_db
def test_what_a_second_system_says_first_of_a_known_customer_fills_gaps_and_overwrites_nothing(
    sales, customer
):
    mine = {"name": "Ana", "kind": "Commercial", "city": "Reno"}
    Customer.objects.filter(pk=customer.pk).update(kind="Residential")
    take(sales, "customer", row("001A", at(5), **mine), rule=Rule(remote_is_record=False))
    customer.refresh_from_db()
    assert (customer.kind, customer.city) == ("Residential", "Reno")
