"""Records that are not to be created yet, although they are wanted: somebody is still finding out whether they are there.

Whoever finds out registers what it holds back; a delivery that would create one waits a while and asks again.
"""

from collections.abc import Callable, Mapping, Sequence

from integrations.models import SyncRule

AGAIN = 60.0
"""Seconds until a delivery asks again."""
REASON = "held_back"
Holder = Callable[[SyncRule, Sequence[int]], Mapping[int, str]]
"""(rule, records) -> why, in words, by record, of those that are held back. A constant number of queries."""

_holders: list[Holder] = []


def register(holder: Holder) -> None:
    """Ask this one too from now on; registering it twice does nothing."""
    if holder not in _holders:
        _holders.append(holder)


def held_back(rule: SyncRule, record_ids: Sequence[int]) -> dict[int, str]:
    """Why each of these records is not to be created yet; those that may be are left out."""
    found: dict[int, str] = {}
    for holder in _holders if record_ids else ():
        found.update(holder(rule, record_ids))
    return found
