"""A shop's customers with the truth about them: `python -m tests.bench_dedupe.generate FILE.csv --customers 10000`.

The route: groups of parties (`people`) -> one or more records of each (`mistakes`) -> shuffled rows; the column
`truth` holds the party's number. How often things go wrong was set so that the plain rule "same phone or e-mail" does
about as well here as on shops' own files (an F1 of about 0.53). Addresses, numbers and names are made up.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.bench_dedupe.mistakes import Clerk, Row
from tests.bench_dedupe.people import GROUP, Party, World

COLUMNS = ("id", "type", "first_name", "last_name", "name", "email", "phone", "phone2", "street", "unit", "city", "state",
           "zip")  # fmt: skip


def customers(count: int, seed: int) -> list[Row]:
    """`count` records, in no order; `truth` says whose each is."""
    random = Random(seed)
    world = World(random, count)
    clerk = Clerk(random, world)
    rows: list[Row] = []
    for truth, party in enumerate(_parties(random, world)):
        for _ in range(_records(random, party)):
            rows.append({**clerk.record(party), "truth": str(truth)})
        if len(rows) >= count:
            break
    del rows[count:]
    random.shuffle(rows)
    for number, row in enumerate(rows, 1):
        row["id"] = str(number)
    return rows


def _parties(random: Random, world: World) -> Iterator[Party]:
    while True:
        yield from GROUP.choose(random)(world)


def _records(random: Random, party: Party) -> int:
    chance = random.random()
    more = 0 if chance < 0.72 else 1 if chance < 0.92 else 2 if chance < 0.975 else 3 if chance < 0.992 else 5
    return max(party.records, 1 + more)


def write(rows: list[Row], path: Path, *, with_truth: bool = False) -> None:
    """Write rows as a file that `import_customers` reads; the truth only where asked for."""
    names = [*COLUMNS, *(["truth"] if with_truth else [])]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--with-truth", action="store_true", help="add the column truth")
    chosen = parser.parse_args()
    write(customers(chosen.customers, chosen.seed), chosen.file, with_truth=chosen.with_truth)


if __name__ == "__main__":
    main()
