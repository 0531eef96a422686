"""What others do with the same customers: Splink, and the plain rule "same phone or same e-mail".

Both get the customers as `reconciliation.matching` reads them (names apart, phones as digits, addresses in USPS words),
so that what is compared is the matching and not the cleaning. Splink is trained as its documentation tells: u by random
sampling, m by expectation maximisation over three blockings, term frequencies on names, phones and e-mails.
"""

import logging
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.internals.duckdb.database_api import DuckDBAPI

from reconciliation.matching.columns import Columns
from tests.bench_dedupe.truth import Ints

Pairs = tuple[Ints, Ints, np.ndarray]
MEMORY = "8GB"


def table(folder: Path) -> pd.DataFrame:
    """A set's customers, read already."""
    return pd.read_parquet(folder / "frame.parquet")


def exact(customers: pd.DataFrame) -> tuple[Ints, Ints]:
    """Every two customers with the same first phone or the same first e-mail address."""
    size = len(customers)
    coded = [np.zeros(0, dtype=np.int64)]
    for name in ("phone", "email"):
        left, right = _sharing(pd.factorize(customers[name])[0].astype(np.int64) + 1)
        coded.append(left * size + right)
    found = np.unique(np.concatenate(coded))
    return found // size, found % size


def _sharing(key: Ints) -> tuple[Ints, Ints]:
    known = np.flatnonzero(key)
    order = known[np.argsort(key[known], kind="stable")]
    values = key[order]
    lefts, rights = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    step = 1
    while True:
        same = (
            np.flatnonzero(values[step:] == values[:-step])
            if step < len(values)
            else np.zeros(0, dtype=np.int64)
        )
        if not len(same):
            break
        one, other = order[same], order[same + step]
        lefts.append(np.minimum(one, other))
        rights.append(np.maximum(one, other))
        step += 1
    return np.concatenate(lefts), np.concatenate(rights)


def frame(found: Columns) -> pd.DataFrame:
    """Customers as Splink takes them; an empty text is a null."""
    words = np.array(found.words, dtype=object)
    words[0] = None

    def column(name: str) -> np.ndarray:
        return words[found.text(name)]

    given, surname = column("given"), column("surname")
    business = found.business
    surname = np.where(business, column("core"), surname)
    house, street = column("house"), column("street")
    place = [f"{a} {b}" if a and b else None for a, b in zip(house, street, strict=True)]
    phones = [[str(number) for number in row if number] or None for row in found.phones[:2].T.tolist()]
    return pd.DataFrame({
        "unique_id": np.arange(len(found)), "given": given, "surname": surname, "suffix": column("suffix"),
        "phone": [row[0] if row else None for row in phones], "phones": phones, "email": column("email0"),
        "place": place, "unit": column("unit"), "zip": column("zip"), "city": column("city"),
    })  # fmt: skip


def splink(customers: pd.DataFrame, at_least: float = 0.05) -> Pairs:
    """Splink's pairs that score `at_least`."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    connection = duckdb.connect(config={"memory_limit": MEMORY})
    api = DuckDBAPI(connection)
    has = {name for name in customers if customers[name].notna().any()}
    linker = Linker(api.register(customers), _settings(has), log_level=None)
    trained = linker.training
    certain = [("phone", "surname"), ("email", "surname"), ("given", "surname", "place")]
    trained.estimate_probability_two_random_records_match(
        [block_on(*names) for names in certain if has.issuperset(names)], recall=0.8
    )
    trained.estimate_u_using_random_sampling(max_pairs=5_000_000, seed=1)
    for names in (("phone",), ("given", "surname", "zip"), ("place",)):
        if has.issuperset(names):
            trained.estimate_parameters_using_expectation_maximisation(
                block_on(*names), record_sample_proportion=1.0
            )
    scored = linker.inference.predict(threshold_match_probability=at_least)
    rows = connection.execute(
        f"SELECT unique_id_l, unique_id_r, match_probability FROM {scored.physical_name}"  # noqa: S608 - Splink's own name
    ).fetchnumpy()
    one, other = rows["unique_id_l"].astype(np.int64), rows["unique_id_r"].astype(np.int64)
    return np.minimum(one, other), np.maximum(one, other), rows["match_probability"]


def _settings(has: set[str]) -> SettingsCreator:
    """Comparisons and blocking rules over the columns that hold anything."""
    blocking = {
        "phone": block_on("phone"),
        "email": block_on("email"),
        "place": block_on("place"),
        "given": block_on("given", "surname", "zip"),
        "surname": block_on("surname", "zip", "substr(given, 1, 1)"),
        "zip": block_on("substr(surname, 1, 4)", "substr(place, 1, 6)"),
    }
    comparisons = {
        "given": cl.JaroWinklerAtThresholds("given", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        "surname": cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "suffix": cl.ExactMatch("suffix"),
        "phone": cl.LevenshteinAtThresholds("phone", [1, 2]).configure(term_frequency_adjustments=True),
        "email": cl.EmailComparison("email"),
        "place": cl.LevenshteinAtThresholds("place", [1, 3]).configure(term_frequency_adjustments=True),
        "unit": cl.ExactMatch("unit"),
        "zip": cl.LevenshteinAtThresholds("zip", 1),
        "city": cl.LevenshteinAtThresholds("city", 2),
    }
    return SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[rule for name, rule in blocking.items() if name in has],
        comparisons=[comparison for name, comparison in comparisons.items() if name in has],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
