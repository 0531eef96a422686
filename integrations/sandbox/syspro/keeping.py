"""A company kept in a file, so that a sandbox that is started again goes on where it stood: rows, numbers, periods.

Sessions are not kept: a client logs on again, as after an expiry.
"""

from pathlib import Path

import orjson

from integrations.sandbox.syspro.control import Control


def save(control: Control, path: Path) -> None:
    """Raises OSError."""
    company = control.company
    with company.store.lock:
        kept = {
            "tables": company.store.dump(),
            "numbers": company.store.numbers,
            "period": [company.year, company.month],
            "open": sorted(company.open_periods),
        }
        text = orjson.dumps(kept, default=str)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(text)
    fresh.replace(path)


def load(control: Control, path: Path) -> bool:
    """Whether there was a file; it replaces every row. Raises ValueError for one that is not ours."""
    if not path.exists():
        return False
    company = control.company
    try:
        kept = orjson.loads(path.read_bytes())
        with company.store.lock:
            company.store.restore(kept["tables"])
            company.store.numbers = dict(kept["numbers"])
            company.year, company.month = kept["period"]
            company.open_periods = set(kept["open"])
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{path} holds no kept company: {error}") from error
    return True
