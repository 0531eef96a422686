"""The way from “Add tenant” to a merchant who is live, and everything that can go wrong on it."""

import re

import pytest

from integrations.admin.checklist import Standing, next_step, steps
from integrations.models import Connection
from integrations.tasks import wake
from portal.models import AuditEntry, Tenant
from tests.integrations.pages import at, good_credentials, said, words

pulls = pytest.mark.django_db(transaction=True)


@pytest.mark.django_db
def test_nobody_connects_a_merchant_of_another_partner(client_for, outsider, tenant):
    reply = client_for(outsider).get(at("connection_add", tenant=tenant.pk))
    assert tenant.name not in words(reply)
    client_for(outsider).post(at("connection_add", tenant=tenant.pk), {"tenant_id": "1"})
    assert not Connection.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["colleague", "finance", "viewer"])
def test_who_does_not_configure_cannot_open_the_credentials(client_for, request, tenant, person):
    client = client_for(request.getfixturevalue(person))
    assert client.get(at("connection_add", tenant=tenant.pk)).status_code == 403


@pytest.mark.django_db
def test_nothing_typed_in_names_each_field_and_stores_nothing(client_for, owner, tenant):
    reply = client_for(owner).post(at("connection_add", tenant=tenant.pk), {"environment": "production"})
    text = words(reply)
    for label in ("Tenant id", "Client id", "Client secret", "App key"):
        assert f"{label} is missing." in text
    assert "API Application Access" in text
    assert not Connection.objects.exists()


@pytest.mark.django_db
def test_a_tenant_id_with_letters_is_explained_beside_its_field(client_for, owner, tenant, sandbox):
    typed = good_credentials(sandbox, tenant_id="nine")
    reply = client_for(owner).post(at("connection_add", tenant=tenant.pk), typed)
    assert "The tenant id is a whole number, digits only" in words(reply)
    assert not Connection.objects.exists()


@pytest.mark.django_db
def test_an_address_that_nobody_allowed_is_refused(client_for, owner, tenant, sandbox):
    typed = good_credentials(sandbox, api_url="http://10.0.0.1:8000")
    reply = client_for(owner).post(at("connection_add", tenant=tenant.pk), typed)
    assert "10.0.0.1:8000 is not allowed" in words(reply)
    assert not Connection.objects.exists()


@pytest.mark.django_db
def test_secrets_never_come_back_to_a_form(client_for, owner, connection):
    body = client_for(owner).get(at("connection_credentials", connection.pk)).content.decode()
    assert "cs1.sandbox" not in body
    assert "ak1.sandbox" not in body
    assert "cid.sandbox" not in body
    assert "900001" in body


@pulls
def test_a_wrong_secret_is_stored_tested_and_explained(client_for, owner, tenant, sandbox):
    client = client_for(owner)
    typed = good_credentials(sandbox, client_secret="cs1.wrong")
    reply = client.post(at("connection_add", tenant=tenant.pk), typed, follow=True)
    text = words(reply)
    assert "The test failed." in text
    assert "Go to the credentials" in text
    assert "Someone who configures this connection must act." in text
    assert Connection.objects.get().status == Connection.Status.RELINK


@pulls
def test_a_blank_secret_keeps_what_is_stored(client_for, owner, connection, sandbox):
    typed = good_credentials(sandbox, client_secret="", app_key="", client_id="")
    reply = client_for(owner).post(at("connection_credentials", connection.pk), typed, follow=True)
    assert "every scope that is needed was granted" in words(reply)
    connection.refresh_from_db()
    assert connection.credentials.reveal()["client_secret"] == "cs1.sandbox"


@pulls
def test_a_missing_scope_says_how_to_grant_it_and_why_its_rule_is_off(client_for, owner, tenant, sandbox):
    client_of_app = sandbox.access.clients["cid.sandbox"]
    client_of_app.scopes = tuple(scope for scope in client_of_app.scopes if "invoices" not in scope)
    client = client_for(owner)
    reply = client.post(at("connection_add", tenant=tenant.pk), good_credentials(sandbox), follow=True)
    assert "Upgrade to New Version" in words(reply)
    connection = Connection.objects.get()
    assert "Off: scope is missing: tn.acc.invoices:r" in words(
        client.get(at("connection_rules", connection.pk))
    )
    client_of_app.scopes = sandbox.access.app_scopes
    sandbox.access.expire_tokens()
    client.post(at("connection_test", connection.pk))
    assert connection.rules.get(entity="invoice").enabled


@pulls
def test_an_account_whose_test_fails_later_shows_what_to_do(client_for, owner, connection, sandbox):
    sandbox.access.clients["cid.sandbox"].enabled = False
    sandbox.access.expire_tokens()
    client = client_for(owner)
    client.post(at("connection_test", connection.pk))
    page = words(client.get(f"/admin/portal/tenant/{connection.tenant_id}/change/"))
    assert "See what to do" in page


@pulls
def test_a_viewer_may_look_at_the_test_and_not_run_it(client_for, viewer, connection):
    client = client_for(viewer)
    page = client.get(at("connection_test", connection.pk))
    assert page.status_code == 200
    assert "Test again" not in words(page)
    assert client.post(at("connection_test", connection.pk)).status_code == 403


@pulls
def test_going_live_is_refused_before_the_first_sync(client_for, owner, connection):
    reply = client_for(owner).post(at("connection_review", connection.pk))
    assert "Not yet" in said(reply)
    connection.tenant.refresh_from_db()
    assert connection.tenant.status == Tenant.Status.ONBOARDING


@pulls
def test_a_paused_merchant_cannot_be_synced_and_says_why(client_for, owner, connection):
    client = client_for(owner)
    client.post(at("connection_pause", connection.pk))
    reply = client.post(at("connection_sync", connection.pk))
    assert "Paused" in said(reply)
    client.post(at("connection_resume", connection.pk))
    connection.refresh_from_db()
    assert connection.status == Connection.Status.CONNECTED


@pulls
def test_a_connection_that_was_never_connected_cannot_be_paused_into_being_so(client_for, owner, connection):
    Connection.objects.update(status=Connection.Status.RELINK)
    client = client_for(owner)
    client.post(at("connection_pause", connection.pk))
    client.post(at("connection_resume", connection.pk))
    connection.refresh_from_db()
    assert connection.status == Connection.Status.RELINK


@pulls
def test_from_add_tenant_to_live_each_page_leads_to_the_next(client_for, owner, partner, sandbox):
    client = client_for(owner)
    details = {"name": "Ridge Air", "slug": "ridge", "partner": partner.pk, "timezone": "America/Chicago",
               "phone_region": "US", "currency": "USD", "status": "onboarding"}  # fmt: skip
    page = client.post("/admin/portal/tenant/add/", details, follow=True)
    tenant = Tenant.objects.get(slug="ridge")
    assert page.request["PATH_INFO"] == f"/admin/portal/tenant/{tenant.pk}/change/"
    assert "Enter credentials" in words(page)
    page = client.post(at("connection_add", tenant=tenant.pk), good_credentials(sandbox), follow=True)
    connection = Connection.objects.get(tenant=tenant)
    assert "Choose the scope" in words(page)
    page = client.post(
        at("connection_scope", connection.pk), {"units": "all", "tags": "all", "lookback": "all"}, follow=True
    )
    assert "Go through the rules" in words(page)
    page = client.post(at("connection_rules", connection.pk), _rules_form(connection), follow=True)
    assert "Start the first sync" in words(page)
    page = client.post(at("connection_sync", connection.pk), follow=True)
    assert f"of {connection.rules.filter(enabled=True).count()} done" in words(page)
    wake()
    page = client.get(page.request["PATH_INFO"], {"batch": page.context["batch"]})
    assert "Everything came through." in words(page)
    page = client.post(at("connection_review", connection.pk), follow=True)
    assert "Ridge Air is live." in words(page)
    trail = set(AuditEntry.objects.filter(tenant=tenant).values_list("action", flat=True))
    assert {"tenant.added", "connection.added", "connection.tested", "sync.started", "tenant.live"} <= trail


def _rules_form(connection):
    """The rules page's form as it stands."""
    rules = list(connection.rules.all())
    form = {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": len(rules)}
    for number, rule in enumerate(rules):
        values = {name: getattr(rule, name) for name in ("id", "interval", "policy", "system_of_record")}
        form |= {f"rules-{number}-{name}": value for name, value in values.items()}
        if rule.enabled:
            form[f"rules-{number}-enabled"] = "on"
    return form


class TestTheChecklist:
    """Decided from values alone."""

    def next_after(self, **standing):
        step = next_step(steps(Standing(**standing), "ServiceTitan"))
        return (step.name, step.state) if step else None

    def test_begins_with_the_credentials(self):
        assert self.next_after() == ("credentials", "todo")

    def test_stops_at_a_test_that_failed_with_its_reason(self):
        at_test = Standing(status="relink", problem="The app is not allowed.", tested_at=None)
        found = next_step(steps(at_test, "ServiceTitan"))
        assert (found.name, found.state, found.words) == ("test", "bad", "The app is not allowed.")

    def test_shows_a_first_sync_that_runs_fails_or_is_done(self, django_user_model):
        from datetime import UTC, datetime

        known = {
            "status": "connected",
            "tested_at": datetime.now(UTC),
            "scope_chosen": True,
            "rules_chosen": True,
        }
        assert self.next_after(**known, rules_on=3, left=3) == ("sync", "todo")
        assert self.next_after(**known, rules_on=3, left=3, open_runs=2) == ("sync", "busy")
        assert self.next_after(**known, rules_on=3, left=1, failed=("job",)) == ("sync", "bad")
        assert self.next_after(**known, rules_on=3) == ("review", "todo")
        assert self.next_after(**known, rules_on=3, live=True) is None


@pytest.mark.django_db
@pytest.mark.django_db
@pytest.mark.parametrize("person", ["owner", "colleague", "finance", "viewer"])
def test_every_step_of_the_checklist_that_is_linked_opens(client_for, request, connection, person):
    client = client_for(request.getfixturevalue(person))
    page = client.get(f"/admin/portal/tenant/{connection.tenant_id}/change/").content.decode()
    checklist = page.partition('<ol class="steps">')[2].partition("</ol>")[0]
    links = re.findall(r'<a [^>]*href="([^"#]+)', checklist)
    assert links
    assert {link: client.get(link.replace("&amp;", "&")).status_code for link in links} == dict.fromkeys(
        links, 200
    )


def test_a_value_that_is_optional_may_be_left_out(owner, tenant, sandbox):
    from integrations.admin.credentials import CredentialsForm
    from integrations.connectors.registry import CONNECTORS

    form = CredentialsForm(CONNECTORS["servicetitan"], None, good_credentials(sandbox))
    assert form.is_valid(), form.errors
    optional = [field for field in form.spec.fields if not field.required]
    assert all(form.fields[field.name].label.endswith("(optional)") for field in optional)


@pulls
def test_the_tenants_page_costs_a_fixed_number_of_queries(
    client_for, owner, connection, django_assert_max_num_queries
):
    client = client_for(owner)
    with django_assert_max_num_queries(24):
        client.get(f"/admin/portal/tenant/{connection.tenant_id}/change/")
