"""A pull: what a source has becomes records, one page at a time.

The route: rule's cursor -> `reading.steps` (pages, several calls ahead) -> the rule's mapping, row by row
-> `reconciliation.ingest` -> records, links, failures, counts and the cursor, all of a page in ONE transaction
that also proves that the rule's lease is still ours. Killed at any instant, the next worker goes on from the
last cursor: nothing is lost and nothing is done twice. Pages that are small and come quickly are written together.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from integrations import leases, quota, reading, runs
from integrations.calls import CountingLimiter
from integrations.connectors.base import Connector
from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError
from integrations.drift import watching
from integrations.drift.watching import Samples
from integrations.holding import Held, Mapped
from integrations.leases import Lease
from integrations.mapping import MappingError
from integrations.mappings import Reader, declaration, field_rules, reader_of
from integrations.models import Run, RunFailure, SyncRule
from integrations.push.owing import pushes, write_of
from integrations.scoping import follow_parents, scope_of
from reconciliation.entities import ENTITIES
from reconciliation.ingest import ingest, joinable
from reconciliation.intake import Failure, Incoming, Intake, PageResult
from reconciliation.survivorship import Policy, Rule

JOIN_PORTION = 500
CANCEL_SECONDS = 0.5
Progress = Callable[[Run], None]


class Cancelled(Exception):
    """A person asked the run to stop; what it wrote so far stays."""


class Pull:
    """One slice of work on one run. Construct it under the rule's lease, then `go`."""

    def __init__(
        self, run: Run, lease: Lease, connector: Connector, limiter: CountingLimiter, progress: Progress
    ) -> None:
        self.run, self.rule, self.lease = run, run.rule, lease
        self.connector, self.limiter, self.progress = connector, limiter, progress
        self.reader: Reader = reader_of(self.rule)
        self.entity = self.reader.entity  # with the rule's own mapping: some systems are asked by field
        self.intake = intake_of(self.rule, run.pk)
        self.troubled = runs.open_failures(self.rule.pk)
        self.samples = Samples(self.entity)
        self._clock = time.monotonic()
        self._calls = self._holds = 0
        self._asked_to_stop_at = float("-inf")

    def go(self, is_over: Callable[[], bool]) -> bool:
        """Read pages until the source has no more (True) or the slice is over (False)."""
        cursor = self._begin()
        self._retry()
        steps = reading.steps(
            self.connector,
            self.entity,
            cursor,
            self._read,
            page_size=self.rule.page_size,
            recent=self.rule.recent,
        )
        held = Held()
        try:
            for step in steps:
                if step.rows is None:
                    self._write_held(held)
                    leases.renew(self.lease)
                    continue
                held.add(step.rows, step.cursor, step.expected)
                if step.has_more and not held.is_enough(time.monotonic() - self._clock):
                    continue
                self._write_held(held)
                self._stop_if_cancelled()
                if step.has_more and is_over():
                    steps.close()
                    self._end(cursor)
                    return False
        except RemoteError:
            self._write_held(held)
            raise
        self._join()
        self._end(cursor)
        return True

    def _end(self, cursor: reading.Cursor) -> None:
        self._note_calls()
        watching.watch(self.run, self.entity, self.samples, cursor["phase"])

    def _begin(self) -> reading.Cursor:
        """The first slice decides where to start and says so in the cursor; later ones go on from there."""
        if self.run.state == Run.State.RUNNING:
            return self.rule.cursor
        now = timezone.now()
        full = self.run.full or self.rule.full_wanted
        cursor = reading.start(self.entity, self.rule.cursor, now, full=full)
        with transaction.atomic():
            leases.renew(self.lease, cursor=cursor, full_wanted=False)
            self.run.state, self.run.full = Run.State.RUNNING, full
            self.run.started_at = self.run.heartbeat_at = now
            self.run.save(update_fields=["state", "full", "started_at", "heartbeat_at"])
        return cursor

    def _write_held(self, held: Held) -> None:
        if held.pages:
            self._write((held.incoming, held.failures), held.cursor, held.expected, pages=held.pages)
            held.empty()

    def _write(
        self,
        rows: Mapped,
        cursor: reading.Cursor | None,
        expected: int | None = None,
        *,
        pages: int = 1,
        joining: bool = False,
    ) -> PageResult:
        """One transaction, of a page or of small ones together. Joined rows were counted when they were read."""
        incoming, failures = rows
        counts: dict[str, Any] = {}
        with transaction.atomic():
            leases.renew(self.lease, **({} if cursor is None else {"cursor": cursor}))
            result = ingest(self.intake, incoming)
            result.failures[:0] = failures
            if result.failures:
                runs.note_failures(self.run, result.failures)
                self.troubled.update(failure.external_id for failure in result.failures)
            self._resolve(incoming, result)
            if result.entered or result.left:
                follow_parents(self.rule, entered=result.entered > 0, left=result.left > 0)
            if not joining:
                counts = self._counted(result, pages, expected)
                runs.save_counts(self.run, counts)
        for name, value in counts.items():
            setattr(self.run, name, value)
        self.progress(self.run)
        return result

    def _read(self, rows: list[Row]) -> Mapped:
        """Rows as they come; a few are kept to see whether they look as they did."""
        self.samples.keep(rows)
        return self._mapped(rows)

    def _mapped(self, rows: list[Row]) -> Mapped:
        """Raw rows in the record's terms; called in the threads that read them."""
        incoming, failures = [], []
        self.reader.meet(rows)
        read = self.reader.read
        for row in rows:
            try:
                incoming.append(read(row))
            except MappingError as error:
                failures.append(_failure(row, self.entity, error))
        return incoming, failures

    def _resolve(self, incoming: list[Incoming], result: PageResult) -> None:
        if not self.troubled:
            return
        better = self.troubled - {failure.external_id for failure in result.failures}
        mended = [r.external_id for r in incoming if r.external_id in better]
        if mended:
            runs.resolve_failures(self.rule.pk, mended)
            self.troubled.difference_update(mended)

    def _counted(self, result: PageResult, pages: int, expected: int | None) -> dict[str, Any]:
        now = time.monotonic()
        calls, holds = self._spent()
        seconds, self._clock = now - self._clock, now
        return runs.counted(
            self.run, result, pages=pages, seconds=seconds, calls=calls, holds=holds, expected=expected
        )

    def _spent(self) -> tuple[int, int]:
        """Calls and pauses since the last time this was asked."""
        calls, holds = self.limiter.calls - self._calls, self.limiter.holds - self._holds
        self._calls, self._holds = self.limiter.calls, self.limiter.holds
        return calls, holds

    def _note_calls(self) -> None:
        runs.note_calls(self.run, *self._spent())

    def _stop_if_cancelled(self) -> None:
        """Small pages come faster than a person who cancels can tell: not every page asks."""
        if self._clock < self._asked_to_stop_at + CANCEL_SECONDS:
            return
        self._asked_to_stop_at = self._clock
        if Run.objects.filter(pk=self.run.pk, cancel_wanted=True).exists():
            raise Cancelled

    def _join(self) -> None:
        """Rows that waited for a record which has come meanwhile are taken in from their stored payload."""
        tried: set[str] = set()
        while found := joinable(self.intake.source, self.rule.entity, JOIN_PORTION):
            ids = {external_id for external_id, _ in found}
            if ids <= tried:
                return
            tried |= ids
            result = self._write(self._mapped([payload for _, payload in found]), None, joining=True)
            self.run.joined += result.created + result.updated
            Run.objects.filter(pk=self.run.pk).update(joined=self.run.joined)

    def _retry(self) -> None:
        """Failures that a person wants tried again: read anew where the API can, else from the stored payload."""
        wanted = list(
            RunFailure.objects.filter(rule=self.rule, state=RunFailure.State.RETRYING).order_by("id")[
                :JOIN_PORTION
            ]
        )
        if not wanted or quota.is_short(self.rule.connection.budget_key, timezone.now()):
            return
        ids = [failure.external_id for failure in wanted if failure.external_id]
        rows = self.connector.fetch(self.entity, ids) if self.entity.ids else []
        read = {self.entity.id_of(row) for row in rows}
        rows += [f.payload for f in wanted if f.external_id and f.external_id not in read and f.payload]
        self._write(self._mapped(rows), None)
        RunFailure.objects.filter(
            pk__in=[failure.pk for failure in wanted], state=RunFailure.State.RETRYING
        ).update(state=RunFailure.State.OPEN)


def intake_of(rule: SyncRule, run_id: int | None) -> Intake:
    """How rows of this rule are taken in. Raises `scope.ScopeError` where the scope names what is gone."""
    declared = declaration(rule)
    references = declared.references
    required = {name for name, ref in references.items() if ref.required}
    remote_is_record = rule.system_of_record == SyncRule.SystemOfRecord.SOURCE
    # Where the portal only writes, its value stands; rows are read to know what the other side has.
    policy = Policy.PORTAL if rule.direction == SyncRule.Direction.PUSH else Policy(rule.policy)
    intake = Intake(
        source=rule.connection.source,
        entity=ENTITIES[rule.entity],
        told=frozenset(references),
        required=frozenset(required),
        rule=Rule(policy, remote_is_record, field_rules(rule)),
        run_id=run_id,
        removes=pushes(rule) and (write := write_of(rule)) is not None and write.remove is not None,
        tells_children=declared.children is not None,
    )
    if declared.known_only:
        return replace(intake, admits=known_alone)
    if not intake.entity.references and rule.entity != "customer":
        return intake  # a list that scopes are chosen from, or that has nothing to judge
    scope = scope_of(rule.connection)
    return intake if scope.is_everything else replace(intake, admits=scope.judge(rule.entity))


def known_alone(row: Incoming, parents: Any, known: bool) -> bool:
    """The scope of rows that are copies of the portal's records: what it did not make stays outside."""
    return known


def _failure(row: Row, entity: Entity, error: MappingError) -> Failure:
    return Failure(entity.id_of(row)[:64], error.reason, error.message, orjson.dumps(row).decode())
