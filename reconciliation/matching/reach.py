"""Phones and e-mail addresses in the form in which they are compared, without those that stand for "none"."""

import re

from reconciliation.matching.names import folded

_DIGITS = re.compile(r"\D+")
_EXTENSION = re.compile(r"(?:x|ext|#).*$", re.IGNORECASE)
_ASCENDING = frozenset(("1234567", "2345678", "3456789", "4567890", "1234567890", "0123456"))
_ROLES = frozenset(
    [
        "info",
        "office",
        "admin",
        "sales",
        "contact",
        "hello",
        "support",
        "service",
        "services",
        "billing",
        "accounts",
        "accounting",
        "ap",
        "ar",
        "team",
        "mail",
        "frontdesk",
        "reception",
        "manager",
        "maintenance",
        "orders",
        "customerservice",
        "help",
        "invoices",
        "payables",
        "accountspayable",
        "leasing",
    ]
)
_NOBODY = frozenset(
    [
        "none",
        "na",
        "no",
        "noemail",
        "nomail",
        "unknown",
        "test",
        "declined",
        "refused",
        "noreply",
        "donotreply",
        "nothing",
        "x",
        "xx",
        "xxx",
        "asdf",
        "email",
        "customer",
        "notgiven",
        "nil",
        "null",
        "noone",
        "nobody",
        "fake",
        "notprovided",
        "dontknow",
        "decline",
    ]
)
_NOWHERE = frozenset(
    ("none.com", "na.com", "noemail.com", "test.com", "email.com.com", "nomail.com", "none.none")
)
_PROVIDERS = frozenset(
    ["gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com", "hotmail.com", "outlook.com", "live.com", "msn.com", "aol.com", "icloud.com", "me.com", "mac.com", "comcast.net", "att.net", "sbcglobal.net", "bellsouth.net", "verizon.net", "cox.net", "charter.net", "spectrum.net", "earthlink.net", "frontier.com", "frontiernet.net", "windstream.net", "centurylink.net", "optonline.net", "roadrunner.com", "rr.com", "juno.com", "netzero.net", "protonmail.com", "proton.me", "pm.me", "gmx.com", "gmx.net", "mail.com", "zoho.com", "fastmail.com", "yandex.com", "duck.com", "example.com", "example.org", "example.net"]
)
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def read_number(text: str) -> int:
    """A phone number as its digits with the country code, 0 for none and for placeholders (555-5555, 000-0000)."""
    digits = _DIGITS.sub("", _EXTENSION.sub("", text))
    if len(digits) == 10:
        digits = "1" + digits
    if not 7 <= len(digits) <= 15 or is_placeholder(digits):
        return 0
    return int(digits)


def is_placeholder(digits: str) -> bool:
    """Whether digits were typed to fill the box: one digit repeated, or counted up."""
    tail = digits[-7:]
    return len(set(tail)) == 1 or tail in _ASCENDING or digits[-10:] in _ASCENDING


def read_email(text: str) -> str:
    """An address in the form in which it is compared: without a plus tag, Gmail's without dots. Empty for "none"."""
    local, at, domain = folded(text).strip().rpartition("@")
    local, domain = local.partition("+")[0].strip(), domain.strip(" .>;,")
    if not at or not local or "." not in domain or domain in _NOWHERE or local.replace(".", "") in _NOBODY:
        return ""
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}@{domain}"


def own_domain(email: str) -> str:
    """The domain of an address that belongs to a company; empty for providers at whom anybody has an address."""
    domain = email.partition("@")[2]
    return "" if domain in _PROVIDERS else domain


def is_role(email: str) -> bool:
    """Whether an address belongs to a desk and not to a person (info@, office@)."""
    return email.partition("@")[0].replace(".", "").replace("-", "") in _ROLES
