"""The figures as tables for people and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.goals import Verdict
from tests.bench.scenarios import Row

HEAD = (
    "scenario", "database", "who", "records", "wall s", "records/s", "CPU s", "+db CPU s", "us/record", "peak MB",
    "calls", "calls/s", "429", "in 1 s",
)  # fmt: skip


def cells(row: Row) -> tuple[str, ...]:
    found = row.measured
    cpu = found.cpu + (row.server_cpu or 0.0)
    return (
        row.scenario,
        row.database,
        row.contender,
        f"{found.records:,}",
        f"{found.wall:.2f}",
        f"{row.rate:,.0f}",
        f"{found.cpu:.2f}",
        "" if row.server_cpu is None else f"{row.server_cpu:.2f}",
        f"{cpu / found.records * 1e6:.0f}" if found.records else "",
        f"{found.peak_mb:.0f}",
        str(row.calls),
        f"{row.calls_per_second:.1f}",
        str(row.refused),
        str(row.peak_calls),
    )


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    ruled = [head, ["-" * width for width in widths], *lines]

    def aligned(line: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()

    return "\n".join(aligned(line) for line in ruled)


def verdicts(found: Sequence[Verdict]) -> str:
    words = {True: "met", False: "MISSED", None: "too little data to judge"}
    return table(("goal", "figure", ""), [(v.goal, v.figure, words[v.good]) for v in found])


def save(path: Path, machine: dict[str, str], rows: Sequence[Row], found: Sequence[Verdict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "rows": [asdict(row) for row in rows],
        "goals": [asdict(verdict) for verdict in found],
    }
    path.write_text(json.dumps(document, indent=1))
