"""Values as people read them: money in the tenant's currency, times in its zone. Pure functions of values."""

from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import phonenumbers
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.look import badge

NOTHING = "—"
_SYMBOLS = {"USD": "$", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "GBP": "£", "EUR": "€"}
_TONES = {
    "ok": {"completed", "done", "sold", "active", "exported", "posted", "converted", "installed", "accepted"},
    "busy": {"scheduled", "dispatched", "inprogress", "working", "open", "new", "pending"},
    "warn": {"hold", "suspended", "needsreview", "onhold"},
    "bad": {"expired", "rejected"},
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with its currency and at least two places; places beyond cents only where they say something."""
    if amount is None:
        return NOTHING
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    figure = f"{abs(amount):,.{places}f}"
    sign = "\u2212" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {currency}"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A time in the tenant's zone, as HTML. Midnight in UTC is how sources write a date: shown as that date."""
    if value is None:
        return NOTHING
    if is_bare_date(value):
        return _time(value, f"{value.astimezone(UTC):%-d %b %Y}")
    return _time(value, f"{value.astimezone(zone):%-d %b %Y, %H:%M}")


def day(value: datetime | None, zone: ZoneInfo) -> str:
    """The day of a time in the tenant's zone, as HTML."""
    if value is None:
        return NOTHING
    local = value.astimezone(UTC if is_bare_date(value) else zone)
    return _time(value, f"{local:%-d %b %Y}")


def is_bare_date(value: datetime) -> bool:
    """Whether a source that knows no dates meant one: its invoice dates come as midnight in UTC."""
    return value.astimezone(UTC).time() == time.min


@lru_cache(maxsize=4096)
def phone(e164: str, extension: str, region: str) -> str:
    """A number as people in `region` write it: (512) 555-0143 x12; abroad with its country code."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    at_home = phonenumbers.region_code_for_number(number) == region
    form = (
        phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    words = phonenumbers.format_number(number, form)
    return f"{words} x{extension}" if extension else words


def status(words: str) -> SafeString | str:
    """A status of the source in its own words, in the colour that such a word deserves."""
    if not words:
        return NOTHING
    return badge(spaced(words), _TONE_OF.get(words.casefold(), "idle"))


def spaced(words: str) -> str:
    """InProgress -> In progress: the source's words as people write them."""
    found = words[:1]
    for before, char in pairwise(words):
        new_word = char.isupper() and before.islower()
        found += f" {char.lower()}" if new_word else char
    return found


def _time(value: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.astimezone(UTC).isoformat(), words)
