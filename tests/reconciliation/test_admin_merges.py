"""Merging by hand: side by side, confirmed with exact counts, done at once, and taken back."""

import pytest
from django.urls import reverse

from portal.models import AuditEntry
from reconciliation import merge_tasks
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge, undo
from reconciliation.models import Customer, Job, Merge, MergeSettings
from tests.reconciliation.pages import at, record, row, take
from tests.reconciliation.waiting import pair

pytestmark = pytest.mark.django_db
NEW = reverse("admin:reconciliation_merge_new")
THERE = reverse("admin:reconciliation_merge_there")
CUSTOMER = ENTITIES["customer"]


@pytest.fixture
def agent(client_for, colleague):
    return client_for(colleague)


@pytest.fixture
def people(source):
    """Three customers of ServiceTitan with a location and a job each."""
    for key, name in enumerate(("Ana Nunez", "Anna M. Nunez", "A. Nunez"), start=1):
        take(source, "customer", row(key, at(key), name=name, city="Reno", tag_ids=[key, 9]))
        take(source, "location", row(100 + key, refs={"customer": key}, street=f"{key} Elm St"))
        take(source, "job", row(200 + key, refs={"customer": key, "location": 100 + key}, number=f"J{key}"))
    return [record(source, "customer", key) for key in (1, 2, 3)]


def side_by_side(client, *records):
    return client.get(NEW, {"record": [one.pk for one in records]})


def form(records, survivor, **more):
    for one in records:
        one.refresh_from_db()
    versions = {f"version-{one.pk}": one.version for one in records}
    return {"record": [one.pk for one in records], "survivor": survivor.pk, **versions, **more}


def confirmed(client, records, survivor, **more):
    """Both steps, as a person takes them."""
    sent = form(records, survivor, **more)
    page = client.post(NEW, {**sent, "step": "confirm"})
    return client.post(NEW, {**sent, "step": "merge", "counted": page.context["counted"]})


class TestWhoMay:
    @pytest.mark.parametrize("person", ["viewer", "finance"])
    def test_those_who_only_look_do_not_merge(self, request, client_for, person, people):
        client = client_for(request.getfixturevalue(person))
        assert side_by_side(client, *people).status_code == 403
        assert client.post(NEW, {**form(people, people[0]), "step": "merge"}).status_code == 403
        assert not Merge.objects.exists()

    def test_another_merchants_customers_are_no_customers(self, client_for, outsider, people):
        client = client_for(outsider)
        assert "two to 5" in _message(side_by_side(client, *people), client)
        confirm = client.post(NEW, {**form(people, people[0]), "step": "confirm"})
        assert "Nunez" not in client.get(confirm["Location"]).content.decode()

    def test_an_outsider_undoes_nothing(self, client_for, outsider, people):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk])
        assert client_for(outsider).post(_undo(act)).status_code == 404
        act.refresh_from_db()
        assert act.undone_at is None

    def test_an_outsider_ticks_off_no_task(self, client_for, outsider, people, tenant):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk])
        client_for(outsider).post(THERE, {"task": act.moves.get(state="live").pk})
        assert merge_tasks.waiting([tenant.pk]).count() == 1


def _undo(act):
    return reverse("admin:reconciliation_merge_undo", args=[act.pk])


def _message(reply, client):
    return client.get(reply["Location"]).content.decode()


class TestSideBySide:
    @pytest.mark.parametrize("count", [0, 1])
    def test_fewer_than_two_are_no_merge(self, agent, people, count):
        reply = side_by_side(agent, *people[:count])
        assert "two to 5" in _message(reply, agent)

    def test_a_merged_one_is_not_merged_again(self, agent, people):
        merge(CUSTOMER, people[0].pk, [people[1].pk])
        assert "merged already" in _message(side_by_side(agent, *people), agent)

    def test_only_what_differs_is_to_be_chosen(self, agent, people):
        page = side_by_side(agent, *people)
        assert [line.name for line in page.context["different"]] == ["name", "tag_ids"]
        assert "city" not in {line.name for line in page.context["different"]}

    def test_the_tenants_rules_say_which_value_is_proposed(self, agent, people, tenant):
        def proposed():
            line = next(
                line for line in side_by_side(agent, *people).context["different"] if line.name == "name"
            )
            return next(cell.words for cell in line.cells if cell.chosen)

        assert proposed() == "Anna M. Nunez"
        MergeSettings.objects.create(tenant=tenant, rules={"name": "newest"})
        assert proposed() == "A. Nunez"

    def test_the_record_on_which_most_hangs_is_proposed_to_stay(self, agent, people, source):
        take(source, "job", row(299, refs={"customer": 3, "location": 103}))
        assert side_by_side(agent, *people).context["survivor"] == people[2].pk

    def test_its_queries_do_not_grow_with_the_records(self, agent, people, django_assert_max_num_queries):
        side_by_side(agent, *people[:2])
        with django_assert_max_num_queries(60) as two:
            side_by_side(agent, *people[:2])
        with django_assert_max_num_queries(len(two)):
            assert len(side_by_side(agent, *people).context["columns"]) == 3


class TestConfirming:
    def test_it_counts_exactly_what_then_moves(self, agent, people):
        page = agent.post(NEW, {**form(people, people[0]), "step": "confirm"})
        assert page.context["counts"] == {"locations": 2, "jobs": 2, "links": 2}
        confirmed(agent, people, people[0])
        assert Merge.objects.get().moves.count() == 6

    def test_what_was_chosen_is_shown_before_it_is_written(self, agent, people):
        page = agent.post(NEW, {**form(people, people[0], **{"pick-name": people[1].pk}), "step": "confirm"})
        assert ("name", "Ana Nunez", "Anna M. Nunez") in page.context["changed"]
        assert not Merge.objects.exists()

    def test_back_keeps_what_was_chosen(self, agent, people):
        page = agent.post(NEW, {**form(people, people[1], **{"pick-name": people[2].pk}), "step": "back"})
        line = next(line for line in page.context["different"] if line.name == "name")
        assert page.context["survivor"] == people[1].pk
        assert [cell.chosen for cell in line.cells] == [False, False, True]

    def test_more_that_came_meanwhile_is_counted_again_before_anything_moves(self, agent, people, source):
        sent = form(people, people[0])
        page = agent.post(NEW, {**sent, "step": "confirm"})
        take(source, "job", row(299, refs={"customer": 3, "location": 103}))
        again = agent.post(NEW, {**sent, "step": "merge", "counted": page.context["counted"]})
        assert "What moves has changed" in again.content.decode()
        assert again.context["counts"]["jobs"] == 3
        assert not Merge.objects.exists()

    def test_a_record_that_moved_on_is_shown_anew_and_not_merged(self, agent, people):
        sent = form(people, people[0])
        edit(CUSTOMER, people[2].pk, {"name": "Adela Nunez"})
        page = agent.post(NEW, {**sent, "step": "confirm"})
        assert "was changed while you looked at it" in page.content.decode()
        assert "Adela Nunez" in page.content.decode()
        assert not Merge.objects.exists()

    def test_a_survivor_that_is_no_part_of_it_is_refused(self, agent, people):
        reply = agent.post(NEW, {**form(people[:2], people[2]), "step": "confirm"})
        assert "Choose the one that stays" in reply.content.decode()


class TestMerged:
    def test_values_come_from_where_they_were_chosen_and_tags_are_united(self, agent, people, colleague):
        confirmed(agent, people, people[0], **{"pick-name": people[1].pk}, note="same phone")
        ana = Customer.objects.get(pk=people[0].pk)
        assert (ana.name, sorted(ana.tag_ids)) == ("Anna M. Nunez", [1, 2, 3, 9])
        assert Job.objects.filter(customer=ana).count() == 3
        act = Merge.objects.get()
        assert (act.actor, act.note) == (colleague, "same phone")
        assert AuditEntry.objects.filter(action="record.merged", actor=colleague).exists()

    def test_its_page_says_what_moved_and_leads_on(self, agent, people):
        candidate = pair(people[0], people[1])
        reply = confirmed(agent, people[:2], people[0], candidate=candidate.pk)
        page = agent.get(reply["Location"]).content.decode()
        for words in ("J2", "Carl Colleague", "Undo this merge", "Next duplicates"):
            assert words in page
        assert f"than={candidate.pk}" in page

    def test_the_list_names_who_merged_what(self, agent, people, colleague):
        merge(CUSTOMER, people[0].pk, [people[1].pk, people[2].pk], actor=colleague)
        page = agent.get(reverse("admin:reconciliation_merge_changelist")).content.decode()
        assert "Anna M. Nunez + A. Nunez" in page and "Carl Colleague" in page

    def test_the_survivors_page_leads_to_the_merge(self, agent, people, colleague):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk], actor=colleague)
        page = agent.get(
            reverse("admin:reconciliation_customer_change", args=[people[0].pk])
        ).content.decode()
        assert reverse("admin:reconciliation_merge_change", args=[act.pk]) in page

    def test_the_losers_page_leads_to_the_survivor(self, agent, people):
        merge(CUSTOMER, people[0].pk, [people[1].pk])
        page = agent.get(
            reverse("admin:reconciliation_customer_change", args=[people[1].pk])
        ).content.decode()
        assert reverse("admin:reconciliation_customer_change", args=[people[0].pk]) in page


class TestUndone:
    def test_everything_comes_back_and_the_page_says_so(self, agent, people):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk, people[2].pk], {"name": "Ana"})
        page = agent.post(_undo(act), follow=True).content.decode()
        assert "6 rows went back" in page
        assert "Undo this merge" not in page
        assert sorted(Job.objects.values_list("customer", flat=True)) == sorted(one.pk for one in people)
        assert Customer.objects.get(pk=people[0].pk).name == "Ana Nunez"

    def test_what_was_changed_since_is_named_with_both_values(self, agent, people):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk], {"name": "Ana"})
        edit(CUSTOMER, people[0].pk, {"name": "Anamaria Nunez"})
        page = agent.post(_undo(act), follow=True).content.decode()
        assert "stays <ins>Anamaria Nunez</ins>, was <del>Ana Nunez</del>" in page
        later = agent.get(reverse("admin:reconciliation_merge_change", args=[act.pk])).content.decode()
        assert "Anamaria Nunez" in later

    def test_a_second_undo_changes_nothing(self, agent, people):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk])
        agent.post(_undo(act))
        first = Merge.objects.get().undone
        agent.post(_undo(act))
        assert Merge.objects.get().undone == first

    def test_the_records_pages_still_open_with_their_history(self, agent, people):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk])
        undo(act)
        for one in people[:2]:
            page = agent.get(reverse("admin:reconciliation_customer_change", args=[one.pk]))
            assert "undid a merge" in page.content.decode()


class TestAtTheSource:
    def test_a_merge_here_leaves_a_task_with_both_ids(self, agent, people):
        merge(CUSTOMER, people[0].pk, [people[1].pk])
        (task,) = agent.get(THERE).context["tasks"]
        assert (task["loser_id"], task["survivor_id"]) == ("2", "1")
        assert task["loser"] == "Anna M. Nunez"

    def test_a_person_ticks_it_off(self, agent, people, colleague):
        act = merge(CUSTOMER, people[0].pk, [people[1].pk])
        move = act.moves.get(state="live")
        agent.post(THERE, {"task": move.pk})
        move.refresh_from_db()
        assert move.done_by == colleague
        assert agent.get(THERE).context["tasks"] == []

    def test_the_source_reporting_the_merge_closes_it(self, agent, people, source):
        merge(CUSTOMER, people[0].pk, [people[1].pk])
        take(source, "customer", row(2, at(30), name="Anna M. Nunez", active=False, merged_to="1"))
        assert agent.get(THERE).context["tasks"] == []
        assert Merge.objects.count() == 1

    def test_an_undone_merge_leaves_nothing_to_do(self, agent, people):
        undo(merge(CUSTOMER, people[0].pk, [people[1].pk]))
        assert agent.get(THERE).context["tasks"] == []

    def test_what_the_source_merged_itself_leaves_nothing_to_do(self, agent, people, source):
        take(source, "customer", row(2, at(30), name="Anna M. Nunez", active=False, merged_to="1"))
        assert Merge.objects.get().source == source
        assert agent.get(THERE).context["tasks"] == []

    def test_the_list_asks_the_database_as_often_for_two_tasks_as_for_one(
        self, agent, people, django_assert_max_num_queries
    ):
        merge(CUSTOMER, people[0].pk, [people[1].pk])
        agent.get(THERE)
        with django_assert_max_num_queries(60) as one:
            agent.get(THERE)
        merge(CUSTOMER, people[0].pk, [people[2].pk])
        with django_assert_max_num_queries(len(one)):
            assert len(agent.get(THERE).context["tasks"]) == 2


class TestSettings:
    def page(self, tenant):
        row, _ = MergeSettings.objects.get_or_create(tenant=tenant)
        return reverse("admin:reconciliation_mergesettings_change", args=[row.pk])

    def test_the_loser_can_be_set_inactive_at_the_source(self, client_for, owner, tenant):
        client = client_for(owner)
        assert "where its rule goes both ways" in client.get(self.page(tenant)).content.decode()
        assert client.post(self.page(tenant), {"loser": "inactive"}).status_code == 302
        assert MergeSettings.objects.get().loser == "inactive"

    def test_an_agent_does_not_change_them(self, agent, tenant):
        assert agent.post(self.page(tenant), {"loser": "task", "rule_name": "newest"}).status_code == 403

    def test_a_rule_is_kept_per_field(self, client_for, owner, tenant):
        client = client_for(owner)
        assert client.post(self.page(tenant), {"loser": "task", "rule_name": "newest"}).status_code == 302
        assert MergeSettings.objects.get().rules == {"name": "newest"}

    def test_a_first_row_is_added_for_one_of_the_persons_tenants_only(
        self, client_for, owner, tenant, other_tenant
    ):
        client = client_for(owner)
        add = reverse("admin:reconciliation_mergesettings_add")
        client.post(add, {"tenant": other_tenant.pk, "loser": "task"})
        assert not MergeSettings.objects.exists()
        client.post(add, {"tenant": tenant.pk, "loser": "task", "rule_address": "newest"})
        assert MergeSettings.objects.get().rules == {"address": "newest"}
