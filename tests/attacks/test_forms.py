"""S5, S23, S24 and S33: nasty texts in every list and form, members that no form has, and requests from other sites."""

import random

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory

from integrations.api import clients
from portal.models import AuditEntry, User
from reconciliation.models import Job
from tests.admin.objects import OBJECTS
from tests.admin.visits import inline_code
from tests.attacks.counts import FULL, scaled
from tests.attacks.nasty import NASTY, SCRIPTS, reflected
from tests.attacks.routes import ADMINS, list_routes, object_routes, routes
from tests.attacks.stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAMES = (
    *(
        "after",
        "all",
        "batch",
        "before",
        "code",
        "connection",
        "customer",
        "entity",
        "flow",
        "id",
        "o",
        "page",
        "q",
    ),
    *(
        "record",
        "since",
        "show",
        "state",
        "system",
        "table",
        "tenant",
        "than",
        "then",
        "until",
        "what",
        "wipe",
        "p",
    ),
    *(
        "row",
        "_to_field",
        "_popup",
        "_changelist_filters",
        "e",
        "tenant__id__exact",
        "field",
        "step",
        "candidate",
    ),
    *(
        "_selected_action",
        "action",
        "index",
        "note",
        "text",
        "on",
        "item",
        "failure",
        "retry",
        "looked_at",
        "scope",
    ),
)
"""What the portal's pages read from an address or a form."""

CODES = (
    "entity",
    "system",
    "action",
    "currency",
    "timezone",
    "kind",
    "role",
    "table",
    "format",
    "field",
    "body_hash",
)
"""Texts that the portal itself writes, and reads again as a name of something."""


@pytest.fixture
def stage(tenant, other_tenant, platform_admin) -> Stage:
    stage = Stage(tenant, other_tenant, {"admin": platform_admin})
    stage.own = {label: OBJECTS[label](tenant) for label in ADMINS}
    return stage


def bad(reply) -> str:
    """What is wrong with an answer to a nasty request, or ""."""
    if reply.status_code >= 500:
        return f"answers {reply.status_code}: {reply.exc_info and reply.exc_info[1]!r}"
    if any("\n" in value or "\r" in value for value in reply.headers.values()):
        return "has a header of two lines"
    if not reply.headers.get("Content-Type", "").startswith("text/html"):
        return ""
    body = b"".join(reply).decode(errors="replace")
    return ", ".join([*reflected(body), *inline_code(body)])


class Fuzz:
    """Requests with nasty texts, in a fixed disorder; what went wrong, by address."""

    def __init__(self, client: Client) -> None:
        self.client, self.draw = client, random.Random(7)
        self.attempts, self.wrong = 0, []

    def text(self) -> str:
        return self.draw.choice(NASTY)

    def send(self, method: str, url: str, data: dict[str, object]) -> None:
        self.attempts += 1
        reply = getattr(self.client, method)(url, data)
        if words := bad(reply):
            self.wrong.append(f"{method} {url} {data!r:.300} {words}")


def parameters(route) -> list[str]:
    """What a list can be asked: the usual, its filters, and its order."""
    if not route.name.endswith("_changelist"):
        return list(NAMES)
    asking = RequestFactory().get("/")
    asking.user = User.objects.get(username="admin")
    filters = ADMINS[route.label].get_list_filter(asking)
    fields = [one[0] if isinstance(one, tuple) else getattr(one, "parameter_name", one) for one in filters]
    named = [
        f"{field}{end}"
        for field in fields
        if isinstance(field, str)
        for end in ("", "__exact", "__id__exact")
    ]
    return ["q", "q", "q", "o", "p", "all", "_to_field", "id__exact", "pk__in", "tenant__slug__regex", *named]


def test_no_list_and_no_page_breaks_on_what_its_address_asks(stage, count):
    fuzz = Fuzz(stage.client("admin"))
    for route in list_routes():
        names = parameters(route)
        if FULL:
            for name in (*dict.fromkeys(names), *dict.fromkeys(names)):
                fuzz.send("get", route.url(), {name: fuzz.text()})
            for text in NASTY:
                fuzz.send("get", route.url(), {fuzz.draw.choice(names): text})
        for name in fuzz.draw.sample(names, 3):
            fuzz.send("get", route.url(), {name: fuzz.text()})
        if not route.name.endswith("_changelist"):
            fuzz.send("get", route.url(), {name: fuzz.text() for name in names})
    assert not fuzz.wrong, "\n".join(fuzz.wrong[:30])
    count("S23", "lists: searches, filters, orders, parameters", fuzz.attempts, "5xx or reflected")


def test_no_form_breaks_on_what_is_typed(stage, count):
    fuzz = Fuzz(stage.client("admin"))
    for route in (*list_routes(), *object_routes()):
        if route.name.endswith(("_history", "_live", "_delete", "_xlsx", "_csv", "_json")):
            continue
        row = stage.own[route.label]
        names = {*NAMES, *(field.name for field in row._meta.get_fields() if isinstance(field, models.Field))}
        for _ in range(scaled(1, 20)):
            data = {name: fuzz.text() for name in sorted(names) if name not in ("password", "action")}
            fuzz.send("post", route.url(object_id=row.pk), {**data, "_save": "Save"})
    assert not fuzz.wrong, "\n".join(fuzz.wrong[:30])
    count("S23", "forms: every field at once", fuzz.attempts, "5xx or reflected")


def test_what_was_stored_is_shown_as_text(stage, count):
    """Texts reach the database by a pull, too: nothing there is trusted to be harmless."""
    for row in stage.own.values():
        texts = {
            field.attname: SCRIPTS[at % len(SCRIPTS)][: field.max_length or 400]
            for at, field in enumerate(row._meta.concrete_fields)
            if type(field) in (models.CharField, models.TextField) and field.name not in CODES
            if not field.choices and not field.unique
        }
        type(row)._base_manager.filter(pk=row.pk).update(**texts)
    client, wrong, attempts = stage.client("admin"), [], 0
    for route in (*list_routes(), *object_routes()):
        if route.name.endswith(("_changelist", "_change")):
            url = route.url(object_id=stage.own[route.label].pk)
            attempts += 1
            if words := bad(client.get(url)):
                wrong.append(f"{url} {words}")
    assert not wrong, "\n".join(wrong[:30])
    count("S23", "pages of rows that hold scripts", attempts, "5xx or stored XSS")


def test_members_that_a_form_does_not_have_change_nothing(stage, count):
    """S5: all fields of a row are posted to its form; those that the form does not offer stay."""
    client, tried, changed = stage.client("admin"), 0, []
    asking = RequestFactory().get("/")
    asking.user = stage.people["admin"]
    for label, row in stage.own.items():
        found = admin.site._registry[type(row)]
        if not found.has_change_permission(asking, row):
            continue
        fields = [field for field in row._meta.concrete_fields if not field.primary_key]
        offered = set(found.get_form(asking, row, change=True).base_fields) if found.change_action else set()
        before = type(row)._base_manager.values().get(pk=row.pk)
        posted = {
            field.name: other_value(field, before[field.attname])
            for field in fields
            if field.name not in offered
        }
        client.post(
            f"/admin/{label.replace('.', '/')}/{row.pk}/change/", {**posted, "id": "4711", "pk": "4711"}
        )
        after = type(row)._base_manager.values().get(pk=row.pk)
        own = {field.attname for field in fields if field.name in offered}
        changed += [f"{label}.{name}" for name in before if before[name] != after[name] and name not in own]
        tried += len(posted)
    assert not [name for name in changed if not name.endswith("updated_at")], changed
    count("S5", "members posted that a form does not have", tried, "changed")


def other_value(field: models.Field, value: object) -> str:
    """Something else that this field could hold."""
    if isinstance(field, models.BooleanField):
        return "" if value else "on"
    if isinstance(field, (models.ForeignKey, models.IntegerField)):
        return "1"
    if isinstance(field, models.DateTimeField):
        return "2020-01-01 00:00:00"
    return "4711"


def test_members_that_the_api_does_not_have_are_refused(tenant, count):
    _, token = clients.create(tenant, "website")
    browser = Client(headers={"Authorization": f"Bearer {token}"})
    names = [field.name for field in Job._meta.concrete_fields]
    for name in names:
        reply = browser.post("/api/v1/jobs", {name: 1, "tenant_id": 2}, content_type="application/json")
        assert reply.status_code == 422, name
        assert "tenant_id" in reply.content.decode()
    assert not Job.objects.exists()
    count("S5", "members posted that the API does not have", len(names), "changed")


def test_every_unsafe_request_without_a_token_is_refused(stage, count):
    """S33. Exempt by name are those that carry no session: webhooks are signed, API calls carry a bearer token."""
    exempt = {route.name or route.pattern for route in routes() if route.is_csrf_exempt}
    assert exempt == {"webhook", "book_job", "read_job", "api/"}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(stage.people["admin"])
    before, attempts = AuditEntry.objects.count(), 0
    for route in routes():
        if route.is_csrf_exempt:
            continue
        row = stage.own.get(route.label)
        url = route.url(object_id=row.pk if row else 1, uidb64="MQ", token="x-y")
        for method in ("post", "put", "patch", "delete"):
            attempts += 1
            status = getattr(client, method)(url, {"post": "yes"} if method == "post" else "").status_code
            assert status == 403, f"{method} {url} answers {status}"
    assert AuditEntry.objects.count() == before
    count("S33", "unsafe requests without a CSRF token", attempts, "taken")
