"""S1 and S2: two merchants, every role of the one, every address and every way of asking, and nothing of the other."""

import json

import pytest
from django.contrib.admin import helpers
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import reverse

from integrations.api import clients
from integrations.models import ApiClient, Connection, Hook, WebhookAddress
from portal.access import tenant_of
from reconciliation.models import Customer, Job
from tests.admin.visits import FOREIGN
from tests.attacks.counts import FULL
from tests.attacks.routes import ADMINS, list_routes, object_routes, routes
from tests.attacks.stage import ROLES, Stage, state_of
from tests.integrations.test_webhooks_in import KEY, body_of, signed
from tests.leaks import KeptLog
from tests.reconciliation import shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOT_BY_ID = ("_delete", "_history", "_csv", "_xlsx", "_json", "_notices", "_retry", "_disconnect", "_live")
"""Pages that take no id but their row's; those that act on the own row without a question."""
FOR_MACHINES = {"webhook", "book_job", "read_job", "openapi-json", "api-root", "healthz", "readyz", "metrics"}
FOR_ANYBODY = {
    *("login", "logout", "password_change", "password_change_done", "jsi18n", "index", "app_list"),
    *("set_password", "autocomplete", "view_on_site"),
}
IDS = {
    # what pages of the portal call the id of something, in an address or a form -> whose id is tried
    **{
        "tenant": "portal.tenant",
        "tenant__id__exact": "portal.tenant",
        "customer": "reconciliation.customer",
    },
    **{"record": "reconciliation.customer", "connection": "integrations.connection"},
    **{
        "id": "reconciliation.exportfile",
        "row": "integrations.tablerow",
        "than": "reconciliation.matchcandidate",
    },
    **{"candidate": "reconciliation.matchcandidate", "survivor": "reconciliation.customer"},
    **{"failure": "integrations.runfailure", "retry": "integrations.runfailure", "job": "reconciliation.job"},
    **{
        "location": "reconciliation.location",
        "of": "reconciliation.customer",
        "pk": "reconciliation.customer",
    },
    **{"partner": "portal.partner", "user": "portal.user", "source": "integrations.connection"},
}
OF_ONESELF = ("log-in/", "me/", "admin/login")
"""Log-in and one's own account: about nobody's rows; their attacks stand with their tests."""


@pytest.fixture
def stage(request, tenant, other_tenant) -> Stage:
    people = {name: request.getfixturevalue(name) for name in ROLES}
    return Stage(tenant, other_tenant, people).fill()


@pytest.fixture
def nothing_changed(stage):
    """The other merchant's rows are the same before and after, whatever was posted."""
    before = state_of(stage.other)
    yield
    after = state_of(stage.other)
    assert sum(map(len, before.values())) > len(ADMINS), (
        "the other merchant has no rows, so nothing was tried"
    )
    changed = [label for label in before if before[label] != after[label]]
    assert not changed, f"rows of the other merchant were changed: {changed}"


def settle(stage, count, what):
    assert not stage.leaks, f"{len(stage.leaks)} leaks: " + "\n".join(stage.leaks[:20])
    count("S1", what, stage.attempts, "leaks", len(stage.leaks))


def test_every_address_of_the_resolver_is_attacked_by_one_of_these():
    left = {
        route.pattern
        for route in routes()
        if not (route.label or route.name in FOR_MACHINES | FOR_ANYBODY)
        and not route.pattern.startswith(OF_ONESELF)
    }
    assert left <= {"", "admin/(?P<url>.*)$", "api/"}, "give new addresses a place in the attacks"


@pytest.mark.usefixtures("nothing_changed")
def test_another_merchants_row_is_on_no_page_by_no_method(stage, count):
    rare = ("put", "patch", "delete", "head", "options")
    for at, route in enumerate(object_routes()):
        url = route.url(object_id=stage.foreign[route.label].pk)
        allowed = (404,) if route.name else (302, 404)  # the address without a page leads on, whatever the id
        for name in ROLES:
            stage.attack(stage.client(name), "get", url, allowed=allowed)
        for name in stage.turns(at):
            client = stage.client(name)
            stage.attack(client, "post", url, {"post": "yes", "_save": "Save"}, allowed=allowed)
            stage.attack(client, rare[at % len(rare)], url, allowed=allowed)
    settle(stage, count, "pages of another merchant's row, every method")


TABLES = ({"q": "planted"}, {"o": "-1.2", "all": ""}, {"_popup": "1", "_to_field": "id"}, {"p": "2"})


@pytest.mark.usefixtures("nothing_changed")
def test_lists_counts_filters_orders_searches_and_exports_hold_nothing_foreign(stage, count):
    for at, route in enumerate(list_routes()):
        for name in stage.turns(at):
            client = stage.client(name)
            stage.attack(client, "get", route.url())
            if route.name.endswith("_changelist"):
                narrow(stage, client, route, TABLES if FULL else TABLES[at % 4 :][:1])
    settle(stage, count, "lists, counts, filters, orders, searches, exports")


def narrow(stage, client, route, tables):
    """Ask a list for what is another merchant's, in all the ways that a list can be asked."""
    url, found = route.url(), ADMINS[route.label]
    foreign = stage.foreign[route.label].pk
    for asked in (*tables, {"pk__exact": foreign}, {"id__in": foreign}):
        reply = stage.attack(client, "get", url, asked)
        listed = (reply.context or {}).get("cl") if reply.status_code == 200 else None
        if found.tenant_path is not None and listed is not None:
            owners = [tenant_of(row, found.tenant_path) for row in listed.result_list]
            stage.leaks += [
                f"{url} {asked} lists a row of {owner}" for owner in owners if owner == stage.other
            ]
    # a lookup through a relation would be a way to guess letter by letter
    path = "__".join(part for part in (found.tenant_path or "", "name__startswith") if part)
    sizes = {
        len(stage.attack(client, "get", url, {path: letter}, allowed=(200, 302, 400, 403)).body)
        for letter in "EZ"
    }
    if len(sizes) > 1:
        stage.leaks.append(f"{url} tells by {path} whether there is a merchant with E")


@pytest.mark.usefixtures("nothing_changed")
def test_ids_of_another_merchant_in_queries_and_forms_open_nothing(stage, count):
    ids = {param: stage.foreign[label].pk for param, label in IDS.items()}
    pages = [route for route in routes() if route.label and not route.name.endswith(NOT_BY_ID)]
    for at, route in enumerate(pages):
        url = route.url(object_id=stage.own[route.label].pk)
        for name in stage.turns(at):
            client = stage.client(name)
            stage.attack(client, "get", url, ids)
            if not route.is_of_object:
                stage.attack(client, "post", f"{url}?tenant={ids['tenant']}", {**ids, "post": "yes"})
    settle(stage, count, "ids of another merchant in queries and forms")


@pytest.mark.usefixtures("nothing_changed")
def test_bulk_actions_pass_over_foreign_rows(stage, count):
    asking = RequestFactory().get("/")
    for name, user in stage.people.items():
        asking.user = user
        for label, found in ADMINS.items():
            url = reverse(f"admin:{label.replace('.', '_')}_changelist")
            for action in found.get_actions(asking):
                chosen = {"action": action, helpers.ACTION_CHECKBOX_NAME: str(stage.foreign[label].pk)}
                posted = {**chosen, "post": "yes", "select_across": "1"}
                stage.attack(stage.client(name), "post", url, chosen, allowed=(200, 302, 403))
                stage.attack(stage.client(name), "post", url, posted, allowed=(200, 302, 403))
    settle(stage, count, "bulk actions with another merchant's rows")


def test_forms_and_autocompletes_offer_nothing_foreign(stage, count):
    asking = RequestFactory().get("/")
    for name, user in stage.people.items():
        asking.user = user
        for at, (label, found) in enumerate(ADMINS.items()):
            for field in found.model._meta.get_fields():
                if isinstance(field, ForeignKey) and name in stage.turns(at):
                    app, model = label.split(".")
                    where = {"app_label": app, "model_name": model, "field_name": field.name, "term": ""}
                    stage.attack(
                        stage.client(name),
                        "get",
                        reverse("admin:autocomplete"),
                        where,
                        allowed=(200, 403, 404),
                    )
            if found.has_add_permission(asking):
                offered(stage, found.get_form(asking), label)
            if found.has_change_permission(asking, stage.own[label]):
                offered(stage, found.get_form(asking, stage.own[label], change=True), label)
    settle(stage, count, "choices of forms, autocompletes")


def offered(stage, form, label):
    for name, field in form.base_fields.items():
        if isinstance(field, ModelChoiceField):
            stage.attempts += 1
            foreign = stage.foreign.get(field.queryset.model._meta.label_lower)
            if foreign is not None and field.queryset.filter(pk=foreign.pk).exists():
                stage.leaks.append(f"the form of {label} offers {foreign!r} as {name}")


def test_the_search_of_everything_and_pages_of_the_site_find_nothing_foreign(stage, count):
    texts = ["planted", *(row.external_id for row in stage.foreign.values() if hasattr(row, "external_id"))]
    for at, text in enumerate(texts):
        for name in stage.turns(at):
            stage.attack(
                stage.client(name), "get", reverse("admin:integrations_connection_find"), {"q": text}
            )
    for at, row in enumerate(stage.foreign.values()):
        kind = ContentType.objects.get_for_model(row).pk
        for name in stage.turns(at):
            stage.attack(stage.client(name), "get", f"/admin/r/{kind}/{row.pk}/", allowed=(404,))
    for name in ROLES:
        for page in ("index", "password_change"):
            stage.attack(stage.client(name), "get", reverse(f"admin:{page}"))
        for app in {label.split(".")[0] for label in ADMINS}:
            stage.attack(stage.client(name), "get", reverse("admin:app_list", args=[app]))
    settle(stage, count, "search of everything, pages of the site")


def test_a_token_of_one_merchant_reaches_no_row_of_another_through_the_api(
    stage, tenant, other_tenant, count
):
    _, token = clients.create(tenant, "website")
    browser = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    jobs = Job.objects.count()
    for job in Job.objects.filter(tenant=other_tenant):
        stage.attack(browser, "get", f"/api/v1/jobs/{job.pk}", allowed=(404,))
        for method in ("head", "post", "put", "patch", "delete"):
            stage.attack(browser, method, f"/api/v1/jobs/{job.pk}", allowed=(404, 405))
    for asked in bookings_with_one_foreign_id(tenant, other_tenant):
        reply = browser.post("/api/v1/jobs", json.dumps(asked), content_type="application/json")
        stage.attempts += 1
        if reply.status_code != 422 or FOREIGN.search(reply.content.decode()):
            stage.leaks.append(f"booking {asked} answers {reply.status_code}: {reply.content!r}")
    assert Job.objects.count() == jobs
    ApiClient.objects.filter(tenant=tenant).update(revoked_at="2026-01-01T00:00Z")
    stage.attack(
        browser, "get", f"/api/v1/jobs/{Job.objects.filter(tenant=tenant).first().pk}", allowed=(401,)
    )
    settle(stage, count, "API")


def bookings_with_one_foreign_id(tenant, other):
    """Bookings that are right but for one id, which is another merchant's."""

    def body(where, **changed):
        kinds = {kind: shop.item(where, kind).pk for kind in ("job_type", "business_unit", "campaign")}
        payer = Customer.objects.filter(tenant=where).first()
        place = shop.location(where, payer)
        window = {"start": "2027-03-04T09:00:00Z", "end": "2027-03-04T12:00:00Z"}
        return {**kinds, "customer": {"id": payer.pk}, "location": {"id": place.pk}, "arrival_window": window}

    own, foreign = body(tenant), body(other)
    for name in ("customer", "location", "job_type", "business_unit", "campaign"):
        yield {**own, name: foreign[name]}


def test_a_webhook_signed_by_one_merchants_key_is_refused_at_anothers_address(stage, count):
    own, foreign = (Connection.objects.get(tenant=where) for where in (stage.tenant, stage.other))
    WebhookAddress.objects.create(connection=own, key=KEY)
    address = WebhookAddress.objects.create(connection=foreign, key="f" * 40)
    for event in ("job.completed", "customer.updated", "planted"):
        for body in (body_of(event=event), b"{}", b"[]"):
            stage.attempts += 1
            headers = {"x-servicetitan-signature": signed(body, KEY), "x-servicetitan-event": event}
            reply = Client().post(
                f"/webhooks/servicetitan/{address.token}",
                body,
                content_type="application/json",
                headers=headers,
            )
            if reply.status_code != 401:
                stage.leaks.append(f"{event} answers {reply.status_code}")
    assert not Hook.objects.filter(connection=foreign).exclude(state__in=("refused", "received")).exists()
    settle(stage, count, "webhooks signed by another merchant's key")


def test_the_canaries_are_in_no_mail_and_no_log_of_the_first_merchant(stage, count):
    with KeptLog() as log:
        for at, route in enumerate(routes()):
            if route.label and route.name.endswith("_changelist"):
                for name in stage.turns(at):
                    stage.attack(stage.client(name), "get", route.url(object_id=stage.own[route.label].pk))
    said = log.getvalue() + "".join(str(message.message()) for message in mail.outbox)
    assert not FOREIGN.search(said)
    assert not stage.leaks, "\n".join(stage.leaks[:20])
    count("S2", "canaries in pages, mails and logs", stage.attempts, "found")


def test_the_watchers_notice_a_leak(stage, platform_admin):
    """Who may see both merchants finds the canaries everywhere: so they are there, and would be seen."""
    stage.people["admin"] = platform_admin
    client = stage.client("admin")
    watched = [route for route in object_routes() if route.name.endswith("_change")]
    for route in watched:
        stage.attack(client, "get", route.url(object_id=stage.foreign[route.label].pk), allowed=(404,))
    assert len(stage.leaks) == len(watched), "\n".join(stage.leaks)
