"""Three values of a field and a policy: which one survives."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.normalise import collapsed, dumps, normal_form
from reconciliation.survivorship import (
    Clocks,
    FieldRule,
    Mode,
    Policy,
    Rule,
    decide,
    decide_as_they_stand,
    remote_wins,
)
from tests.reconciliation.pages import NOON, at

SOURCE_WINS = Rule(Policy.SYSTEM_OF_RECORD, remote_is_record=True)
ASK = Rule(Policy.ASK)


def settled(decision):
    return [(conflict.field, conflict.settled) for conflict in decision.conflicts]


def test_a_field_that_only_the_source_changed_is_taken():
    decision = decide({"name": "Ana"}, {"name": "Anna"}, {"name": "Ana"}, ASK)
    assert (decision.take, decision.base, decision.conflicts) == (["name"], {"name": "Anna"}, [])


def test_a_field_that_only_the_portal_changed_is_kept_and_stays_owed_to_the_source():
    decision = decide({"name": "Ana"}, {"name": "Ana"}, {"name": "Anna"}, SOURCE_WINS)
    assert (decision.take, decision.base, decision.conflicts) == ([], {"name": "Ana"}, [])


def test_both_sides_changing_to_the_same_value_is_no_conflict():
    decision = decide({"name": "Ana"}, {"name": "Anna"}, {"name": "Anna"}, ASK)
    assert (decision.take, decision.base, decision.conflicts) == ([], {"name": "Anna"}, [])


def test_a_field_never_agreed_on_is_taken_from_the_source():
    decision = decide({}, {"memo": "new"}, {"memo": ""}, ASK)
    assert (decision.take, decision.base) == (["memo"], {"memo": "new"})


def test_a_source_that_is_not_of_record_fills_in_what_is_empty_and_no_more():
    rule = Rule(Policy.SYSTEM_OF_RECORD, remote_is_record=False)
    decision = decide({}, {"kind": "Commercial", "memo": "new"}, {"kind": "Residential", "memo": ""}, rule)
    assert (decision.take, decision.base) == (["memo"], {"kind": "Commercial", "memo": "new"})
    assert decide({}, {"latitude": None}, {"latitude": 39.5}, rule).take == []


def test_fields_that_the_source_does_not_mention_are_left_alone():
    decision = decide(
        {"name": "Ana", "memo": "x"}, {"name": "Ana"}, {"name": "Ana", "memo": "mine"}, SOURCE_WINS
    )
    assert (decision.take, decision.conflicts) == ([], [])


def test_a_null_is_a_value_like_any_other():
    decision = decide({"total": "5"}, {"total": None}, {"total": "5"}, ASK)
    assert decision.take == ["total"]
    decision = decide({"total": None}, {"total": "5"}, {"total": None}, ASK)
    assert decision.take == ["total"]


BOTH_MOVED = ({"name": "Ana"}, {"name": "Anna"}, {"name": "Anne"})


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        (Rule(Policy.SYSTEM_OF_RECORD, remote_is_record=True), ["name"]),
        (Rule(Policy.SYSTEM_OF_RECORD, remote_is_record=False), []),
        (Rule(Policy.PORTAL, remote_is_record=True), []),
        (Rule(Policy.SOURCE, remote_is_record=False), ["name"]),
        (Rule(Policy.ASK), []),
    ],
)
def test_both_sides_changing_apart_is_a_conflict_that_the_policy_settles(rule, taken):
    decision = decide(*BOTH_MOVED, rule)
    assert decision.take == taken
    assert settled(decision) == [("name", rule.policy is not Policy.ASK)]


def test_a_conflict_that_waits_for_a_person_leaves_the_base_where_it_was():
    """So that the next look finds the same conflict again, instead of one side's silent victory."""
    assert decide(*BOTH_MOVED, ASK).base == {"name": "Ana"}


@pytest.mark.parametrize(
    ("remote_at", "local_at", "wins"),
    [
        (at(1), at(0), True),
        (at(0), at(1), False),
        (at(0), at(0), True),
        (None, at(0), False),
        (at(0), None, True),
    ],
)
def test_the_newest_wins_and_an_unknown_time_never_beats_a_known_one(remote_at, local_at, wins):
    assert remote_wins(Policy.NEWEST, Rule(), Clocks(remote_at, local_at)) is wins


NAMES = st.sampled_from(["name", "memo", "total", "active", "tags"])
VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]) | st.just(["1"])
FIELDS = st.dictionaries(NAMES, VALUES, max_size=5)
RULES = st.builds(Rule, st.sampled_from(Policy), st.booleans())
TIMES = st.none() | st.integers(-2, 2).map(lambda minutes: NOON + timedelta(minutes=minutes))


def local_for(remote, local):
    """A record holds a value in every field that it is compared in."""
    return {**dict.fromkeys(remote), **local}


@given(FIELDS, FIELDS, FIELDS, RULES, TIMES, TIMES)
def test_no_value_is_invented_and_none_lost(base, remote, local, rule, remote_at, local_at):
    local = local_for(remote, local)
    decision = decide(base, remote, local, rule, remote_at=remote_at, local_at=local_at)
    in_conflict = {conflict.field: conflict for conflict in decision.conflicts}
    for name, theirs in remote.items():
        ours = local[name]
        survivor = theirs if name in decision.take else ours
        loser = ours if name in decision.take else theirs
        assert decision.base[name] in (theirs, base.get(name))
        if loser != survivor and name in base and loser != base[name]:
            kept = in_conflict[name]
            assert {repr(kept.local), repr(kept.remote)} == {repr(ours), repr(theirs)}
    assert set(decision.take) <= set(remote)
    assert set(decision.base) == set(remote)


@given(
    st.permutations(["name", "memo", "total", "active", "tags"]), FIELDS, FIELDS, FIELDS, RULES, TIMES, TIMES
)
def test_the_order_of_fields_decides_nothing(order, base, remote, local, rule, remote_at, local_at):
    local = local_for(remote, local)
    one = decide(base, remote, local, rule, remote_at=remote_at, local_at=local_at)
    shuffled = {name: remote[name] for name in order if name in remote}
    other = decide(base, shuffled, local, rule, remote_at=remote_at, local_at=local_at)
    assert (set(one.take), one.base) == (set(other.take), other.base)
    assert set(map(repr, one.conflicts)) == set(map(repr, other.conflicts))


@given(FIELDS, FIELDS, FIELDS, RULES, TIMES, TIMES)
def test_deciding_the_same_again_changes_nothing_more(base, remote, local, rule, remote_at, local_at):
    """Whatever the policy, a second look at the same row writes nothing and meets no new conflict."""
    local = local_for(remote, local)
    first = decide(base, remote, local, rule, remote_at=remote_at, local_at=local_at)
    agreed = {**base, **first.base}
    written = {**local, **{name: remote[name] for name in first.take}}
    second = decide(agreed, remote, written, rule, remote_at=remote_at, local_at=local_at)
    assert second.take == []
    assert {**agreed, **second.base} == agreed
    unsettled = [conflict for conflict in first.conflicts if not conflict.settled]
    assert second.conflicts == unsettled


@given(FIELDS, FIELDS, FIELDS, RULES, TIMES, TIMES)
def test_with_every_policy_the_two_sides_converge_but_where_a_person_is_asked(
    base, remote, local, rule, remote_at, local_at
):
    """What the record holds beside the value last agreed is owed to the source; once it is there, both are one."""
    local = local_for(remote, local)
    first = decide(base, remote, local, rule, remote_at=remote_at, local_at=local_at)
    agreed = {**base, **first.base}
    ours = {**local, **{name: remote[name] for name in first.take}}
    asked = {conflict.field for conflict in first.conflicts if not conflict.settled}
    owed = {name for name in remote if name not in asked and ours[name] != agreed[name]}
    theirs = {**remote, **{name: ours[name] for name in owed}}
    second = decide(agreed, theirs, ours, rule, remote_at=remote_at, local_at=local_at)
    for name in set(remote) - asked:
        assert ours[name] == theirs[name] == second.base[name]
    assert second.take == []
    assert {conflict.field for conflict in second.conflicts} == asked


@given(FIELDS, st.lists(FIELDS, min_size=1, max_size=4), FIELDS, RULES)
def test_a_source_that_is_the_record_and_goes_on_changing_is_followed_to_its_last_value(
    base, rows, local, rule
):
    """Where no person and no portal has a say, the record ends as the source does."""
    by_record = rule.policy is Policy.SYSTEM_OF_RECORD and rule.remote_is_record
    source_rules = by_record or rule.policy is Policy.SOURCE
    for remote in rows:
        local = local_for(remote, local)
        decision = decide(base, remote, local, rule)
        base = {**base, **decision.base}
        local = {**local, **{name: remote[name] for name in decision.take}}
    if source_rules:
        mine = {name for name in rows[-1] if local[name] != rows[-1][name]}
        assert all(base[name] == rows[-1][name] for name in mine), (
            "only a pending edit of the portal may differ"
        )


RAW = st.sampled_from(
    [
        "",
        "Ana",
        "Ana ",
        " Ana  B",
        "Ana B",
        Decimal("5"),
        Decimal("5.00"),
        Decimal("5.0001"),
        None,
        NOON,
        at(1),
    ]
)
RAW_FIELDS = st.dictionaries(NAMES, RAW, max_size=5)
SAYS = st.dictionaries(
    NAMES, st.builds(FieldRule, st.sampled_from(Mode), st.none() | st.sampled_from(Policy))
)


@given(RAW_FIELDS, RAW_FIELDS, RAW_FIELDS, RULES, SAYS)
def test_values_as_they_stand_are_decided_as_their_normal_forms_are(base, remote, local, rule, says):
    rule, local = replace(rule, fields=says), local_for(remote, local)
    stored = orjson.loads(dumps(base))
    found = decide_as_they_stand(stored, remote, local, rule)
    whole = decide(collapsed(stored), normal_form(remote), normal_form(local), rule)
    assert (found.take, found.conflicts) == (whole.take, whole.conflicts)
    assert normal_form(found.base) == {**collapsed(stored), **whole.base}
