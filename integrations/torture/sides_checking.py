"""What came of a torture of many sides: each system beside the portal as a torture of two sees it, and all together.

Pure: the journals, the log here and the rows of all sides in, a verdict out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from integrations.torture.checking import Seen, Verdict, judge_values, raced


@dataclass(frozen=True, slots=True)
class Ended:
    """How one system ended: what was seen of it, and the ids and streets of its live rows.

    `late` counts what was written there in cycles in which nobody edited.
    """

    seen: Seen
    streets: Mapping[str, str]
    late: int = 0


def sides_verdict(ends: Mapping[str, Ended], here: Sequence[str], made: Sequence[str]) -> Verdict:
    """`here` are the streets of the customers in the portal, `made` the marks of those who were made meanwhile."""
    found = Verdict()
    # What was overwritten within a call at one system never came to the others: it is told once, as raced.
    never_seen = frozenset[tuple[str, int, str, str]]().union(*(raced(end.seen) for end in ends.values()))
    ours = Verdict()
    _once(here, made, ours)
    _tell("portal", ours, found)
    for side, end in ends.items():
        mine = Verdict()
        judge_values(replace(end.seen, overruled=end.seen.overruled | never_seen), mine)
        _once(list(end.streets.values()), made, mine)
        linked = {row_id for _, row_id in end.seen.links}
        mine.doubled += [f"row {row_id} is nobody's" for row_id in end.streets if row_id not in linked]
        if end.late:
            mine.needless.append(f"{end.late} writes while nobody edited")
        _tell(side, mine, found)
    return found


def _tell(side: str, mine: Verdict, found: Verdict) -> None:
    for kind in ("lost", "doubled", "wrong", "needless", "raced"):
        getattr(found, kind).extend(f"{side}: {words}" for words in getattr(mine, kind))


def _once(streets: Sequence[str], made: Sequence[str], found: Verdict) -> None:
    """Each customer that was made is there exactly once."""
    count = Counter(streets)
    found.lost += [f"{mark} is not there" for mark in made if not count[mark]]
    found.doubled += [f"{mark} is there {count[mark]} times" for mark in made if count[mark] > 1]
