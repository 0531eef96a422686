"""One address written in one text, taken apart: `12 Elm St, Apt 4, Reno, NV 89501, USA`. Pure."""

import re

PARTS = ("street", "unit", "city", "state", "postal_code", "country")

_POSTAL = r"\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d"
_STATE_AND_CODE = re.compile(rf"([A-Za-z]{{2}})\.?(?:\s+({_POSTAL}))?|({_POSTAL})")
_UNIT = re.compile(r"(?:apt|apartment|unit|suite|ste|floor|fl|room|rm)\b.*|#.*", re.IGNORECASE)
_UNIT_BEHIND = re.compile(r"(?<=\w)\s+((?:apt|apartment|unit|suite|ste)\b\.?\s*\S+|#\s*\S+)$", re.IGNORECASE)


def part_of(address: str, part: str) -> str:
    """One of `PARTS`; empty where the address does not say it."""
    return taken_apart(address)[part]


def taken_apart(address: str) -> dict[str, str]:
    """All of `PARTS`, from North American forms with commas or lines between them."""
    found = dict.fromkeys(PARTS, "")
    pieces = [piece.strip() for piece in re.split(r"[,\n]", address) if piece.strip()]
    at = next((n for n in range(len(pieces) - 1, 0, -1) if _STATE_AND_CODE.fullmatch(pieces[n])), None)
    if at is not None:
        state, code, only_code = _STATE_AND_CODE.fullmatch(pieces[at]).groups()  # type: ignore[union-attr]  # matched above
        found["state"], found["postal_code"] = (state or "").upper(), code or only_code or ""
        found["country"] = ", ".join(pieces[at + 1 :])
        pieces = pieces[:at]
    if len(pieces) > 1 and not _UNIT.fullmatch(pieces[-1]):
        found["city"] = pieces.pop()
    if len(pieces) > 1 and _UNIT.fullmatch(pieces[-1]):
        found["unit"] = pieces.pop()
    found["street"] = ", ".join(pieces)
    if not found["unit"] and (behind := _UNIT_BEHIND.search(found["street"])):
        found["unit"], found["street"] = behind[1], found["street"][: behind.start()]
    return found
