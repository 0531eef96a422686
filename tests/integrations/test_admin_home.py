"""What the home page says of integrations, to whom, and at what cost."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import CallBudget, Connection, Heartbeat, Run, RunFailure
from integrations.schedule import TICK
from tests.admin.objects import OBJECTS
from tests.integrations.pages import at, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(client_for, owner):
    client = client_for(owner)
    return lambda: words(client.get(reverse("admin:index")))


def healthy(tenant):
    connection = OBJECTS["integrations.connection"](tenant)
    Connection.objects.filter(pk=connection.pk).update(problem="", health="healthy")
    return Connection.objects.get(pk=connection.pk)


def test_trouble_of_another_partner_is_not_shown(home, other_tenant):
    OBJECTS["integrations.runfailure"](other_tenant)
    OBJECTS["reconciliation.conflict"](other_tenant)
    page = home()
    assert "Nothing needs a person now." in page
    assert "planted" not in page


def test_a_connection_to_link_again_comes_with_its_link(client_for, owner, tenant):
    connection = OBJECTS["integrations.connection"](tenant)
    Connection.objects.update(
        status="relink", problem="The app was disabled.", problem_who="fix_configuration"
    )
    page = client_for(owner).get(reverse("admin:index"))
    text = words(page)
    assert "The app was disabled. Someone who configures this connection must act. Link again" in text
    assert "ServiceTitan needs re-link" in text
    assert at("connection_test", connection.pk) in page.content.decode()


def test_trouble_that_mends_itself_does_not_call_a_person(home, tenant):
    OBJECTS["integrations.connection"](tenant)
    Connection.objects.update(problem="Slow.", problem_who="retry_later", health="degraded")
    assert "Slow." not in home()


def test_a_failed_run_names_who_must_act(home, tenant):
    connection = healthy(tenant)
    connection.rules.filter(entity="customer").update(failures=1)
    OBJECTS["integrations.run"](tenant)
    assert "Trunkline's support must act." in home()


def test_a_failed_run_that_came_through_later_is_forgotten(home, tenant):
    healthy(tenant)
    OBJECTS["integrations.run"](tenant)
    Run.objects.create(rule=OBJECTS["integrations.syncrule"](tenant), state=Run.State.COMPLETED)
    assert "Trunkline's support must act." not in home()


def test_failed_records_and_conflicts_are_counted(home, tenant):
    healthy(tenant)
    OBJECTS["integrations.runfailure"](tenant)
    OBJECTS["reconciliation.conflict"](tenant)
    page = home()
    assert "1 record failed." in page
    assert "1 field changed on both sides." in page


def test_a_worker_cluster_that_stopped_is_said_to_those_who_run_syncs(home, client_for, viewer, tenant):
    Heartbeat.objects.create(name=TICK, at=timezone.now() - timedelta(minutes=10))
    assert "manage.py worker" in home()
    assert "manage.py worker" not in words(client_for(viewer).get(reverse("admin:index")))


def test_records_per_day_are_drawn_and_summed(home, tenant):
    rule = OBJECTS["integrations.syncrule"](tenant)
    now = timezone.now()
    for days, created in ((0, 7), (3, 20), (40, 1000)):
        Run.objects.create(
            rule=rule, state="completed", created=created, updated=1, started_at=now - timedelta(days)
        )
    page = home()
    assert "29 created or updated in 14 days" in page


def test_calls_of_the_last_minute_stand_beside_what_is_allowed(home, tenant, other_tenant):
    minute = int(timezone.now().timestamp()) // 60
    for owner_of_key, calls in ((tenant, 1234), (other_tenant, 999)):
        connection = OBJECTS["integrations.connection"](owner_of_key)
        Connection.objects.filter(pk=connection.pk).update(budget_key=owner_of_key.slug)
        CallBudget.objects.create(key=owner_of_key.slug, minute=minute, last_minute_calls=calls)
    page = home()
    assert "1,234 of 3,600" in page
    assert "999" not in page


def test_pending_review_and_dedupe_stand_among_the_integrations_with_their_counts(client_for, owner, tenant):
    OBJECTS["reconciliation.conflict"](tenant)
    OBJECTS["reconciliation.matchcandidate"](tenant)
    page = words(client_for(owner).get("/admin/integrations/"))
    assert "Pending review 1" in page
    assert "Dedupe 1" in page


def test_the_menus_lead_to_what_waits(client_for, owner, tenant):
    OBJECTS["reconciliation.conflict"](tenant)
    OBJECTS["reconciliation.matchcandidate"](tenant)
    client = client_for(owner)
    for model in ("conflict", "matchcandidate"):
        page = client.get(reverse(f"admin:reconciliation_{model}_changelist"))
        assert page.status_code == 200


def test_home_costs_the_same_queries_however_many_merchants_have_trouble(
    client_for, owner, partner, django_assert_max_num_queries
):
    from portal.models import Tenant

    client = client_for(owner)
    for number in range(12):
        tenant = Tenant.objects.create(partner=partner, name=f"Shop {number}", slug=f"shop-{number}")
        OBJECTS["integrations.runfailure"](tenant)
    with django_assert_max_num_queries(40):
        client.get(reverse("admin:index"))
    assert RunFailure.objects.count() == 12
