"""Onboarding a merchant and connecting a system: the acts behind the admin's forms and the commands.

The route: `onboard` (tenant) -> `save_credentials` (connection, rules, mappings) -> `test` (token, scopes,
and the short lists that a scope is chosen from) -> scope and rules by hand -> `syncing.start`. A system where a
person logs in comes to `test` by way of `linking`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations import disconnecting, mappings, own_objects
from integrations.calls import connector_for, portal_app
from integrations.connectors.base import Check
from integrations.connectors.entity import Entity
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.spec import WAY, ConnectorSpec
from integrations.models import AccessToken, Connection, FieldMapping, SyncRule
from integrations.shared import Disconnected, forget_token
from integrations.work import MISSING_SCOPE, switch_off, work
from portal import audit
from portal.models import Partner, Tenant, User
from portal.secrets import SecretUnreadable
from reconciliation.models import Source

CHOICE_LISTS = ("business_unit", "tag_type")
OFF_AT_FIRST = frozenset({"note"})


class ConnectingFailed(Exception):
    """A test that did not come through, in words for a person. `who` must act."""

    def __init__(self, message: str, who: str) -> None:
        super().__init__(message)
        self.who = who


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test found: the account, each scope, and the entities that were switched off for want of one."""

    check: Check
    switched_off: tuple[str, ...]


def spec_of(system: str) -> ConnectorSpec:
    """The registry's row. Raises ValidationError for a system there is none of."""
    try:
        return CONNECTORS[system]
    except KeyError:
        raise ValidationError(
            f"There is no connector “{system}”; there is {', '.join(CONNECTORS)}."
        ) from None


def onboard(
    slug: str,
    name: str,
    *,
    partner: Partner,
    timezone_name: str = "",
    region: str = "",
    currency: str = "",
    user: User | None = None,
) -> tuple[Tenant, bool]:
    """Create the tenant, or bring an existing one up to what is given. Raises ValidationError."""
    tenant = Tenant.objects.filter(slug=slug).first()
    created = tenant is None
    if tenant is None:
        tenant = Tenant(slug=slug, partner=partner)
    elif tenant.partner_id != partner.pk:
        raise ValidationError(
            f"“{slug}” is already a merchant of {tenant.partner}. Choose another short name."
        )
    tenant.name = name
    tenant.timezone = timezone_name or tenant.timezone
    tenant.phone_region = region or tenant.phone_region
    tenant.currency = currency or tenant.currency
    tenant.full_clean()
    with transaction.atomic():
        tenant.save()
        audit.record("tenant.added" if created else "tenant.changed", tenant, actor=user, tenant=tenant)
    return tenant, created


def _stored(known: Connection | None) -> dict[str, str]:
    """What is stored already; nothing where no key reads it: then all of it is entered again."""
    try:
        return dict(known.credentials.reveal()) if known and known.credentials else {}
    except SecretUnreadable:
        return {}


def save_credentials(
    tenant: Tenant,
    system: str,
    credentials: Mapping[str, str],
    *,
    environment: str,
    api_url: str = "",
    auth_url: str = "",
    allowed_hosts: list[str],
    user: User | None = None,
) -> Connection:
    """Store what opens the remote system, checked in form, with rules and mappings for a new connection.

    A credential left out keeps its stored value. Raises ValidationError by field.
    """
    spec = spec_of(system)
    known = Connection.objects.filter(tenant=tenant, system=system).first()
    if known:
        disconnecting.check_reconnect(known)
    stored = _stored(known)
    given = {**stored, **{name: text for name, text in credentials.items() if text}}
    app = portal_app(system, given)
    values, wrong = spec.clean({**app, **given})
    values = {name: text for name, text in values.items() if app.get(name) != text}
    errors: dict[str, str] = dict(wrong)
    if environment not in {item.name for item in spec.environments}:
        errors["environment"] = f"“{environment}” is none of {', '.join(e.name for e in spec.environments)}."
    else:
        try:
            spec.check_address(environment, api_url=api_url, auth_url=auth_url, allowed=allowed_hosts)
        except AddressRefused as error:
            errors["api_url"] = str(error)
    if errors:
        raise ValidationError(errors)
    with transaction.atomic():
        connection = _still(known) if known else _new_connection(tenant, spec)
        if connection.status == Connection.Status.DISCONNECTED:
            disconnecting.begin_again(connection)
        moved = (connection.environment, connection.api_url, connection.auth_url) != (
            environment, api_url, auth_url
        )  # fmt: skip
        connection.environment, connection.api_url, connection.auth_url = environment, api_url, auth_url
        connection.credentials, connection.way = values, values.get(WAY, "")
        if spec.account_field:
            connection.remote_account = values.get(spec.account_field, "")
        connection.status, connection.owner_mail = Connection.Status.NEW, Connection.OwnerMail.NONE
        connection.owner = user or connection.owner
        connection.save()
        forget_token(connection)
        if moved or not connection.is_by_log_in:
            AccessToken.objects.filter(connection=connection).update(grant="")
        ensure_rules(connection)
        changed = {name: audit.CHANGED for name in values if values[name] != stored.get(name)}
        action = "connection.changed" if known else "connection.added"
        audit.record(action, connection, actor=user, tenant=tenant, diff=changed)
    return connection


@transaction.atomic
def begin(tenant: Tenant, system: str, *, user: User | None = None) -> Connection:
    """A connection without credentials, with its rules and mappings: to be set up before it is linked."""
    connection = _new_connection(tenant, spec_of(system))
    connection.owner = user
    connection.save()
    ensure_rules(connection)
    audit.record("connection.begun", connection, actor=user, tenant=tenant)
    return connection


def _still(known: Connection) -> Connection:
    """The same row under a lock. Raises ValidationError where it was disconnected since it was read."""
    connection = Connection.objects.select_for_update().get(pk=known.pk)
    if connection.disconnects != known.disconnects:
        raise ValidationError(
            "The connection was disconnected meanwhile. Enter all credentials to connect it again."
        )
    return connection


def _new_connection(tenant: Tenant, spec: ConnectorSpec) -> Connection:
    source = Source.objects.create(tenant=tenant, system=spec.system, name=spec.label)
    return Connection(tenant=tenant, system=spec.system, source=source)


def ensure_rules(connection: Connection) -> None:
    """A rule with its default mapping for each entity that the connector declares and has none yet."""
    existing = set(connection.rules.values_list("entity", flat=True))
    declared = enumerate(CONNECTORS[connection.system].entities.values())
    made = SyncRule.objects.bulk_create(
        _new_rule(connection, entity, position)
        for position, entity in declared
        if entity.name not in existing
    )
    FieldMapping.objects.bulk_create(line for rule in made for line in mappings.default_lines(rule))


def _new_rule(connection: Connection, entity: Entity, position: int) -> SyncRule:
    off, two_way = entity.name in OFF_AT_FIRST, entity.write is not None and entity.write.two_way
    return SyncRule(
        connection=connection,
        entity=entity.name,
        position=position,
        enabled=not off,
        off_because="off unless wanted" if off else "",
        page_size=min(1000, entity.max_page_size),
        interval=CONNECTORS[connection.system].interval,
        direction=SyncRule.Direction.BOTH if two_way else SyncRule.Direction.PULL,
        system_of_record=SyncRule.SystemOfRecord.SOURCE if entity.of_record else SyncRule.SystemOfRecord.HUB,
    )


def test(connection: Connection, *, user: User | None = None) -> Tested:
    """Call the remote: a token, then every scope; then read the lists a scope is chosen from.

    A missing scope switches its entities off and stops nothing else; one that has come switches them on again.
    Raises ConnectingFailed.
    """
    forget_token(
        connection
    )  # a token keeps the scopes it was born with; only a new one knows what was granted since
    try:
        with connector_for(connection) as (connector, _):
            found = connector.check(own_objects.own_entities(connection))
    except RemoteError as error:
        connection.fail(error.message, error.who, relink=error.relink)
        audit.record(
            "connection.tested", connection, actor=user, tenant=connection.tenant, note=error.message
        )
        raise ConnectingFailed(error.message, error.who) from error
    except Disconnected as error:
        raise ConnectingFailed(str(error), Who.FIX_CONFIGURATION) from error
    except (SecretUnreadable, AddressRefused) as error:
        connection.fail(str(error), Who.FIX_CONFIGURATION, relink=False)
        raise ConnectingFailed(str(error), Who.FIX_CONFIGURATION) from error
    ensure_rules(connection)  # the connector may have learnt to read more since the connection was made
    off = _note_scopes(connection, found)
    missing = ", ".join(scope.scope for scope in found.missing)
    note = f"missing: {missing}" if missing else "all scopes granted"
    audit.record("connection.tested", connection, actor=user, tenant=connection.tenant, note=note)
    _read_choices(connection)
    return Tested(found, off)


def _note_scopes(connection: Connection, found: Check) -> tuple[str, ...]:
    now = timezone.now()
    scopes = [
        {"scope": s.scope, "granted": s.granted, "entities": list(s.entities), "how": s.how}
        for s in found.scopes
    ]
    status, health = Connection.Status.CONNECTED, Connection.Health.HEALTHY
    row = Connection.objects.filter(pk=connection.pk, disconnects=connection.disconnects)
    if not row.update(
        status=status,
        health=health,
        remote_account=found.account_id or connection.remote_account,
        problem="",
        problem_who="",
        problem_at=None,
        owner_mail=Connection.OwnerMail.NONE,
        tested_at=now,
        scopes=scopes,
    ):  # disconnected while it was tested: it stays so
        raise ConnectingFailed(str(Disconnected()), Who.FIX_CONFIGURATION)
    connection.refresh_from_db()
    granted = {entity for scope in found.scopes if scope.granted for entity in scope.entities}
    back = connection.rules.filter(entity__in=granted, off_because__startswith=MISSING_SCOPE)
    back.exclude(entity__in=OFF_AT_FIRST).update(enabled=True, off_because="")
    off: list[str] = []
    for scope in found.missing:
        switch_off(connection, set(scope.entities), f"{MISSING_SCOPE}{scope.scope}")
        off += scope.entities
    return tuple(off)


def _read_choices(connection: Connection) -> None:
    """Business units and tags, right away: they are what a scope is chosen from. A failure shows in its run."""
    for rule in connection.rules.filter(entity__in=CHOICE_LISTS, enabled=True):
        work(rule.pk, seconds=20)
