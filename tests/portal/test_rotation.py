import json

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from integrations.models import Connection
from portal.management.commands import rotate_secrets
from portal.models import AuditEntry
from reconciliation.models import Source

CREDENTIALS = {"client_id": "cid", "client_secret": "shh"}


@pytest.fixture
def connections(tenant, other_tenant):
    def connect(where, system):
        source = Source.objects.create(tenant=where, system=system, name=system)
        return Connection.objects.create(tenant=where, system=system, source=source, credentials=CREDENTIALS)

    return [
        connect(tenant, "servicetitan"),
        connect(tenant, "salesforce"),
        connect(other_tenant, "servicetitan"),
    ]


def counts(capsys):
    return json.loads(capsys.readouterr().out)["integrations.Connection.credentials"]


def test_an_unreadable_secret_is_counted_left_alone_and_fails_the_command(connections, settings, capsys):
    before = [connection.credentials.token for connection in connections]
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="3 secrets cannot be read"):
        call_command("rotate_secrets", json=True)
    assert counts(capsys) == {"unreadable": 3}
    assert [c.credentials.token for c in Connection.objects.order_by("pk")] == before


def test_every_secret_moves_to_the_first_key_and_the_old_one_can_go(
    connections, settings, capsys, monkeypatch
):
    monkeypatch.setattr(rotate_secrets, "BATCH", 2)
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    call_command("rotate_secrets", json=True)
    assert counts(capsys) == {"rotated": 3}
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert [c.credentials.reveal() for c in Connection.objects.all()] == [CREDENTIALS] * 3
    assert AuditEntry.objects.get(action="secrets.rotated").note == "3 rotated"


def test_a_run_that_was_stopped_is_taken_up_where_it_was(connections, settings, capsys):
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    connections[0].credentials = CREDENTIALS
    connections[0].save()
    call_command("rotate_secrets", json=True)
    assert counts(capsys) == {"current": 1, "rotated": 2}


def test_the_time_at_which_a_secret_was_set_is_kept(connections, settings):
    before = Connection.objects.earliest("pk").credentials.set_at
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    call_command("rotate_secrets", json=True)
    assert Connection.objects.earliest("pk").credentials.set_at == before


def test_a_list_of_rows_decrypts_nothing(connections, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert [str(connection.credentials) for connection in Connection.objects.all()] == ["[secret]"] * 3
