"""Which value of a field survives. One pure function of three values and a policy.

`base` is the value last agreed, `remote` what the source says now, `local` what the record holds; all three
in normal form (`reconciliation.normalise`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Policy(StrEnum):
    """Who wins a field that both sides changed differently."""

    SYSTEM_OF_RECORD = "system_of_record"
    NEWEST = "newest"
    PORTAL = "portal"
    ASK = "ask"


class Mode(StrEnum):
    """When a source's value may overwrite a field at all."""

    ALWAYS = "always"
    IF_EMPTY = "if_empty"
    IF_NEW = "if_new"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field both sides changed apart; `settled` is False where a person must decide."""

    field: str
    base: Any
    local: Any
    remote: Any
    settled: bool


@dataclass(slots=True)
class Decision:
    """Fields whose remote value is to be written, the base to remember, and the conflicts met."""

    take: list[str] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)
    conflicts: list[FieldConflict] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rule:
    """A sync rule's say in it. `remote_is_record` is whether the source is the system of record."""

    policy: Policy = Policy.SYSTEM_OF_RECORD
    remote_is_record: bool = True


_UNKNOWN = object()


def decide(
    base: Mapping[str, Any],
    remote: Mapping[str, Any],
    local: Mapping[str, Any],
    rule: Rule,
    *,
    remote_at: datetime | None = None,
    local_at: datetime | None = None,
) -> Decision:
    """Compare every field of `remote` three ways.

    One side moved: it wins. Both moved to the same: agreed. Both moved apart: the policy. A field never seen
    before (no base) is taken from the source.
    """
    decision = Decision()
    for name, theirs in remote.items():
        ours, agreed = local.get(name), base.get(name, _UNKNOWN)
        if theirs == ours:
            decision.base[name] = theirs
        elif agreed is _UNKNOWN or ours == agreed:
            decision.take.append(name)
            decision.base[name] = theirs
        elif theirs == agreed:
            decision.base[name] = agreed
        else:
            _settle(decision, name, agreed, ours, theirs, rule, remote_at, local_at)
    return decision


def _settle(
    decision: Decision,
    name: str,
    agreed: Any,
    ours: Any,
    theirs: Any,
    rule: Rule,
    remote_at: datetime | None,
    local_at: datetime | None,
) -> None:
    if rule.policy is Policy.ASK:
        decision.base[name] = agreed
        decision.conflicts.append(FieldConflict(name, agreed, ours, theirs, settled=False))
        return
    if remote_wins(rule, remote_at, local_at):
        decision.take.append(name)
    decision.base[name] = theirs
    decision.conflicts.append(FieldConflict(name, agreed, ours, theirs, settled=True))


def remote_wins(rule: Rule, remote_at: datetime | None, local_at: datetime | None) -> bool:
    """Whether the source's value stands, for every policy but `ask`. An unknown time never beats a known one."""
    if rule.policy is Policy.NEWEST:
        return local_at is None or (remote_at is not None and remote_at >= local_at)
    return rule.policy is Policy.SYSTEM_OF_RECORD and rule.remote_is_record
