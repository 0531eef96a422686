"""API clients in the admin: made, shown once, revoked."""

import re

import pytest
from django.urls import reverse

from integrations.models import ApiClient
from portal.models import AuditEntry
from tests.integrations.bookings import Caller

pytestmark = pytest.mark.django_db
ADD = "admin:integrations_apiclient_add"


def made(browser, tenant, name="Website"):
    return browser.post(reverse(ADD), {"tenant": tenant.pk, "name": name}, follow=True)


def test_nobody_makes_a_client_for_another_partners_tenant(client_for, owner, other_tenant):
    reply = made(client_for(owner), other_tenant)
    assert "Select a valid choice" in reply.content.decode()
    assert not ApiClient.objects.exists()


def test_a_support_agent_makes_none(client_for, colleague, tenant):
    assert made(client_for(colleague), tenant).status_code == 403


def test_a_token_is_shown_once_works_until_it_is_revoked_and_leaves_its_trail(client_for, owner, tenant):
    browser = client_for(owner)
    page = made(browser, tenant)
    [token] = re.findall(r"tl_[\w-]{30,}", page.content.decode())
    client = ApiClient.objects.get()
    caller = Caller(client, token)
    address = reverse("admin:integrations_apiclient_change", args=[client.pk])
    assert page.redirect_chain[-1][0] == address
    assert token not in browser.get(address).content.decode()
    assert caller.get("/api/v1/jobs/1").status_code == 404
    browser.post(reverse("admin:integrations_apiclient_revoke", args=[client.pk]))
    assert caller.get("/api/v1/jobs/1").status_code == 401
    actions = AuditEntry.objects.filter(target_type="integrations.apiclient").order_by("pk")
    assert [(entry.action, entry.actor, entry.tenant) for entry in actions] == [
        ("api_client.added", owner, tenant),
        ("api_client.revoked", owner, tenant),
    ]


def test_two_clients_of_a_tenant_have_two_names(client_for, owner, tenant):
    browser = client_for(owner)
    made(browser, tenant)
    assert "already exists" in made(browser, tenant).content.decode()
