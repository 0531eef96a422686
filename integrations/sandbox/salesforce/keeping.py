"""An org kept in a file, so that a sandbox that is started again goes on where it stood: rows, id numbers, approvals.

Fields and objects that somebody added are not kept, nor are access tokens: a client refreshes, as after an expiry.
"""

from dataclasses import asdict
from pathlib import Path

import orjson

from integrations.sandbox.salesforce.access import Grant
from integrations.sandbox.salesforce.control import Control


def save(control: Control, path: Path) -> None:
    """Raises OSError. The file holds refresh tokens, so only its owner may read it."""
    with control.org.store.lock:
        tables = control.org.store.dump()
    grants = {token: asdict(grant) for token, grant in control.access.grants.items()}
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(orjson.dumps({"tables": tables, "grants": grants}))
    fresh.replace(path)


def load(control: Control, path: Path) -> bool:
    """Whether there was a file; it replaces every row. Raises ValueError for one that is not ours."""
    if not path.exists():
        return False
    try:
        kept = orjson.loads(path.read_bytes())
        with control.org.store.lock:
            control.org.store.restore(kept["tables"])
        control.access.grants = {token: Grant(**grant) for token, grant in kept["grants"].items()}
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no kept org: {error}") from error
    return True
