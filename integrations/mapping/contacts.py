"""A contact's kind and value: which of them is a phone number, and what can be read from it."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from integrations.mapping.binding import Bind, Binding
from reconciliation.phones import Phone, national_form, reach, read_phone

CONTACT_KINDS = ("phone", "mobile", "fax", "email")
_KINDS = {
    "phone": "phone",
    "mobilephone": "mobile",
    "mobile": "mobile",
    "cell": "mobile",
    "fax": "fax",
    "email": "email",
}


def contact_kind(value: Any) -> str:
    """The portal's word for a remote kind of contact; a kind not known yet stays, in small letters."""
    if type(value) is not str:
        raise ValueError("is not a kind of contact")
    word = value.strip().lower()
    return _KINDS.get(word, word)


def remote_kind(value: Any) -> str:
    """The remote's word for the portal's kind of contact."""
    return _REMOTE_KINDS.get(value, value)


_REMOTE_KINDS = {"phone": "Phone", "mobile": "MobilePhone", "fax": "Fax", "email": "Email"}


def reads_phone(part: str) -> Bind:
    """A transform that gives one part of a phone number."""
    get = attrgetter(part)

    def bind(binding: Binding) -> Callable[[Any], Any]:
        return lambda value: get(read_phone(_text(value), binding.region))

    return bind


def writes_phone_at_home(binding: Binding) -> Callable[[Any], str]:
    """A transform that gives a phone number as it is dialled in the tenant's region."""
    return lambda value: national_form(_text(value), binding.region)


def reads_contact(part: str) -> Bind:
    """A transform that gives one part of a contact, from its kind and its value."""
    get = attrgetter(part)

    def bind(binding: Binding) -> Callable[[Any, Any], Any]:
        return lambda kind, value: get(_read(kind, value, binding.region))

    return bind


def _read(kind: Any, value: Any, region: str) -> Phone:
    if value is None:
        return Phone()
    is_email = kind == "Email" or (kind is not None and contact_kind(kind) == "email")
    return reach("email" if is_email else "phone", _text(value), region)


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise ValueError("is not a text")
