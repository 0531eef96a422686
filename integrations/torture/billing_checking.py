"""What came of a torture of posting: the payables journal beside what was billed, and what the portal says of both.

Pure: sums and rows in, a verdict out.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.torture.checking import Verdict


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry of the payables journal."""

    number: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Ended:
    """`billed`: totals of completed jobs by invoice number; `posted`: the journal, in order; `known`: what the portal
    says is posted, by number; `told`: numbers that stand where a person is asked about them; `late`: postings made
    while nobody completed a job."""

    billed: Mapping[str, Decimal]
    posted: Sequence[Posting]
    known: Mapping[str, Decimal]
    told: Collection[str] = ()
    late: int = 0

    @property
    def sums(self) -> tuple[Decimal, Decimal]:
        """Billed and posted."""
        nothing = Decimal("0.00")
        return sum(self.billed.values(), nothing), sum((one.value for one in self.posted), nothing)


def billing_verdict(ended: Ended) -> Verdict:
    found = Verdict()
    count = Counter(posting.number for posting in ended.posted)
    for number in sorted(ended.billed):
        if not count[number]:
            seen = "a person is told" if number in ended.told else "nobody is told"
            found.lost.append(f"invoice {number} was never posted, and {seen}")
        elif count[number] > 1:
            found.doubled.append(f"invoice {number} was posted {count[number]} times")
        elif number not in ended.known:
            found.wrong.append(f"invoice {number} is posted, and the portal does not say so")
    for number, value in {(posting.number, posting.value) for posting in ended.posted}:
        if number not in ended.billed:
            found.wrong.append(f"invoice {number} was posted, and its job is not completed")
        elif value != ended.billed[number]:
            found.wrong.append(f"invoice {number} of {ended.billed[number]} was posted with {value}")
    posted = {posting.number: posting.value for posting in ended.posted}
    for number, value in ended.known.items():
        if value != posted.get(number):
            found.wrong.append(
                f"invoice {number} is posted with {posted.get(number)}, and the portal says {value}"
            )
    if ended.sums[0] != ended.sums[1]:
        found.wrong.append("billed were {:,.2f} and posted {:,.2f}".format(*ended.sums))
    if ended.late:
        found.needless.append(f"{ended.late} postings while nobody completed a job")
    return found
