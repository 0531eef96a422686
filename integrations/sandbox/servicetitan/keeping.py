"""A shop kept in a file, so that a sandbox that is started again goes on where it stood: rows and their numbers.

Access tokens, faults and the journal are not kept: a client fetches another token, as after an expiry.
"""

from pathlib import Path

import orjson

from integrations.sandbox.servicetitan.control import Control


def save(control: Control, path: Path) -> None:
    """Raises OSError."""
    with control.store.lock:
        kept = control.store.dump()
    fresh = path.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(kept, option=orjson.OPT_NON_STR_KEYS))
    fresh.replace(path)


def load(control: Control, path: Path) -> bool:
    """Whether there was a file; it replaces every row. Raises ValueError for one that is not ours."""
    if not path.exists():
        return False
    try:
        with control.store.lock:
            control.store.restore(orjson.loads(path.read_bytes()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no kept shop: {error}") from error
    return True
