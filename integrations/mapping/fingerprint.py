"""A row's fingerprint: it changes whenever the payload does, or the mapping that reads it."""

from collections.abc import Iterable
from dataclasses import asdict
from hashlib import blake2b

import orjson

from integrations.connectors.entity import Entity, FieldMap

_PORTION = 2047
READER = 1
"""Raise by one when transforms come to read the same payload differently, so that rows are read again."""


def mapping_salt(entity: Entity, *, region: str = "US") -> bytes:
    """16 bytes that stand for everything that decides how a payload is read."""
    parts = {
        "reader": READER,
        "region": region,
        "lines": sorted(_read_by(entity.mapping)),
        "references": {name: asdict(ref) for name, ref in entity.references.items()},
        "children": {**asdict(entity.children), "mapping": _read_by(entity.children.mapping)}
        if entity.children
        else None,
        "constants": dict(entity.constants),
        "own": [entity.id, entity.created, entity.modified, entity.active, entity.merged_to],
    }
    return blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _read_by(lines: Iterable[FieldMap]) -> list[list[str]]:
    """What of each line decides how a row is read; what only decides how one is written makes no difference."""
    return [
        [line.remote, line.field, line.transform, *filter(None, [line.argument, line.kind])]
        for line in lines
        if line.direction != "push"
    ]


def row_fingerprint(payload: bytes, salt: bytes) -> int:
    """A signed 64-bit number for a payload's bytes under a mapping's salt.

    hashlib lets go of the interpreter's lock for more than 2047 bytes at once, and with readers in other threads
    it takes far longer to get it back than to hash a row: so portions.
    """
    digest = blake2b(digest_size=8, key=salt)
    for start in range(0, len(payload), _PORTION):
        digest.update(payload[start : start + _PORTION])
    return int.from_bytes(digest.digest(), "big", signed=True)
