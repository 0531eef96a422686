"""S11 to S15: secrets at rest rotated while the rotation is killed, swapped, and left without their key."""

import json
import os
import random
import warnings
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from integrations import connecting
from integrations.alerts.troubles import moved_secrets
from integrations.models import AccessToken, Connection, Hook, Subscription, WebhookAddress
from portal.entrance.factors import SECRETS
from portal.keyring import Place, SecretMisplaced, SecretUnreadable, keyring
from portal.management.commands import rotate_secrets
from portal.misplaced import MISPLACED
from portal.models import AuditEntry
from portal.secrets import Secret, encrypted_fields
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


PLACES = {
    "connection": [("credentials", {"client_secret": "of {}"})],
    "accesstoken": [("value", "token of {}"), ("grant", "grant of {}")],
    "webhookaddress": [("key", "key of {}")],
    "subscription": [("secret", "secret of {}")],
    "alertchannel": [("url", "https://x.example/{}"), ("secret", "channel of {}")],
}


def rows_with_secrets(tenant):
    """One row of each model that keeps secrets, each field filled in."""
    rows = [
        OBJECTS[f"integrations.{name}"](tenant) for name in ("connection", "subscription", "alertchannel")
    ]
    rows += [model.objects.create(connection=rows[0]) for model in (AccessToken, WebhookAddress)]
    for row in rows:
        for name, plain in PLACES[row._meta.model_name]:
            setattr(row, name, plain if isinstance(plain, dict) else plain.format(tenant.slug))
        row.save()
    return rows


@pytest.mark.django_db
def test_a_token_opens_nothing_in_another_row_tenant_or_field_and_is_told_each_time(
    tenant, other_tenant, caplog, count
):
    """Of two tenants and two people, every token in the place of every other one."""
    cells = {
        (type(row), row.pk, field): getattr(row, field).token
        for where in (tenant, other_tenant)
        for row in rows_with_secrets(where)
        for field, _ in PLACES[row._meta.model_name]
    }
    assert {(model, field) for model, _, field in cells} == {(m, f.name) for m, f in encrypted_fields()}
    tried, told = 0, 0
    for (model, pk, field), own in cells.items():
        for token in {*cells.values(), unbound("planted")} - {own}:
            model.objects.filter(pk=pk).update(**{field: Secret(token=token)})
            caplog.clear()
            with pytest.raises(SecretMisplaced):
                getattr(model.objects.get(pk=pk), field).reveal()
            tried += 1
            told += [line.levelname for line in caplog.records] == ["ERROR"]
        with pytest.raises(CommandError, match="1 secrets stand where they were not put"):
            call_command("rotate_secrets", json=True)
        model.objects.filter(pk=pk).update(**{field: Secret(token=own)})
        getattr(model.objects.get(pk=pk), field).reveal()
    assert told == tried
    assert AuditEntry.objects.filter(action=MISPLACED).count() == len(cells), (
        "once an hour for each row and field"
    )
    assert {entry.tenant for entry in AuditEntry.objects.filter(action=MISPLACED)} == {tenant, other_tenant}
    assert len(moved_secrets(timezone.now(), 60)) == len(cells)
    count("S13", "tokens in another row, tenant or field, or bound to none", tried, "opened")


@pytest.mark.django_db
def test_a_second_factor_opens_for_its_person_alone(owner, colleague, caplog, count):
    rows = [TOTP.activate(who, f"SECRET{who}").instance for who in (owner, colleague)]
    rows += [RecoveryCodes.activate(row.user).instance for row in rows]
    cells = {(row.pk, name): row.data[name] for row in rows for name in SECRETS & row.data.keys()}
    tried = 0
    for (pk, name), own in cells.items():
        for token in {*cells.values(), unbound("planted"), Secret(plain="x", place=Place("x")).token} - {own}:
            row = Authenticator.objects.get(pk=pk)
            Authenticator.objects.filter(pk=pk).update(data={**row.data, name: str(token)})
            caplog.clear()
            with pytest.raises(SecretMisplaced):
                decrypt(Authenticator.objects.get(pk=pk).data[name])
            assert [line.levelname for line in caplog.records] == ["ERROR"]
            tried += 1
            Authenticator.objects.filter(pk=pk).update(data={**row.data, name: str(own)})
        assert decrypt(Authenticator.objects.get(pk=pk).data[name])
    count("S13", "second factors' tokens in another person's row", tried, "opened")


@pytest.mark.django_db
def test_what_versions_before_stored_is_bound_when_the_database_is_migrated_and_by_word(tenant, owner):
    row, factor = OBJECTS["integrations.subscription"](tenant), TOTP.activate(owner, "ABC").instance
    old = unbound("an older secret")
    for bind in (migrate_secrets, lambda: call_command("rotate_secrets", bind_old=True, json=True)):
        Subscription.objects.filter(pk=row.pk).update(secret=Secret(token=old))
        Authenticator.objects.filter(pk=factor.pk).update(data={"secret": unbound("ABC")})
        with pytest.raises(SecretMisplaced):
            Subscription.objects.get(pk=row.pk).secret.reveal()
        bind()
        found = Subscription.objects.get(pk=row.pk).secret
        assert (found.reveal(), found.set_at) == ("an older secret", Secret(token=old).set_at)
        assert decrypt(Authenticator.objects.get(pk=factor.pk).data["secret"]) == "ABC"


def unbound(plain):
    """A token as versions before places wrote them."""
    return keyring().encrypt_at_time(json.dumps(plain).encode(), 1_700_000_000).decode()


def migrate_secrets():
    """What the two migrations do, on the tables as they are."""
    for name in (
        "integrations.migrations.0020_secrets_in_their_place",
        "portal.migrations.0004_secrets_in_their_place",
    ):
        import_module(name).bind(apps, None)


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
