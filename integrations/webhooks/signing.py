"""Signatures over raw bytes. Pure; compared in constant time."""

import base64
import binascii
import hashlib
import hmac

TOLERANCE = 300
"""Seconds that a receiver of ours should allow between our clock and its own."""


def is_signed(body: bytes, given: str, key: str, encoding: str) -> bool:
    """Whether `given` is HMAC-SHA256 of `body` under `key`, as hex or base64, with or without `sha256=` before it."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(digest, _decoded(given.strip().removeprefix("sha256="), encoding))


def _decoded(text: str, encoding: str) -> bytes:
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """What goes out: `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>`. The time stamp makes old calls worthless."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
