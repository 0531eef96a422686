"""The fields of a comparison and their levels, each level in words. `levels` decides which level a pair has."""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Field:
    """One field of a comparison. `words[level]` says what the level means; level 0 says nothing either way."""

    name: str
    words: tuple[str, ...]


GIVEN = Field("given name", (
    "", "same given name", "one given name is short for the other", "one given name is the other's initial",
    "given names differ by a slip of the keys", "given name is the other's middle or partner's name",
    "given name and surname are swapped", "given names are alike", "different given names",
))  # fmt: skip
SURNAME = Field("surname", (
    "", "same surname", "surnames differ by a slip of the keys", "surnames sound alike or share a part",
    "surname and given name are swapped", "surnames are alike", "different surnames",
))  # fmt: skip
RARITY = Field("how common the name is", (
    "", "a name hardly anyone else there would have", "a very rare name there", "a rare name there",
    "an uncommon name there", "a name others there may have", "a common name there", "a very common name there",
))  # fmt: skip
SUFFIX = Field(
    "Jr or Sr", ("", "same generation", "one says Jr, Sr or III, the other nothing", "Jr against Sr")
)
MIDDLE = Field("middle name", ("", "same middle name or initial", "different middle names"))
COMPANY = Field("business name", (
    "", "same business name", "business names differ by little", "one business name holds the other",
    "business names share words", "different business names", "a person and a business that bears the surname",
    "a person and a business",
))  # fmt: skip
CHAIN = Field("stores under the name", ("", "few customers have this name", "several customers have this name",
                                        "many customers have this name"))  # fmt: skip
STORE = Field(
    "store number", ("", "same store number", "only one has a store number", "different store numbers")
)
TYPE = Field("type", ("", "same type", "residential against commercial"))
PHONE = Field("phone", (
    "", "same phone", "same phone, under two names", "same phone, under several names",
    "same phone, but many names share it", "phones differ by a slip of the keys", "different phones",
))  # fmt: skip
SECOND = Field("second phone", ("", "a second phone agrees too"))
EMAIL = Field("e-mail", (
    "", "same e-mail", "same e-mail, under two names", "same e-mail, but several names share it",
    "same e-mail, of an office", "e-mails differ by a slip of the keys", "same e-mail name at another provider",
    "another mailbox of the same company", "different e-mails",
))  # fmt: skip
BEARS = Field("name in the e-mail", (
    "", "one's e-mail bears the other's given name", "one's e-mail bears another given name than the other's",
))  # fmt: skip
ADDRESS = Field("address", (
    "", "same address and unit", "same address", "same address, under several names",
    "same address, unit only on one", "same building, different units", "nearly the same address",
    "same street, house numbers that differ by a slip",
        "same street, different house", "different addresses",
))  # fmt: skip
AREA = Field("area", ("", "same ZIP", "same city, or ZIPs differ by a slip", "different areas"))

WHO = (
    "names unknown", "the names agree", "the names agree in part", "same surname, other given name",
    "same given name, other surname", "two different names", "the business names agree",
    "the business names agree in part", "two different businesses", "a person and a business of that name",
    "a person and a business",
)  # fmt: skip
_SAID = (("phone", "phone agrees", "phones differ"), ("e-mail", "e-mail agrees", "e-mails differ"),
         ("address", "address agrees", "addresses differ"))  # fmt: skip


def _together() -> tuple[str, ...]:
    """Each class of names with each way in which phone, e-mail and address agree (1), say nothing (0) or differ (2)."""
    found = []
    for who, *says in product(WHO, range(3), range(3), range(3)):
        told = [_SAID[source][say] for source, say in enumerate(says) if say]
        found.append(f"taken together: {'; '.join([str(who), *told])}")
    return tuple(found)


TOGETHER = Field("taken together", _together())
MIXUP = Field("mix-ups", (
    "", "given names at one address are often mixed up among these customers",
    "names at one address are often mixed up among these customers",
))  # fmt: skip
"""Weighed by the customers compared and not by the package: see `mixups`."""
FIELDS = (
    GIVEN, SURNAME, RARITY, SUFFIX, MIDDLE, COMPANY, CHAIN, STORE, TYPE, PHONE, SECOND, EMAIL, BEARS, ADDRESS, AREA,
    TOGETHER, MIXUP,
)  # fmt: skip
