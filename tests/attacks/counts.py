"""What the attacks came to: each test says it in one line, and pytest prints them as a table when all is over.

    def test_…(count):
        count("S1", "cross-tenant", attempts, "leaks", len(leaks))

The test itself asserts that nothing was found; the table is for who wants to know how much was tried. The numbers are
those of ../shared's list of figures, which README.md has in short.
"""

import os
from collections.abc import Callable

import pytest

FULL = os.environ.get("ATTACK_FULL", "") not in ("", "0")
"""Set for the numbers that are published; without it the same attacks in small, for every run of the suite."""

NOT_TRIED = {
    "S14": "not applicable: no card number reaches the portal, and there is no payment page",
    "S36": "not applicable: there are no refunds here that a second person could have to approve",
}
"""Figures of the list that nothing here shows, and why."""

Count = Callable[..., None]


def scaled(small: int, full: int) -> int:
    """How many of something: few in every run, all with ATTACK_FULL=1."""
    return full if FULL else small


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """`count(figure, what, attempts, unit, found)`; several lines of one figure and words are added up."""

    def note(figure: str, what: str, attempts: int, unit: str = "got through", found: int = 0) -> None:
        request.node.user_properties.append(("attack", [figure, what, attempts, unit, found]))

    return note


def lines(reports: list[pytest.TestReport]) -> list[tuple[str, str, int, str, int]]:
    """What all tests said, added up, in the order of the figures."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for report in reports:
        for name, said in report.user_properties:
            if name == "attack":
                figure, what, attempts, unit, found = said
                both = sums.setdefault((figure, what, unit), [0, 0])
                both[0] += attempts
                both[1] += found
    found = [(figure, what, both[0], unit, both[1]) for (figure, what, unit), both in sums.items()]
    return sorted(found, key=lambda line: (int(line[0].strip("SX") or 0), line[0], line[1]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Used by tests/conftest.py."""
    stats = terminalreporter.stats
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in stats.get(outcome, [])
        if getattr(report, "when", "") == "call"
    ]
    said = lines(reports)
    if not said:
        return
    terminalreporter.write_sep("=", "attacks" + (" (ATTACK_FULL)" if FULL else ""))
    for figure, what, attempts, unit, found in said:
        terminalreporter.write_line(f"{figure:<5} {what:<58} {attempts:>7,} tried, {found:,} {unit}")
    for figure, why in NOT_TRIED.items():
        terminalreporter.write_line(f"{figure:<5} {why}")
