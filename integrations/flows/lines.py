"""The mapping lines that a flow adds to rules, beyond the default ones: where nothing fills that field yet.

The route: a declared line -> as a row of its rule -> compared with the lines there are and those there were -> stored as
a version. What a person mapped stays; what a person took away does not come back.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from integrations import describing, mapping_versions
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.flows.base import FlowSpec, Line
from integrations.mapping import can_push
from integrations.mappings import as_map, declaration, writable_members
from integrations.models import Connection, FieldMapping, LineDirection, SyncRule
from integrations.push.owing import write_of
from integrations.shared import Disconnected
from portal.models import Tenant, User
from portal.secrets import SecretUnreadable


def read_fields_for(tenant: Tenant, spec: FlowSpec) -> None:
    """Ask once for the fields that the flow's lines may fill. Who does not answer goes without. Not in a transaction."""
    entities = {(line.system, line.entity) for line in spec.lines}
    for system, entity in sorted(entities):
        unread = SyncRule.objects.filter(
            connection__tenant=tenant,
            connection__system=system,
            connection__status=Connection.Status.CONNECTED,
            entity=entity,
            remote_fields=None,
        )
        for rule in unread.select_related("connection__tenant", "connection__source"):
            with suppress(RemoteError, Disconnected, SecretUnreadable, AddressRefused):
                describing.read_fields(rule)


def add_line(tenant: Tenant, wanted: Line, spec: FlowSpec, user: User | None) -> None:
    """Added where its system takes the field, nothing fills it, and nobody took such a line away before."""
    rule = (
        SyncRule.objects.filter(
            connection__tenant=tenant, connection__system=wanted.system, entity=wanted.entity
        )
        .select_related("connection__tenant", "connection__source")
        .first()
    )
    if rule is None or (write := write_of(rule)) is None:
        return
    line = _line_of(rule, wanted)
    is_pulled = line.direction != LineDirection.PUSH
    if not is_pulled and not can_push(as_map(line), write, writable_members(rule)):
        return
    lines = list(rule.mappings.all())
    earlier = [row for version in rule.mapping_versions.all() for row in version.lines]
    if not _is_there(line, mapping_versions.as_rows(lines)) and not _is_there(line, earlier):
        mapping_versions.store(rule, [*lines, line], note=f"for {spec.title}", actor=user)


def _line_of(rule: SyncRule, wanted: Line) -> FieldMapping:
    """The declared line as an unsaved row of the rule, behind the others."""
    line = wanted.line
    direction = line.direction or LineDirection.BOTH
    if direction == LineDirection.BOTH and not _can_both(rule, wanted):
        direction = LineDirection.PULL
    return FieldMapping(
        rule=rule,
        remote=line.remote,
        direction=direction,
        transform=line.transform,
        argument=line.argument,
        field=line.field,
        position=rule.mappings.filter(part="").count(),
    )


def _can_both(rule: SyncRule, wanted: Line) -> bool:
    write = declaration(rule).write
    return write is not None and can_push(wanted.line, write, writable_members(rule))


def _is_there(line: FieldMapping, rows: Iterable[Mapping[str, str]]) -> bool:
    """Whether one of these lines fills the same: the remote field on the way out, the record's on the way in."""
    for row in rows:
        if (
            line.direction != LineDirection.PULL
            and row["direction"] != "pull"
            and row["remote"] == line.remote
        ):
            return True
        if line.direction != LineDirection.PUSH and row["direction"] != "push" and row["field"] == line.field:
            return True
    return False
