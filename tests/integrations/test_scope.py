"""The scope document: its exact form, and what each member lets through."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.scope import (
    EXAMPLE,
    Choices,
    Scope,
    ScopeError,
    check,
    compiled,
    distinct,
    is_wider,
    parse_duration,
    unit_code,
)
from reconciliation.intake import Incoming
from reconciliation.lookup import Parent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHOICES = Choices({"Plumbing": "11", "HVAC: Service": "12"}, {"Maintenance": "21", "VIP": "22"})
ALL = {"businessUnits": None, "customerTagFilter": None, "jobLookback": None}


def test_the_example_of_the_form_is_of_the_form():
    import json

    choices = Choices({"Plumbing": "11", "HVAC": "12"}, {})
    assert check(json.loads(EXAMPLE), choices) == json.loads(EXAMPLE)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "object"),
        ([], "object"),
        ({**ALL, "businessunits": []}, "“businessunits” is not a member"),
        ({"businessUnits": None, "jobLookback": None}, "“customerTagFilter” is missing"),
        ({**ALL, "businessUnits": []}, "share nothing"),
        ({**ALL, "businessUnits": "BU_PLUMBING"}, "list of names"),
        ({**ALL, "businessUnits": [None]}, "list of names"),
        ({**ALL, "businessUnits": ["BU_ROOFING"]}, "There is no business unit “BU_ROOFING”"),
        ({**ALL, "customerTagFilter": ["Gold"]}, "There is no tag “Gold”"),
        ({**ALL, "jobLookback": 30}, "ISO 8601 duration"),
        ({**ALL, "jobLookback": "30 days"}, "“30 days” is not an ISO 8601 duration"),
        ({**ALL, "jobLookback": "P0D"}, "no time at all"),
        ({**ALL, "jobLookback": "P101Y"}, "longer than a hundred years"),
    ],
)
def test_a_scope_of_another_form_is_refused_by_name(document, words):
    with pytest.raises(ScopeError, match=words):
        check(document, CHOICES)


def test_every_mistake_is_named_at_once():
    with pytest.raises(ScopeError) as caught:
        check({"businessUnits": ["X"], "jobLookback": "soon", "colour": "red"}, CHOICES)
    assert len(caught.value.messages) == 4


def test_the_choices_there_are_stand_in_the_refusal():
    with pytest.raises(ScopeError, match="BU_HVAC_SERVICE, BU_PLUMBING"):
        check({**ALL, "businessUnits": ["Roofing"]}, CHOICES)


@pytest.mark.parametrize("spelling", ["BU_HVAC_SERVICE", "HVAC: Service", "hvac: service", "12", 12])
def test_a_unit_may_be_named_by_code_name_or_id_and_is_kept_by_code(spelling):
    assert check({**ALL, "businessUnits": [spelling, "BU_HVAC_SERVICE"]}, CHOICES)["businessUnits"] == [
        "BU_HVAC_SERVICE"
    ]


def test_units_that_read_alike_are_told_apart_by_their_ids():
    """Else choosing one would share the other, or leave one out unseen."""
    names = distinct([("HVAC - Service", "1"), ("HVAC Service", "2"), ("Plumbing", "3")], unit_code)
    choices = Choices(names, {})
    with pytest.raises(ScopeError):
        check({**ALL, "businessUnits": ["BU_HVAC_SERVICE"]}, choices)
    scope = compiled({**ALL, "businessUnits": ["BU_HVAC_SERVICE_2"]}, choices, NOW)
    assert scope.units == {"2"}
    assert compiled({**ALL, "businessUnits": ["1", "BU_PLUMBING"]}, choices, NOW).units == {"1", "3"}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("P30D", 30),
        ("P2W", 14),
        ("P6M", 180),
        ("P1Y", 365),
        ("P1Y2M3D", 365 + 60 + 3),
        ("PT36H", 1.5),
        ("P1DT12H", 1.5),
    ],
)
def test_a_duration_is_read_as_iso_8601_writes_it(text, days):
    assert parse_duration(text) == timedelta(days=days)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "30",
        "P30",
        "P-1D",
        "-P30D",
        "P30D ",
        "p30d",
        "P3\N{ARABIC-INDIC DIGIT ZERO}D",
        "PT1D",
        "P1D\n",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an ISO 8601 duration|no time"):
        parse_duration(text)


def row(*, status="", completed=None, modified=NOW, unit=None, tags=None):
    fields = {"status": status, "completed_at": completed, "tag_ids": tags}
    return Incoming("1", fields, {"business_unit": unit} if unit else {}, "{}", 0, modified)


def admits(scope, entity, incoming, parents=None, known=False):
    return scope.judge(entity)(incoming, parents or {}, known)


def test_only_the_chosen_units_are_let_through_and_what_has_no_unit():
    scope = Scope(units=frozenset({"11"}))
    assert [admits(scope, "job", row(unit=unit)) for unit in ("11", "12", None)] == [True, False, True]


def test_only_customers_with_a_chosen_tag_are_let_through():
    scope = Scope(tags=frozenset({"21"}))
    tags = (["21", "5"], ["5"], [], None)
    assert [admits(scope, "customer", row(tags=tag)) for tag in tags] == [True, False, False, False]


def test_tags_of_jobs_are_not_looked_at():
    assert admits(Scope(tags=frozenset({"21"})), "job", row(tags=["5"]))


def test_finished_jobs_are_let_through_by_when_they_ended_and_open_ones_always():
    scope = Scope(jobs_since=NOW - timedelta(days=30))
    old, new = NOW - timedelta(days=31), NOW - timedelta(days=29)
    assert not admits(scope, "job", row(status="Completed", completed=old))
    assert admits(scope, "job", row(status="Completed", completed=new))
    assert not admits(scope, "job", row(status="Canceled", modified=old))
    assert admits(scope, "job", row(status="Scheduled", completed=None, modified=old))
    assert admits(scope, "job", row(status="Completed", completed=old), known=True)
    assert admits(scope, "invoice", row(status="Completed", completed=old))


@pytest.mark.parametrize("state", ["out_of_scope", "frozen"])
@pytest.mark.parametrize("parent", ["customer", "location", "job"])
def test_what_belongs_to_something_outside_is_outside(parent, state):
    assert not admits(Scope(units=frozenset({"11"})), "invoice", row(), {parent: Parent(None, state)})


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        (ALL, {**ALL, "jobLookback": "P30D"}, False),
        ({**ALL, "jobLookback": "P30D"}, ALL, True),
        ({**ALL, "jobLookback": "P30D"}, {**ALL, "jobLookback": "P1Y"}, True),
        ({**ALL, "jobLookback": "P30D"}, {**ALL, "jobLookback": "P10D"}, False),
        ({**ALL, "businessUnits": ["A"]}, {**ALL, "businessUnits": ["A", "B"]}, True),
        ({**ALL, "businessUnits": ["A", "B"]}, {**ALL, "businessUnits": ["A"]}, False),
        ({**ALL, "businessUnits": ["A"]}, {**ALL, "businessUnits": ["B"]}, True),
        ({**ALL, "customerTagFilter": ["A"]}, {**ALL, "businessUnits": ["B"]}, True),
        (ALL, ALL, False),
    ],
)
def test_a_scope_is_wider_if_it_could_admit_what_the_old_one_left_out(old, new, wider):
    assert is_wider(old, new) is wider
