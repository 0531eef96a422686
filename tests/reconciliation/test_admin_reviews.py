"""Pending review: an agent sees what differs, decides, and goes on; what moved meanwhile is never written over."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEntry
from reconciliation import bulk_review
from reconciliation.admin.differences import parts
from reconciliation.editing import edit
from reconciliation.models import BulkReview, Conflict, Customer
from reconciliation.reviewing import Outcome, resolve
from tests.reconciliation import shop
from tests.reconciliation.pages import at, record, row, take
from tests.reconciliation.waiting import ASK, CUSTOMER, differ, of

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reconciliation_conflict_changelist")
BULK = reverse("admin:reconciliation_conflict_bulk")


def address(conflict):
    return reverse("admin:reconciliation_conflict_change", args=[conflict.pk])


@pytest.fixture
def agent(client_for, colleague):
    return client_for(colleague)


def sent(page, **more):
    """What the form of a review page would send, as the page stands."""
    values = {"version": page.context["version"], "looked_at": page.context["now"].isoformat()}
    for line in page.context["rows"]:
        first, *others = [side.conflict.pk for side in line.sides]
        values |= {f"field-{first}": "1", f"beside-{first}": others}
        for side in line.sides:
            values[f"seen-{side.conflict.pk}"] = side.seen
            values[f"of-{first}-{side.conflict.link.source_id}"] = side.conflict.pk
    return {**values, **more}


def decide(client, conflict, **more):
    return client.post(address(conflict), sent(client.get(address(conflict)), **more))


class TestWhoMay:
    @pytest.mark.parametrize("person", ["viewer", "finance"])
    def test_those_who_only_look_are_not_offered_to_settle_and_cannot(
        self, request, client_for, source, person
    ):
        (conflict,) = differ(source)
        client = client_for(request.getfixturevalue(person))
        page = client.get(address(conflict))
        assert b"Settle as marked" not in page.content
        assert client.post(address(conflict), sent(page, settle="approve")).status_code == 403
        assert Customer.objects.get().name == "Anna Nunez"

    def test_an_outsider_finds_neither_the_row_nor_its_page(self, client_for, outsider, source):
        (conflict,) = differ(source)
        client = client_for(outsider)
        assert b"Anna" not in client.get(LIST).content
        assert client.get(address(conflict)).status_code == 404
        assert client.post(address(conflict), {"settle": "approve"}).status_code == 404

    def test_an_outsider_settles_nothing_of_ours_in_bulk(self, client_for, outsider, source):
        (conflict,) = differ(source)
        client_for(outsider).post(BULK, {"bulk": "approve", "scope": "all"})
        client_for(outsider).post(BULK, {"bulk": "approve", "row": conflict.pk})
        assert of(source).get().state == Conflict.State.PENDING

    def test_another_merchants_conflict_cannot_be_slipped_into_the_form_of_an_own_one(
        self, agent, source, other_tenant
    ):
        (mine,) = differ(source)
        foreign_source = shop.source(other_tenant)
        (foreign,) = differ(foreign_source)
        version = record(foreign_source, "customer", 1).version
        slipped = {
            f"field-{foreign.pk}": "1",
            f"seen-{foreign.pk}": '"Anne Nunez"',
            f"choice-{foreign.pk}": "remote",
            "version": version,
        }
        for settle in ("chosen", "approve"):
            reply = agent.post(address(mine), {**slipped, "settle": settle})
            assert reply.status_code == 404
        foreign.refresh_from_db()
        assert foreign.state == Conflict.State.PENDING
        assert record(foreign_source, "customer", 1).name == "Anna Nunez"

    def test_a_bulk_review_is_shown_to_the_person_who_asked_for_it(self, client_for, owner, colleague):
        bulk = BulkReview.objects.create(actor=owner, outcome="remote", looked_at=timezone.now(), total=0)
        assert client_for(owner).get(BULK, {"id": bulk.pk}).status_code == 200
        assert client_for(colleague).get(BULK, {"id": bulk.pk}).status_code == 404


class TestTheInbox:
    def test_nothing_that_waits_says_so(self, agent):
        assert "Nothing waits for a decision" in agent.get(LIST).content.decode()

    def test_a_record_is_one_row_with_its_differing_fields(self, agent, source):
        differ(
            source,
            here={"name": "Anna Nunez", "city": "Elko"},
            there={"name": "Anne Nunez", "city": "Sparks"},
        )
        page = agent.get(LIST)
        (group,) = page.context["groups"]
        assert [label for label, _, _ in group["fields"]] == ["name", "city"]
        assert page.context["counts"]["field"] == [("city", "city", 1), ("name", "name", 1)]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"field": "city"}, {"Bea"}),
            ({"field": "nonsense"}, set()),
            ({"entity": "job"}, set()),
            ({"entity": "customer"}, {"Ana", "Bea"}),
            ({"system": "servicetitan"}, {"Ana", "Bea"}),
            ({"system": "syspro"}, set()),
            ({"reason": "emptied_there"}, {"Bea"}),
            ({"reason": "changed"}, {"Ana"}),
            ({"age": "7"}, {"Ana"}),
            ({"tenant": "0"}, set()),
            ({"tenant": "x"}, {"Ana", "Bea"}),
            ({"tenant": "9" * 40}, set()),
            ({"page": "9" * 40}, {"Ana", "Bea"}),
            ({"q": "bea"}, {"Bea"}),
            ({"q": "nobody"}, set()),
        ],
    )
    def test_filters_and_search_narrow_it(self, agent, source, query, found):
        differ(source, 1, agreed={"name": "An", "city": "Reno"}, here={"name": "Ana"})
        differ(source, 2, agreed={"name": "Bea", "city": "Reno"}, here={"city": "Elko"}, there={"city": ""})
        of(source, 1).update(created_at=timezone.now() - timedelta(days=8))
        groups = agent.get(LIST, query).context["groups"]
        assert {group["name"] for group in groups} == found

    def test_it_asks_the_database_as_often_for_twenty_rows_as_for_two(
        self, agent, source, django_assert_max_num_queries
    ):
        for key in range(1, 3):
            differ(source, key)
        agent.get(LIST)
        with django_assert_max_num_queries(60) as two:
            agent.get(LIST)
        for key in range(3, 21):
            differ(source, key)
        with django_assert_max_num_queries(len(two)):
            assert len(agent.get(LIST).context["groups"]) == 20

    def test_the_menu_counts_records_of_ones_own_tenants(self, agent, client_for, outsider, source):
        differ(source)
        home = reverse("admin:app_list", args=["integrations"])
        page = agent.get(home).content.decode()
        assert f'<a href="{LIST}" class="badge warn">1</a>' in page
        assert f'<a href="{LIST}" class="badge ok">0</a>' in client_for(outsider).get(home).content.decode()


class TestOneRecord:
    def test_it_shows_both_sides_who_moved_them_and_what_hangs_on_it(self, agent, source, colleague, tenant):
        (conflict,) = differ(source, actor=colleague)
        customer = Customer.objects.get()
        shop.job(tenant, customer, number="J-77", summary="No hot water")
        shop.invoice(tenant, customer, number="INV-12", total="210.00")
        page = agent.get(address(conflict)).content.decode()
        for words in (
            "<mark>Anna</mark> Nunez",
            "<mark>Anne</mark> Nunez",
            "Ana Nunez",
            "Carl Colleague",
            "J-77",
            "INV-12",
            "$210.00",
            "changed on both sides",
        ):
            assert words in page

    def test_its_queries_do_not_grow_with_its_fields(self, agent, source, django_assert_max_num_queries):
        (one,) = differ(source, 1)
        many = differ(
            source,
            2,
            agreed={"name": "A", "city": "B", "street": "C", "kind": "Residential"},
            here={"name": "A1", "city": "B1", "street": "1 C St", "kind": "x"},
            there={"name": "A2", "city": "B2", "street": "2 C St", "kind": "y"},
        )
        agent.get(address(one))
        with django_assert_max_num_queries(60) as first:
            agent.get(address(one))
        with django_assert_max_num_queries(len(first)):
            assert len(agent.get(address(many[0])).context["rows"]) == 4

    def test_settling_without_a_choice_says_what_to_do(self, agent, source):
        (conflict,) = differ(source)
        page = decide(agent, conflict, settle="chosen")
        assert "Nothing was chosen yet" in page.content.decode()
        assert of(source).get().state == Conflict.State.PENDING

    def test_a_form_that_was_tampered_with_settles_nothing(self, agent, source):
        (conflict,) = differ(source)
        for values in (
            {f"field-{conflict.pk}": "1", f"seen-{conflict.pk}": "{"},
            {f"field-{conflict.pk}": "1"},
            {"field-x": "1", "seen-x": "1"},
            {"version": "many"},
            {f"field-{conflict.pk + 9}": "1", f"seen-{conflict.pk + 9}": "1"},
        ):
            agent.post(address(conflict), {"settle": "approve", "version": 2, **values})
        assert of(source).get().state == Conflict.State.PENDING

    @pytest.mark.parametrize(("settle", "name"), [("approve", "Anne Nunez"), ("reject", "Anna Nunez")])
    def test_approve_takes_the_source_and_reject_keeps_the_portal(
        self, agent, source, colleague, settle, name
    ):
        (conflict,) = differ(source)
        decide(agent, conflict, settle=settle, note="rang her")
        conflict.refresh_from_db()
        assert Customer.objects.get().name == name
        assert (conflict.state, conflict.actor, conflict.note) == (
            Conflict.State.RESOLVED,
            colleague,
            "rang her",
        )
        assert AuditEntry.objects.filter(actor=colleague, note__contains="rang her").exists()

    def test_a_merge_takes_each_field_from_where_it_was_chosen_or_typed(self, agent, source):
        name, city, street = differ(
            source,
            agreed={"name": "A", "city": "B", "street": "1 C St"},
            here={"name": "A1", "city": "B1", "street": "3 C St"},
            there={"name": "A2", "city": "B2", "street": "2 C St"},
        )
        more = {f"choice-{name.pk}": "remote", f"choice-{city.pk}": "portal", f"choice-{street.pk}": "other"}
        decide(agent, name, settle="chosen", **more, **{f"value-{street.pk}": "4 C St"})
        customer = Customer.objects.get()
        assert (customer.name, customer.city, customer.street) == ("A2", "B1", "4 C St")
        assert not of(source).filter(state=Conflict.State.PENDING).exists()

    def test_a_typed_value_that_does_not_fit_settles_nothing_at_all(self, agent, source):
        name, balance = differ(
            source,
            agreed={"name": "A", "balance": Decimal(1)},
            here={"name": "B", "balance": Decimal(2)},
            there={"name": "C", "balance": Decimal(3)},
        )
        more = {
            f"choice-{name.pk}": "remote",
            f"choice-{balance.pk}": "other",
            f"value-{balance.pk}": "plenty",
        }
        page = decide(agent, name, settle="chosen", **more)
        assert "“plenty” is no amount for balance" in page.content.decode()
        assert Customer.objects.get().name == "B"

    def test_after_settling_the_next_that_matches_is_opened(self, agent, source):
        (first,) = differ(source, 1)
        differ(source, 2, here={"city": "Elko"}, there={"city": "Sparks"})
        (third,) = differ(source, 3)
        page = agent.get(address(first), {"field": "name"})
        reply = agent.post(f"{address(first)}?field=name", sent(page, settle="approve"))
        assert reply["Location"] == f"{address(third)}?field=name"
        assert (
            agent.post(address(third), sent(agent.get(address(third)), settle="approve"))["Location"] == LIST
        )


class TestTheLostRace:
    def test_a_record_that_moved_on_is_shown_anew_and_not_written_over(self, agent, source, owner):
        (conflict,) = differ(source)
        page = agent.get(address(conflict))
        edit(CUSTOMER, Customer.objects.get().pk, {"name": "Anna N. Nunez", "city": "Elko"}, actor=owner)
        reply = agent.post(address(conflict), sent(page, settle="approve"))
        words = reply.content.decode()
        assert "was changed while you looked at it" in words
        assert "Olive Owner" in words and "Elko" in words
        assert Customer.objects.get().name == "Anna N. Nunez"

    def test_what_is_settled_after_that_is_the_new_state(self, agent, source, owner):
        (conflict,) = differ(source)
        page = agent.get(address(conflict))
        edit(CUSTOMER, Customer.objects.get().pk, {"name": "Anna N. Nunez"}, actor=owner)
        again = agent.post(address(conflict), sent(page, settle="reject"))
        agent.post(address(conflict), sent(again, settle="reject"))
        conflict.refresh_from_db()
        assert (conflict.state, conflict.outcome_value) == (Conflict.State.RESOLVED, "Anna N. Nunez")

    def test_a_conflict_that_somebody_settled_meanwhile_says_who(self, agent, source, owner):
        (conflict,) = differ(source)
        page = agent.get(address(conflict))
        resolve(conflict.pk, Outcome.PORTAL, actor=owner, note="as she spells it")
        words = agent.post(address(conflict), sent(page, settle="approve")).content.decode()
        assert "settled by Olive Owner while you looked" in words
        assert "the portal&#x27;s value was kept" in words and "as she spells it" in words
        assert Customer.objects.get().name == "Anna Nunez"

    def test_a_source_that_changed_it_again_is_heard_first(self, agent, source):
        (conflict,) = differ(source)
        page = agent.get(address(conflict))
        take(source, "customer", row(1, at(2), name="Annette Nunez", city="Reno"), rule=ASK)
        words = agent.post(address(conflict), sent(page, settle="approve")).content.decode()
        assert "changed the value again" in words and "Annette" in words
        assert Customer.objects.get().name == "Anna Nunez"


class TestMany:
    def bulk(self, client, **values):
        return client.post(BULK, {"looked_at": (timezone.now() + timedelta(seconds=1)).isoformat(), **values})

    def test_nothing_chosen_settles_nothing(self, agent, source):
        differ(source)
        self.bulk(agent, bulk="approve", scope="selected")
        self.bulk(agent, bulk="burn", scope="all")
        assert of(source).get().state == Conflict.State.PENDING

    def test_the_marked_records_are_settled_and_no_others(self, agent, source):
        (one,), (two,) = differ(source, 1), differ(source, 2)
        self.bulk(agent, bulk="approve", scope="selected", row=[one.pk], note="checked")
        one.refresh_from_db(), two.refresh_from_db()
        assert (one.state, one.outcome, one.note) == (Conflict.State.RESOLVED, Outcome.REMOTE, "checked")
        assert two.state == Conflict.State.PENDING

    def test_all_that_match_are_those_of_the_filter(self, agent, source):
        differ(source, 1), differ(source, 2, here={"city": "Elko"}, there={"city": "Sparks"})
        agent.post(
            f"{BULK}?field=city", {"bulk": "reject", "scope": "all", "looked_at": timezone.now().isoformat()}
        )
        assert of(source, 1).get().state == Conflict.State.PENDING
        assert of(source, 2).get().outcome == Outcome.PORTAL

    def test_what_changed_after_the_person_looked_is_left_for_them(self, agent, source):
        differ(source, 1), differ(source, 2), differ(source, 3)
        looked_at = timezone.now()
        take(source, "customer", row(1, at(2), name="Annette Nunez", city="Reno"), rule=ASK)
        edit(CUSTOMER, record(source, "customer", 2).pk, {"name": "Anna N. Nunez"})
        agent.post(BULK, {"bulk": "approve", "scope": "all", "looked_at": looked_at.isoformat()})
        states = [of(source, key).get().state for key in (1, 2, 3)]
        assert states == [Conflict.State.PENDING, Conflict.State.PENDING, Conflict.State.RESOLVED]
        assert (BulkReview.objects.get().settled, BulkReview.objects.get().skipped) == (1, 2)

    @pytest.fixture
    def called(self, monkeypatch):
        """Those that a worker was called for; no worker comes by itself."""
        found = []
        monkeypatch.setattr(bulk_review, "call_worker", found.append)
        monkeypatch.setattr(bulk_review, "AT_ONCE", 2)
        return found

    @pytest.mark.django_db(transaction=True)
    def test_many_are_left_to_a_worker_with_progress(self, agent, source, called):
        for key in range(1, 6):
            differ(source, key)
        reply = self.bulk(agent, bulk="approve", scope="all")
        bulk = BulkReview.objects.get()
        assert reply["Location"] == f"{BULK}?id={bulk.pk}"
        assert called == [bulk.pk]
        live = reverse("admin:reconciliation_conflict_bulk_live")
        assert "0 of 5" in agent.get(live, {"id": bulk.pk}).content.decode()
        assert bulk_review.work(bulk.pk)
        done = agent.get(live, {"id": bulk.pk})
        assert "5 of 5" in done.content.decode()
        assert done["X-Refresh"] == "done"
        assert not Conflict.objects.filter(state=Conflict.State.PENDING).exists()

    def start(self, source, colleague, count=4):
        ids = [differ(source, key)[0].pk for key in range(1, count + 1)]
        looked_at = timezone.now() + timedelta(seconds=1)
        return bulk_review.start(
            ids, Outcome.REMOTE, actor=colleague, looked_at=looked_at, note="", words="all"
        )

    def test_a_worker_that_died_is_followed_by_one_that_goes_on(self, source, colleague, called, monkeypatch):
        bulk = self.start(source, colleague)
        settle, done = bulk_review._settle, []

        def dies(*args):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(args[1])
            return settle(*args)

        monkeypatch.setattr(bulk_review, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            bulk_review.work(bulk.pk)
        monkeypatch.setattr(bulk_review, "_settle", settle)
        assert not bulk_review.work(bulk.pk), "the lease of the dead one still runs"
        later = timezone.now() - timedelta(minutes=5)
        BulkReview.objects.update(lease_until=later, created_at=bulk.created_at - timedelta(minutes=5))
        assert bulk_review.resume(timezone.now()) == 1
        assert bulk_review.work(bulk.pk)
        bulk.refresh_from_db()
        assert (bulk.state, bulk.settled, bulk.skipped) == (BulkReview.State.DONE, 4, 0)

    def test_what_does_not_fit_into_one_turn_goes_on_in_the_next(self, source, colleague, called):
        bulk = self.start(source, colleague)
        called.clear()
        assert bulk_review.work(bulk.pk, seconds=0)
        bulk.refresh_from_db()
        assert (bulk.settled, bulk.is_open, called) == (1, True, [bulk.pk])

    def test_stopped_it_leaves_the_rest_waiting(self, agent, source, colleague, called):
        bulk = self.start(source, colleague)
        bulk_review.work(bulk.pk, seconds=0)
        agent.post(f"{reverse('admin:reconciliation_conflict_bulk_cancel')}?id={bulk.pk}")
        assert not bulk_review.work(bulk.pk)
        assert Conflict.objects.filter(state=Conflict.State.PENDING).count() == 3

    def test_somebody_who_lost_their_role_meanwhile_settles_nothing_more(self, source, colleague, called):
        bulk = self.start(source, colleague)
        colleague.grants.all().delete()
        bulk_review.work(bulk.pk)
        bulk.refresh_from_db()
        assert (bulk.settled, bulk.skipped) == (0, 4)


@pytest.mark.parametrize(
    ("one", "other"), [("", "x"), ("12 Elm St", "12 Elm Street"), ("a b", "a b"), ("é ,", ", é")]
)
def test_the_pieces_of_a_marked_text_are_the_whole_text(one, other):
    ours, theirs = parts(one, other)
    assert "".join(text for text, _ in ours) == one
    assert "".join(text for text, _ in theirs) == other
    assert [text for text, same in ours if same] == [text for text, same in theirs if same]
