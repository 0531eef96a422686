"""The audit trail's hash chain, as functions of values.

An entry's hash is the SHA-256 of the hash before it and of the entry in its canonical form: one JSON array of those two
things, without spaces, keys sorted, beyond ASCII escaped, the time in UTC with microseconds. Whoever changes an entry, or
its place, would have to write every later hash anew, and the last of them is signed and kept elsewhere too.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Self

from django.core.signing import BadSignature, Signer

FIELDS = (
    "id", "at", "action", "actor_id", "actor_label", "tenant_id", "partner_id", "target_type", "target_id",
    "target_label", "diff", "note", "request_id", "ip",
)  # fmt: skip
"""The columns of an entry, in the order in which they are hashed. Every hash there is depends on it: never change it."""
BEGINNING = "0" * 64
"""What stands in for the hash before the first."""

_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def chained(previous: str, entry: Sequence[Any]) -> str:
    """The hash of an entry, given as its `FIELDS`, after the hash `previous`."""
    pk, at, *rest, ip = entry
    written = at.astimezone(UTC).isoformat(timespec="microseconds")
    form = _write([previous, [pk, written, *rest, None if ip is None else str(ip)]])
    return hashlib.sha256(form.encode()).hexdigest()


class HeadForged(Exception):
    """A head that no key of this portal has signed."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many entries are sealed, and the hash of the last."""

    position: int
    hash: str

    def signed(self) -> str:
        """`position:hash:signature`, by SECRET_KEY."""
        return _signer().sign(str(self))

    @classmethod
    def of(cls, signed: str) -> Self:
        """The head that was signed so, by SECRET_KEY or one of SECRET_KEY_FALLBACKS. Raises HeadForged."""
        try:
            return cls.read(_signer().unsign(signed))
        except (BadSignature, ValueError):
            raise HeadForged from None

    @classmethod
    def read(cls, text: str) -> Self:
        """`position:hash`, with or without the signature. Raises ValueError for anything else."""
        position, hash_, *_ = text.strip().split(":")
        if len(hash_) != len(BEGINNING):
            raise ValueError(text)
        return cls(int(position), hash_)

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


def _signer() -> Signer:
    return Signer(salt="portal.chain")
