"""What of a merchant's data is shared: one small document per connection, checked and applied here. Pure.

`{"businessUnits": ["BU_PLUMBING"], "customerTagFilter": ["Maintenance"], "jobLookback": "P30D"}`; null in a
member means no limit. Business units are named by code: BU_ and the unit's name in capitals.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciliation.intake import Incoming
from reconciliation.lookup import Parent
from reconciliation.models import Link

MEMBERS = ("businessUnits", "customerTagFilter", "jobLookback")
EXAMPLE = '{"businessUnits": ["BU_PLUMBING", "BU_HVAC"], "customerTagFilter": null, "jobLookback": "P30D"}'
_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)
_FINISHED = frozenset({"Completed", "Canceled"})
_LONGEST = timedelta(days=36_500)


class ScopeError(ValueError):
    """A scope that cannot be taken; each message says which member and what would do."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(" ".join(messages))
        self.messages = list(messages)


def unit_code(name: str) -> str:
    """`HVAC: Service` -> `BU_HVAC_SERVICE`."""
    return "BU_" + re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


def distinct(items: Sequence[tuple[str, str]], canonical: Callable[[str], str]) -> dict[str, str]:
    """External id by name, from (name, external id); names that would read alike carry their id as well."""
    alike = Counter(canonical(name) for name, _ in items)
    return {
        name if alike[canonical(name)] == 1 else f"{name} ({external_id})": external_id
        for name, external_id in items
    }


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration such as P30D, P6M or P1Y (a month is 30 days, a year 365). Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError(f"“{text}” is not an ISO 8601 duration; write P30D for 30 days or P1Y for a year.")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    whole_days = years * 365 + months * 30 + weeks * 7 + days
    if whole_days > _LONGEST.days:
        raise ValueError(f"“{text}” is longer than a hundred years; leave it null for no limit.")
    found = timedelta(days=whole_days, hours=hours, minutes=minutes, seconds=seconds)
    if not found:
        raise ValueError(f"“{text}” is no time at all; leave it null for no limit.")
    return found


@dataclass(frozen=True, slots=True)
class Choices:
    """What the connection really has: business units and customer tags, external id by name."""

    units: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit_codes(self) -> dict[str, str]:
        """External id by code."""
        return {unit_code(name): external_id for name, external_id in self.units.items()}


def check(document: Any, choices: Choices) -> dict[str, Any]:
    """The document in its one form, or ScopeError. Units may be given by code, name or id, tags by name or id."""
    if not isinstance(document, Mapping):
        raise ScopeError([f"A scope is an object like {EXAMPLE}"])
    problems = [
        f"“{name}” is not a member of a scope; it has {', '.join(MEMBERS)}."
        for name in document
        if name not in MEMBERS
    ]
    problems += [f"“{name}” is missing; null means no limit." for name in MEMBERS if name not in document]
    found = {
        "businessUnits": _chosen(
            document, "businessUnits", "business unit", _by_any_name(choices.units, unit_code), problems
        ),
        "customerTagFilter": _chosen(
            document, "customerTagFilter", "tag", _by_any_name(choices.tags, str), problems
        ),
        "jobLookback": _lookback(document.get("jobLookback"), problems),
    }
    if problems:
        raise ScopeError(problems)
    return found


def _by_any_name(names: Mapping[str, str], canonical: Callable[[str], str]) -> dict[str, str]:
    """Canonical name by canonical name, plain name (in any case) and external id."""
    known = {}
    for name, external_id in names.items():
        for spelling in (canonical(name), name.casefold(), external_id):
            known[spelling] = canonical(name)
    return known


def _chosen(
    document: Mapping[str, Any], member: str, noun: str, known: Mapping[str, str], problems: list[str]
) -> list[str] | None:
    value = document.get(member)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str | int) for item in value):
        problems.append(f"“{member}” is a list of names, or null for no limit.")
        return None
    if not value:
        problems.append(
            f"“{member}” is empty, which would share nothing. Choose at least one, or null for all."
        )
        return None
    chosen = []
    for item in value:
        text = str(item).strip()
        name = known.get(text) or known.get(text.casefold())
        if name is None:
            has = ", ".join(sorted(set(known.values()))) or "none yet: test the connection first"
            problems.append(f"There is no {noun} “{text}” in this connection; it has {has}.")
        elif name not in chosen:
            chosen.append(name)
    return chosen


def _lookback(value: Any, problems: list[str]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        problems.append("“jobLookback” is an ISO 8601 duration such as P30D, or null for no limit.")
        return None
    try:
        parse_duration(value)
    except ValueError as error:
        problems.append(str(error))
        return None
    return value


@dataclass(frozen=True, slots=True)
class Scope:
    """A checked document, ready to judge rows: allowed external ids (None: no limit) and the oldest job's time."""

    units: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    jobs_since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self.units is None and self.tags is None and self.jobs_since is None

    def judge(self, entity: str) -> Callable[[Incoming, Mapping[str, Parent], bool], bool]:
        """The function that admits rows of one entity: see `reconciliation.intake.Admits`."""

        def admits(row: Incoming, parents: Mapping[str, Parent], known: bool) -> bool:
            if any(parents[name].state in _LEFT for name in _BELONGS_TO if name in parents):
                return False
            if entity == "customer":
                return self.tags is None or not self.tags.isdisjoint(row.fields.get("tag_ids") or ())
            if not self._has_unit(row):
                return False
            return known or entity != "job" or self._is_recent(row)

        return admits

    def _has_unit(self, row: Incoming) -> bool:
        unit = row.references.get("business_unit")
        return self.units is None or unit is None or unit in self.units

    def _is_recent(self, row: Incoming) -> bool:
        """Open jobs always; finished ones by when they were finished. Judged when a job first arrives."""
        if self.jobs_since is None or row.fields.get("status") not in _FINISHED:
            return True
        ended = row.fields.get("completed_at") or row.modified_at or row.created_at
        return ended is None or ended >= self.jobs_since


_BELONGS_TO = ("customer", "location", "job")
_LEFT = frozenset({Link.State.OUT_OF_SCOPE.value, Link.State.FROZEN.value})


def compiled(document: Mapping[str, Any], choices: Choices, now: datetime) -> Scope:
    """A stored document made ready. Raises ScopeError for a name that the connection no longer has."""
    checked = check(document, choices)
    units, tags, lookback = (checked[name] for name in MEMBERS)
    codes = choices.unit_codes
    return Scope(
        units=None if units is None else frozenset(codes[code] for code in units),
        tags=None if tags is None else frozenset(choices.tags[name] for name in tags),
        jobs_since=None if lookback is None else now - parse_duration(lookback),
    )


def is_wider(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether `new` could admit what `old` left out."""
    for member in ("businessUnits", "customerTagFilter"):
        before, after = old.get(member), new.get(member)
        if before is not None and (after is None or not set(after) <= set(before)):
            return True
    before, after = old.get("jobLookback"), new.get("jobLookback")
    return before is not None and (after is None or parse_duration(after) > parse_duration(before))
