"""Credentials and tokens of a connection: typed, refused, stored, used, renewed; shown nowhere."""

import io
import logging

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from integrations.models import AccessToken, Connection
from integrations.work import work
from tests.leaks import KeptLog, Search

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def search(request, client_for, tenant):
    return Search(lambda person: client_for(request.getfixturevalue(person)), tenant)


def form(search, sandbox, **changed):
    return {
        "tenant_id": "900001",
        "client_id": search.plant("client id that is refused"),
        "client_secret": search.plant("client secret"),
        "app_key": search.plant("app key"),
        "environment": "custom",
        "api_url": sandbox.url,
        "auth_url": sandbox.url,
        **changed,
    }


def test_refused_credentials_stand_nowhere_in_clear(search, sandbox, owner, impatient, capsys, count):
    partner = search.browse("owner")
    with KeptLog() as log:
        add = reverse("admin:integrations_connection_add")
        partner.post(f"{add}?tenant={search.tenant.pk}", **form(search, sandbox, environment="nowhere"))
        options = [f"--{name.replace('_', '-')}={value}" for name, value in form(search, sandbox).items()]
        with pytest.raises(CommandError) as refused:
            call_command("connect", search.tenant.slug, "servicetitan", *options, stdout=io.StringIO())
        search.read("the command's error", str(refused.value))
        connection = Connection.objects.get()
        for page in ("change", "credentials", "test", "history"):
            partner.get(reverse(f"admin:integrations_connection_{page}", args=[connection.pk]))
        partner.get(reverse("admin:index"))
        partner.get(reverse("admin:portal_auditentry_changelist"))
        logging.getLogger("integrations").warning("client_secret=%s", search.plant("client secret"))
        search.read("log", log.getvalue())
    search.read("output", "".join(capsys.readouterr()))
    del search.planted["client id that is refused"]  # no secret: the form may show it again
    assert "[hidden]" in log.getvalue(), "the log was not kept, so it was not searched"
    assert not search.found()
    count("S10", "planted secrets x places, in every form", search.attempts, "in clear")


def test_a_token_in_use_stands_nowhere_in_clear(
    search, sandbox, connection, owner, impatient, tmp_path, settings, count
):
    settings.EXPORT_DIR = tmp_path
    sandbox.control.faults("server_error:1.0,path=/locations", "token_expired:1.0,count=1,path=/customers")
    with KeptLog() as log:
        runs = [work(connection.rules.get(entity=name).pk).run for name in ("customer", "location")]
        call_command(
            "export", search.tenant.slug, "customer", "--format=csv", f"--output={tmp_path / 'all.csv'}"
        )
        partner = search.browse("owner")
        for run in runs:
            partner.get(reverse("admin:integrations_run_change", args=[run.pk]))
        search.read("log", log.getvalue())
    search.read("the runs' errors", repr([(run.error, run.error_details) for run in runs]))
    search.planted["access token"] = AccessToken.objects.get(connection=connection).value.reveal()
    assert [run.state for run in runs] == ["completed", "failed"]
    assert (tmp_path / "all.csv").stat().st_size > 1000
    assert not search.found()
    count("S10", "planted secrets x places, in every form", search.attempts, "in clear")
