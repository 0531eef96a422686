"""S11 to S15: secrets at rest rotated while the rotation is killed, swapped, and left without their key."""

import os
import random
import warnings

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse

from integrations import connecting
from integrations.models import Connection, Hook, Subscription, WebhookAddress
from portal.management.commands import rotate_secrets
from portal.secrets import SecretUnreadable, encrypted_fields
from tests.admin.objects import OBJECTS
from tests.attacks.counts import scaled

DIED = 137


def rotation_that_dies(after: int) -> int:
    """The command in a process of its own, which is gone from one instant to the next at the row number `after`."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # forking beside threads: the child only runs this
        connections.close_all()
        pid = os.fork()
    if pid == 0:
        seen = 0
        real = rotate_secrets._rotate

        def dying(*args):
            nonlocal seen
            seen += 1
            if seen > after:
                os._exit(DIED)
            real(*args)

        rotate_secrets._rotate = dying
        try:
            call_command("rotate_secrets", json=True, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_rotation_that_is_killed_again_and_again_loses_no_secret(tenant, settings, count, monkeypatch):
    monkeypatch.setattr(rotate_secrets, "BATCH", 50)
    secrets, kills, draw = scaled(400, 10_000), scaled(5, 20), random.Random(12)
    Subscription.objects.bulk_create(
        Subscription(tenant=tenant, url=f"https://x.example/{n}", events=[], secret=f"secret number {n}")
        for n in range(secrets)
    )
    old = list(settings.FIELD_KEYS)
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *old]
    for number in range(kills):
        assert rotation_that_dies(draw.randrange(secrets * number // kills, secrets)) == DIED
        assert [s.secret.reveal() for s in Subscription.objects.order_by("pk")[:20]] == [
            f"secret number {n}" for n in range(20)
        ]
    call_command("rotate_secrets", json=True, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert {s.secret.reveal() for s in Subscription.objects.all()} == {
        f"secret number {n}" for n in range(secrets)
    }
    settings.FIELD_KEYS = old
    with pytest.raises(SecretUnreadable):
        Subscription.objects.first().secret.reveal()
    count("S12", f"secrets rotated by a command killed {kills} times", secrets, "lost")


@pytest.mark.django_db
def test_without_the_key_every_page_stands_and_leads_to_entering_it_again(
    tenant, owner, client_for, settings, count
):
    for label in ("integrations.connection", "integrations.subscription", "integrations.hook"):
        OBJECTS[label](tenant)
    before = {field: field.attname for _, field in encrypted_fields()}
    assert len(before) >= 5
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    connection, tried = Connection.objects.get(), 0
    browser = client_for(owner)
    for page in ("change", "credentials", "test", "rules", "webhooks", "scope", "disconnect"):
        reply = browser.get(reverse(f"admin:integrations_connection_{page}", args=[connection.pk]))
        assert reply.status_code in (200, 302), page
        tried += 1
    reply = browser.post(reverse("admin:integrations_connection_test", args=[connection.pk]), follow=True)
    assert "cannot be read with the keys" in reply.content.decode()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rotate_secrets", json=True)
    form = {"tenant_id": "1", "client_id": "cid.n", "client_secret": "cs.n", "app_key": "ak1.n"}
    connecting.save_credentials(tenant, "servicetitan", form, environment="production", allowed_hosts=[])
    connection.refresh_from_db()
    assert connection.credentials.reveal()["client_secret"] == "cs.n", "entering it again is the way out"
    address, _ = WebhookAddress.objects.get_or_create(connection=connection)
    address.key = "k" * 40
    address.save()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert (
        browser.post(f"/webhooks/servicetitan/{address.token}", b"{}", "application/json").status_code == 401
    )
    assert "cannot be read" in Hook.objects.latest("pk").outcome
    count("S15", "pages of secrets whose key is lost", tried + 3, "broken")
