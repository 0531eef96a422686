"""How transaction objects post: parameters -> each item checked, then written -> counts.

Everything happens in one transaction of the store. It is taken back for a document that is only validated, and for one
that is not valid as a whole where it is to be applied as a whole; so later items see what earlier ones did.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.company import CURRENT, Attempt, Period
from integrations.sandbox.syspro.elements import Node, Reply, build, built, children, name_of, parse, text_of
from integrations.sandbox.syspro.errors import PERIOD, EnetError, Rejected
from integrations.sandbox.syspro.reading import Reading, is_day

COMMON: Mapping[str, str] = {"IgnoreWarnings": "N", "ApplyIfEntireDocumentValid": "Y", "ValidateOnly": "N"}
CHOICES: Mapping[str, str] = {
    "IgnoreWarnings": "NYW", "ApplyIfEntireDocumentValid": "YN", "ValidateOnly": "YN", "PostingPeriod": "CPB",
}  # fmt: skip

DATES = ("TransactionDate", "DefaultDueDate", "DefaultDiscountDate")


class TakenBack(Exception):
    """Leaves the transaction of a document that is to have no effect."""


@dataclass(slots=True)
class Batch:
    """One document as it is being posted. `journal`, `ledger_journal` are given when the first item is written."""

    call: Call
    parameters: Mapping[str, str]
    journal: int = 0
    ledger_journal: int = 0
    entries: int = 0

    def begin_entry(self, module: str, period: Period) -> None:
        """The next entry in the journal of this document, which its first entry opens."""
        if not self.journal:
            number = f"{module} journal {period.year}/{period.month}"
            self.journal = self.call.company.store.next_number(number)
        self.entries += 1

    def open_period(self, item: Reading) -> Period:
        """The period that the parameters name; it is wrong in the item where it is closed."""
        period = self.call.company.period(self.parameters.get("PostingPeriod", CURRENT))
        if not period.open:
            sentence = f"Posting period {period.year}/{period.month:02d} is closed"
            item.wrong("PostingPeriod", period.letter, PERIOD, sentence)
        return period

    @property
    def dry(self) -> bool:
        return self.parameters["ValidateOnly"] == "Y"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an item: its nodes in the reply, and the key by which the attempt is remembered."""

    nodes: list[Node]
    key: str


Post = Callable[[Batch, Reading], Posted]
"""Checks an item, calls `item.settle`, writes. Raises Rejected."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """How one object posts. `item`: the element that repeats; `key_of`: what an attempt at it is remembered by;
    `totals`: what the counts stand in, zero-padded to `width` (0: bare, and empty for nought); `in_totals`,
    `after_items`: what else is said once; `number_at`: where in its line the item's number stands (None: at the end)."""

    root: str
    post: Post
    key_of: Callable[[Reading], str]
    item: str = "Item"
    item_out: str = "Item"
    defaults: Mapping[str, str] = field(default_factory=dict)
    totals: str = "StatusOfItems"
    width: int = 6
    number_at: int | None = None
    in_totals: Callable[[Batch], list[Node]] = lambda batch: []
    after_items: Callable[[Batch], list[Node]] = lambda batch: []

    def answer(self, call: Call) -> Reply:
        """Raises EnetError for a document of another object."""
        root = root_of(call.document, self.root, "XmlIn")
        batch = Batch(call, {**COMMON, **self.defaults, **parameters_of(call, self.root)})
        items = list(children(root, self.item))
        attempts: list[Attempt] = []
        lines: list[Node] = []
        try:
            with call.company.store.transaction():
                for number, node in enumerate(items, 1):
                    lines.append(self._line(batch, Reading(node, f"{{{self.item}}}"), number, attempts))
                if batch.dry or (
                    _rejected(attempts) and batch.parameters["ApplyIfEntireDocumentValid"] == "Y"
                ):
                    raise TakenBack
        except TakenBack:
            lines, attempts = self._without_effect(batch, lines, attempts)
        call.company.attempts.extend(attempts)
        return Reply(self.root.lower(), [*lines, *self._end(batch, attempts)])

    def _line(self, batch: Batch, item: Reading, number: int, attempts: list[Attempt]) -> Node:
        call, key = batch.call, self.key_of(item)
        place = build("ItemNumber", f"{number:06d}")
        try:
            with call.company.store.transaction():
                posted = self.post(batch, item)
        except Rejected:
            attempts.append(Attempt(call.object, key, call.session.operator, "rejected"))
            return build(self.item_out, [*(problem.node() for problem in item.problems), place])
        attempts.append(Attempt(call.object, posted.key, call.session.operator, "posted"))
        nodes = [*posted.nodes, *item.warning_nodes()]
        nodes.insert(len(nodes) if self.number_at is None else self.number_at, place)
        return build(self.item_out, nodes)

    def _without_effect(
        self, batch: Batch, lines: list[Node], attempts: list[Attempt]
    ) -> tuple[list[Node], list[Attempt]]:
        """Only what is wrong is told; the rest is valid (`validated`), and counts as such in a dry run alone."""
        batch.journal = batch.ledger_journal = 0
        told = [line for line, one in zip(lines, attempts, strict=True) if one.outcome == "rejected"]
        outcome = {"posted": "validated", "rejected": "rejected"}
        return told, [Attempt(one.object, one.key, one.operator, outcome[one.outcome]) for one in attempts]

    def _end(self, batch: Batch, attempts: list[Attempt]) -> list[Node]:
        good = {"validated"} if batch.dry else {"posted"}
        processed = sum(one.outcome in good for one in attempts)
        invalid = sum(one.outcome == "rejected" for one in attempts)
        counts = built(ItemsProcessed=self._count(processed), ItemsInvalid=self._count(invalid))
        inside = [] if not batch.journal else self.in_totals(batch)
        after = [] if not batch.journal else self.after_items(batch)
        return [*after, build(self.totals, [*inside, *counts])]

    def _count(self, number: int) -> str:
        return str(number).zfill(self.width) if number or self.width else ""


def _rejected(attempts: list[Attempt]) -> bool:
    return any(one.outcome == "rejected" for one in attempts)


def root_of(text: str, name: str, parameter: str) -> Node:
    """Raises EnetError where the document's root is another."""
    root = parse(text, parameter)
    if name_of(root) != name:
        raise EnetError(f"The root element of parameter '{parameter}' is '{name_of(root)}', not '{name}'")
    return root


def parameters_of(call: Call, name: str) -> Mapping[str, str]:
    """The parameters that came with a value. Raises EnetError for one that is none of its choices."""
    if not call.parameters.strip():
        return {}
    root = root_of(call.parameters, name, "XmlParameters")
    given = {
        name_of(node): text_of(node)
        for parent in children(root, "Parameters")
        for node in parent
        if text_of(node)
    }
    for choice, allowed in CHOICES.items():
        if given.get(choice, allowed[0]) not in tuple(allowed):
            raise EnetError(f"Parameter '{choice}' must be one of {', '.join(allowed)}")
    for day in DATES:
        if given.get(day) and not is_day(given[day]):
            raise EnetError(
                f"Date '{given[day]}' is invalid for parameter '{day}' it must be CCYY-MM-DD format"
            )
    return given
