"""Which value of a field survives. One pure function of three values and a policy.

`base` is the value last agreed, `remote` what the source says now, `local` what the record holds; all three are
compared in normal form (`reconciliation.normalise`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciliation.normalise import collapsed, normal_form


class Policy(StrEnum):
    """Who wins a field that both sides changed differently."""

    SYSTEM_OF_RECORD = "system_of_record"
    NEWEST = "newest"
    PORTAL = "portal"
    SOURCE = "source"
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

    @property
    def overruled(self) -> bool:
        """Whether a value here stood against the source's, which does not know it yet."""
        return any(met.settled and met.field not in self.take for met in self.conflicts)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a sync rule says of one field: when it may be overwritten, and who wins it (None: as the rule)."""

    mode: Mode = Mode.ALWAYS
    policy: Policy | None = None


_AS_THE_RULE = FieldRule()


@dataclass(frozen=True, slots=True)
class Rule:
    """A sync rule's say in it. `remote_is_record` is whether the source is the system of record."""

    policy: Policy = Policy.SYSTEM_OF_RECORD
    remote_is_record: bool = True
    fields: Mapping[str, FieldRule] = field(default_factory=dict)

    @property
    def never(self) -> frozenset[str]:
        """Fields that the source may not even fill in a new record."""
        return frozenset(name for name, say in self.fields.items() if say.mode is Mode.NEVER)

    @property
    def goes_by_time(self) -> bool:
        """Whether any field of it goes to the newest."""
        return Policy.NEWEST in {self.policy, *(say.policy for say in self.fields.values())}

    def of(self, name: str) -> FieldRule:
        """The say in one field."""
        return self.fields.get(name, _AS_THE_RULE)

    def policy_of(self, name: str) -> Policy:
        """Who wins one field."""
        return self.of(name).policy or self.policy


@dataclass(frozen=True, slots=True)
class Clocks:
    """When each side last moved, as far as it is known; `made` is when single values here were, where that is known."""

    remote: datetime | None = None
    local: datetime | None = None
    made: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, name: str) -> "Clocks":
        """Those of one field."""
        return Clocks(self.remote, self.made.get(name, self.local))


Same = Callable[[str, Any, Any], bool]
_UNKNOWN = object()
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def never_the_same(name: str, one: Any, other: Any) -> bool:
    """Every difference counts."""
    return False


def decide(
    base: Mapping[str, Any],
    remote: Mapping[str, Any],
    local: Mapping[str, Any],
    rule: Rule,
    *,
    remote_at: datetime | None = None,
    local_at: datetime | None = None,
    made_at: Mapping[str, datetime] | None = None,
    same: Same = never_the_same,
) -> Decision:
    """Compare every field of `remote` three ways.

    One side moved: it wins. Both moved to the same, or to the same in another form: agreed. Both moved apart: the
    policy. A field never seen before (no base) is taken from its system of record, and from any other only where
    nothing stands here: nobody has changed it there.
    """
    decision = Decision()
    clocks = Clocks(remote_at, local_at, made_at or {})
    for name, theirs in remote.items():
        say, ours = rule.of(name), local.get(name)
        if say.mode is not Mode.ALWAYS:
            if say.mode is Mode.IF_EMPTY and ours in _EMPTY and theirs not in _EMPTY:
                decision.take.append(name)
                decision.base[name] = theirs
            continue
        agreed = base.get(name, _UNKNOWN)
        if theirs == ours:
            decision.base[name] = theirs
        elif agreed is _UNKNOWN:
            if rule.remote_is_record or ours in _EMPTY:
                decision.take.append(name)
            decision.base[name] = theirs
        elif ours == agreed:
            decision.take.append(name)
            decision.base[name] = theirs
        elif theirs == agreed:
            decision.base[name] = agreed
        else:
            _weigh(decision, FieldConflict(name, agreed, ours, theirs, settled=False), rule, clocks, same)
    return decision


def decide_as_they_stand(
    base: Mapping[str, Any],
    remote: Mapping[str, Any],
    local: Mapping[str, Any],
    rule: Rule,
    **more: Any,
) -> Decision:
    """`decide`, of values that are in no normal form yet: those that are the same as they stand need none.

    The decision's `base` is the whole of it, with the fields that `remote` does not mention.
    """
    apart = [name for name, theirs in remote.items() if theirs != local[name]]
    decision = decide(
        collapsed({name: base[name] for name in apart if name in base}),
        normal_form({name: remote[name] for name in apart}),
        normal_form({name: local[name] for name in apart}),
        rule,
        **more,
    )
    agreed = {name: theirs for name, theirs in remote.items() if rule.of(name).mode is Mode.ALWAYS}
    decision.base = {**base, **agreed, **decision.base}
    return decision


def _weigh(decision: Decision, met: FieldConflict, rule: Rule, clocks: Clocks, same: Same) -> None:
    """Both sides moved: first whether it was in more than form, then by the policy."""
    name = met.field
    policy = rule.policy_of(name)
    if same(name, met.remote, met.local) or same(name, met.remote, met.base):
        decision.base[name] = met.remote
    elif same(name, met.local, met.base):
        decision.take.append(name)
        decision.base[name] = met.remote
    elif policy is Policy.ASK:
        decision.base[name] = met.base
        decision.conflicts.append(met)
    else:
        if remote_wins(policy, rule, clocks.of(name)):
            decision.take.append(name)
        decision.base[name] = met.remote
        decision.conflicts.append(replace(met, settled=True))


def remote_wins(policy: Policy, rule: Rule, clocks: Clocks) -> bool:
    """Whether the source's value stands, for every policy but `ask`. An unknown time never beats a known one."""
    if policy is Policy.NEWEST:
        return clocks.local is None or (clocks.remote is not None and clocks.remote >= clocks.local)
    return policy is Policy.SOURCE or (policy is Policy.SYSTEM_OF_RECORD and rule.remote_is_record)
