"""One page of rows, written: the heart of `ingest`.

The route: known links -> each row's fate (`reconciliation.fates`) -> one write per kind of fate -> merges.
Called inside the page's transaction only.
"""

from datetime import datetime

from reconciliation import creating, following, updating
from reconciliation.fates import Fate, Placed, fate, is_settled, place, stands_already, wanted, was_outside
from reconciliation.intake import Incoming, Intake, PageResult
from reconciliation.lookup import KnownLink, known_links, parents
from reconciliation.models import Link

_OUT_OF_SCOPE = {Fate.REFUSE, Fate.FREEZE, Fate.OUTSIDE}


class PageWriter:
    """Writes one page for one intake at one moment."""

    def __init__(self, intake: Intake, now: datetime) -> None:
        self.intake = intake
        self.now = now

    def write(self, rows: list[Incoming]) -> PageResult:
        result = PageResult()
        links = known_links(self.intake.source, self.intake.entity.name, [row.external_id for row in rows])
        unsettled: list[tuple[Incoming, KnownLink | None]] = []
        for row in rows:
            link = links.get(row.external_id)
            if link is not None and is_settled(row, link):
                result.unchanged += 1
            else:
                unsettled.append((row, link))
        if unsettled:
            self._carry_out(self._fates(unsettled), result)
        return result

    def _fates(self, rows: list[tuple[Incoming, KnownLink | None]]) -> dict[Fate, list[Placed]]:
        found = parents(self.intake.source, wanted(self.intake, (row for row, _ in rows)))
        fates: dict[Fate, list[Placed]] = {kind: [] for kind in Fate}
        for row, link in rows:
            placed = place(self.intake, row, link, found)
            fates[fate(self.intake, placed)].append(placed)
        return fates

    def _carry_out(self, fates: dict[Fate, list[Placed]], result: PageResult) -> None:
        result.created += len(fates[Fate.CREATE])
        result.updated += len(fates[Fate.UPDATE])
        result.unchanged += len(fates[Fate.UNCHANGED])
        result.waiting += len(fates[Fate.WAIT])
        result.out_of_scope += sum(len(fates[kind]) for kind in _OUT_OF_SCOPE)
        result.entered += sum(was_outside(p) for p in (*fates[Fate.CREATE], *fates[Fate.UPDATE]))
        result.left += len(fates[Fate.FREEZE])
        new_to_wait = [p for p in fates[Fate.WAIT] if not stands_already(p, {Link.State.WAITING})]
        creating.create(self.intake, self.now, fates[Fate.CREATE])
        updating.update(self.intake, self.now, fates[Fate.UPDATE])
        creating.remember(self.intake, self.now, Link.State.WAITING, new_to_wait)
        creating.remember(self.intake, self.now, Link.State.OUT_OF_SCOPE, fates[Fate.REFUSE])
        updating.freeze(self.intake, self.now, fates[Fate.FREEZE])
        following.follow_source(self.intake, self.now, [*fates[Fate.CREATE], *fates[Fate.UPDATE]])
