"""The tortures there are, as data: which systems each is for, how it is run, and what of its report is shown."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from integrations.torture import billing
from integrations.torture.crossing import torture_boundaries
from integrations.torture.offices import OFFICES
from integrations.torture.resting import Say
from integrations.torture.running import torture
from integrations.torture.sides import torture_sides


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants done. `edits` are invoices where those are posted; `policies` are those of conflicts.
    `boundaries`: how often to die at each; then `seconds` bounds the hunt, and kills and edits are counted only."""

    seed: int
    kills: int
    edits: int
    protected: bool = True
    systems: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    boundaries: int = 0
    seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Course:
    """`systems`: how they are named on the command line. `run` gives a report for JSON, with `good` and one verdict, or
    with one for each of `policies`; of those it shows the `columns`."""

    systems: str
    fits: Callable[[Collection[str]], bool]
    run: Callable[[Asked, Say], dict[str, Any]]
    columns: tuple[str, ...]
    takes_policies: bool = False


def course_of(systems: Sequence[str], boundaries: int = 0) -> Course:
    """Raises ValueError, which tells what there is."""
    if boundaries:
        if systems:
            raise ValueError("Boundaries are for ServiceTitan beside the portal: leave --systems out.")
        return BOUNDARIES
    for course in COURSES:
        if course.fits(frozenset(systems)):
            return course
    known = "; ".join(course.systems for course in COURSES if course.systems)
    raise ValueError(f"Nobody can torture {','.join(systems)}. Choose from: {known}.")


def _one_system(asked: Asked, say: Say) -> dict[str, Any]:
    report = torture(asked.seed, asked.kills, asked.edits, protected=asked.protected, say=say)
    return {**asdict(report), "good": report.verdict.good}


def _boundaries(asked: Asked, say: Say) -> dict[str, Any]:
    report = torture_boundaries(asked.seed, asked.boundaries, seconds=asked.seconds, say=say)
    good = report.verdict.good and not report.missing
    return {**asdict(report), "good": good, "met": len(report.boundaries)}


def _customers(asked: Asked, say: Say) -> dict[str, Any]:
    reports = []
    for policy in asked.policies:
        say(f"Policy {policy} …")
        reports.append(
            torture_sides(
                asked.systems,
                policy,
                asked.seed,
                asked.kills,
                asked.edits,
                protected=asked.protected,
                say=say,
            )
        )
    good = all(report.verdict.good for report in reports)
    return {"good": good, "systems": asked.systems, "policies": [asdict(report) for report in reports]}


def _billing(asked: Asked, say: Say) -> dict[str, Any]:
    report = billing.torture_billing(asked.seed, asked.kills, asked.edits, protected=asked.protected, say=say)
    return {**asdict(report), "good": report.verdict.good, "systems": asked.systems}


BOUNDARIES = Course("", bool, _boundaries, ("seed", "times", "met", "kills", "edits"))
COURSES: tuple[Course, ...] = (
    Course(
        "",
        lambda systems: not systems,
        _one_system,
        ("seed", "kills", "edits", "writes", "reads", "booked", "settled", "refused", "unanswered"),
    ),
    Course(
        ",".join(billing.SYSTEMS),
        lambda systems: systems == frozenset(billing.SYSTEMS),
        _billing,
        ("seed", "kills", "invoices", "postings", "billed", "posted", "logons", "evictions"),
    ),
    Course(
        " and ".join(OFFICES),
        lambda systems: frozenset(systems) <= OFFICES.keys(),
        _customers,
        ("policy", "seed", "kills", "edits", "writes", "reads", "customers", "settled"),
        takes_policies=True,
    ),
)


def reports_in(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The report itself, or those of its policies."""
    return list(report.get("policies") or [dict(report)])
