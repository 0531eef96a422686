"""Rows of the API, for the walk."""

from integrations.api import clients
from integrations.models import ApiClient
from tests.admin.objects import makes, planted


@makes("integrations.apiclient")
def api_client(tenant) -> ApiClient:
    known = ApiClient.objects.filter(tenant=tenant).first()
    return known or clients.create(tenant, planted(tenant))[0]
