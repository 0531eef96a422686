"""Choosing what a merchant shares."""

import json

import pytest

from integrations.work import work
from portal.models import AuditEntry
from reconciliation.models import Job, Link
from tests.integrations.pages import at, said, words

pytestmark = pytest.mark.django_db(transaction=True)
EVERYTHING = {"businessUnits": None, "customerTagFilter": None, "jobLookback": None}


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


def units_of(client, connection):
    form = client.get(at("connection_scope", connection.pk)).context["form"]
    return [code for code, _ in form.fields["unit_names"].choices]


def test_a_viewer_reads_the_scope_and_cannot_change_it(client_for, viewer, connection):
    client = client_for(viewer)
    page = client.get(at("connection_scope", connection.pk))
    assert json.dumps(EVERYTHING) in words(page)
    assert "Save the scope" not in words(page)
    assert client.post(at("connection_scope", connection.pk), {"document": "{}"}).status_code == 403


def test_only_these_without_any_is_refused_beside_the_boxes(staff, connection):
    boxes = {"units": "some", "tags": "some", "lookback": "custom", "duration": "30 days"}
    text = words(staff.post(at("connection_scope", connection.pk), boxes))
    assert "Choose at least one business unit, or all of them." in text
    assert "Choose at least one tag, or all of them." in text
    assert "“30 days” is not an ISO 8601 duration" in text
    connection.refresh_from_db()
    assert connection.scope == EVERYTHING


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "This is not JSON"),
        ("[]", "A scope is an object like"),
        ('{"businessUnits": ["BU_NOWHERE"], "customerTagFilter": null, "jobLookback": null}', "“BU_NOWHERE”"),
        ('{"businessUnits": null, "customerTagFilter": null, "jobLookback": null, "depth": 1}', "“depth”"),
        ('{"businessUnits": null, "customerTagFilter": null}', "“jobLookback” is missing"),
    ],
)
def test_json_that_is_no_scope_is_refused_by_name_and_kept_in_its_box(staff, connection, document, complaint):
    page = staff.post(at("connection_scope", connection.pk), {"document": document})
    assert complaint in words(page)
    assert page.context["document_form"]["document"].value() == document
    connection.refresh_from_db()
    assert connection.scope == EVERYTHING


def test_a_scope_chosen_before_anything_came_is_stored_at_once_in_its_one_form(staff, connection):
    unit = units_of(staff, connection)[0]
    boxes = {"units": "some", "unit_names": [unit], "tags": "all", "lookback": "P30D"}
    staff.post(at("connection_scope", connection.pk), boxes)
    connection.refresh_from_db()
    assert connection.scope == {"businessUnits": [unit], "customerTagFilter": None, "jobLookback": "P30D"}
    page = staff.get(at("connection_scope", connection.pk))
    assert f'{{"businessUnits": ["{unit}"], "customerTagFilter": null, "jobLookback": "P30D"}}' in words(page)
    assert json.loads(AuditEntry.objects.get(action="scope.changed").diff["scope"][1]) == connection.scope


def test_narrowing_says_what_leaves_and_freezes_only_once_confirmed(staff, connection):
    for rule in connection.rules.filter(entity__in=["customer", "location", "job"]):
        work(rule.pk)
    jobs = Job.objects.count()
    live = Link.objects.filter(entity="job", state=Link.State.LIVE)
    before = live.count()
    boxes = {"units": "some", "unit_names": units_of(staff, connection)[:1], "tags": "all", "lookback": "all"}
    page = staff.post(at("connection_scope", connection.pk), boxes)
    leaving = page.context["leaving"]["job"]
    assert 0 < leaving < before
    assert f"{page.context['total']} records would leave the scope." in words(page)
    connection.refresh_from_db()
    assert connection.scope == EVERYTHING
    assert live.count() == before
    confirmed = {"document": page.context["document"], "confirmed": "1"}
    reply = staff.post(at("connection_scope", connection.pk), confirmed)
    assert "frozen" in said(reply)
    assert live.count() == before - leaving
    assert Job.objects.count() == jobs
