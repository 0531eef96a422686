"""Whether all that was billed is in accounts payable, here and there: counts, sums, and each difference with its cause.

Three sides of each invoice: as it was billed, as it is entered in accounts payable here, as accounting has it posted.
Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trace:
    """One invoice. An amount is None on a side that does not have it; `why` says why, where somebody knows.

    `due` is whether it shall be posted at all: one that is not is no difference, unless it is posted.
    """

    number: str
    day: str
    branch: str
    vendor: str
    billed: Decimal | None = None
    entered: Decimal | None = None
    posted: Decimal | None = None
    due: bool = True
    why: str = ""
    record_id: int | None = None
    bill_id: int | None = None

    @property
    def counted(self) -> Decimal | None:
        """What was billed and shall be posted."""
        return self.billed if self.due else None


@dataclass(slots=True)
class Side:
    """How many, and what they come to."""

    count: int = 0
    total: Decimal = _ZERO

    def add(self, amount: Decimal | None) -> None:
        if amount is not None:
            self.count += 1
            self.total += amount


@dataclass(slots=True)
class Sum:
    """The three sides of all invoices of a day, a branch, a vendor, or of all of them."""

    name: str
    billed: Side = field(default_factory=Side)
    entered: Side = field(default_factory=Side)
    posted: Side = field(default_factory=Side)

    def add(self, trace: Trace) -> None:
        self.billed.add(trace.counted)
        self.entered.add(trace.entered)
        self.posted.add(trace.posted)

    @property
    def difference(self) -> Decimal:
        """Billed and not posted; less than nothing where more is posted."""
        return self.billed.total - self.posted.total

    @property
    def is_equal(self) -> bool:
        counts = {self.billed.count, self.entered.count, self.posted.count}
        totals = {self.billed.total, self.entered.total, self.posted.total}
        return len(counts) == len(totals) == 1


@dataclass(frozen=True, slots=True)
class Difference:
    """An invoice whose sides do not agree, and why."""

    trace: Trace
    cause: str

    @property
    def amount(self) -> Decimal:
        return (self.trace.counted or _ZERO) - (self.trace.posted or _ZERO)


@dataclass(frozen=True, slots=True)
class Report:
    """`groups` are (heading, its sums in order): by day, by branch, by vendor."""

    total: Sum
    groups: tuple[tuple[str, tuple[Sum, ...]], ...]
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return not self.differences


_BY: Sequence[tuple[str, Callable[[Trace], str]]] = (
    ("Day", lambda trace: trace.day),
    ("Branch", lambda trace: trace.branch),
    ("Vendor", lambda trace: trace.vendor),
)


def compared(traces: Iterable[Trace]) -> Report:
    """All sides of all invoices. Differences that cancel each other out are differences."""
    rows = list(traces)
    total = Sum("All")
    for trace in rows:
        total.add(trace)
    groups = tuple((heading, _grouped(rows, name_of)) for heading, name_of in _BY)
    found = [Difference(trace, cause) for trace in rows if (cause := cause_of(trace))]
    found.sort(key=lambda one: (one.trace.day, one.trace.number))
    return Report(total, groups, tuple(found))


def _grouped(rows: Iterable[Trace], name_of: Callable[[Trace], str]) -> tuple[Sum, ...]:
    found: dict[str, Sum] = {}
    for trace in rows:
        name = name_of(trace)
        found.setdefault(name, Sum(name)).add(trace)
    return tuple(found[name] for name in sorted(found))


def cause_of(trace: Trace) -> str:
    """Why its sides do not agree; empty where they do."""
    billed, entered, posted = trace.counted, trace.entered, trace.posted
    if billed == entered == posted:
        return ""
    if billed is None and posted is None:
        return ""  # what was entered and shall not be posted is not posted either
    if posted is None:
        missing = "Not in accounts payable yet" if entered is None else "Not posted yet"
        return f"{missing}: {trace.why}" if trace.why else f"{missing}."
    if billed is None:
        known = "Posted, and voided since" if trace.billed is not None else "Posted without an invoice here"
        return f"{known}: {trace.why}" if trace.why else f"{known}."
    if billed != posted:
        words = f"Posted with {posted:,.2f}, billed with {billed:,.2f}"
        return f"{words}: {trace.why}" if trace.why else f"{words}."
    return f"Billed and posted with {billed:,.2f}, entered here with {entered or _ZERO:,.2f}."
