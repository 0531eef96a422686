"""Starting and stopping syncs for people: which rules, one batch, audited."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.db import transaction

from integrations import runs
from integrations.models import Connection, Run, SyncRule
from integrations.tasks import call_workers
from portal import audit
from portal.models import User


class NothingToSync(ValueError):
    """A sync that cannot start, with the reason and what to do."""


def chosen_rules(connection: Connection, entities: Sequence[str] = ()) -> list[SyncRule]:
    """The enabled rules, or those named. Raises NothingToSync for names that are unknown or switched off."""
    rules = list(connection.rules.select_related("connection__tenant"))
    by_name = {rule.entity: rule for rule in rules}
    unknown = [name for name in entities if name not in by_name]
    if unknown:
        raise NothingToSync(
            f"There is no rule for {', '.join(unknown)}; this connection has {', '.join(by_name)}."
        )
    chosen = [by_name[name] for name in entities] if entities else [rule for rule in rules if rule.enabled]
    off = [rule for rule in chosen if not rule.enabled]
    if off:
        reasons = "; ".join(
            f"{rule.entity}: {rule.off_because or 'switched off by a person'}" for rule in off
        )
        raise NothingToSync(f"Switched off: {reasons}. Switch the sync rule on first.")
    if not chosen:
        raise NothingToSync("No sync rule is switched on. Switch on what should be synced first.")
    return sorted(chosen, key=lambda rule: rule.position)


def check_ready(connection: Connection) -> None:
    """Raise NothingToSync, with the way out, for a connection that may not call."""
    if connection.may_call:
        return
    if connection.status == Connection.Status.RELINK:
        reason = f"needs to be linked again: {connection.problem}"
    elif connection.status == Connection.Status.CONNECTED:
        reason = f"is connected, but its tenant is {connection.tenant.get_status_display().lower()}."
    else:
        reason = f"is “{connection.get_status_display()}”. Test the connection first."
    raise NothingToSync(f"{connection} {reason}")


def start(
    connection: Connection,
    *,
    user: User | None,
    entities: Sequence[str] = (),
    full: bool = False,
    trigger: Run.Trigger = Run.Trigger.PERSON,
) -> UUID:
    """Queue a run for each rule, wake workers, and return the batch they share."""
    check_ready(connection)
    chosen = chosen_rules(connection, entities)
    batch = uuid4()
    with transaction.atomic():
        for rule in chosen:
            runs.ask(rule, trigger, full=full, user=user, batch=batch)
        note_start(connection, chosen, full=full, user=user)
    call_workers(len(chosen))
    return batch


def note_start(connection: Connection, rules: Sequence[SyncRule], *, full: bool, user: User | None) -> None:
    """The audit trail's entry for a sync started by hand."""
    what = ", ".join(rule.label for rule in rules) if len(rules) <= 4 else f"{len(rules)} entities"
    note = f"{'full sync' if full else 'sync'} of {what}"
    audit.record("sync.started", connection, actor=user, tenant=connection.tenant, note=note)


def ask_to_cancel(run: Run, *, user: User | None) -> None:
    """Stop a run between two pages; one that has not begun is closed at once."""
    Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(cancel_wanted=True)
    if run.state == Run.State.QUEUED:
        runs.cancel(run, "Cancelled by a person before it began.")
    audit.record("sync.cancelled", run, actor=user, tenant=run.rule.connection.tenant)
