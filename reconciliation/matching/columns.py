"""Many customers side by side: each part of each customer as a number, each text kept once.

Texts are numbered as they come; 0 is the empty text. Each text also has a 64-bit hash that is the same
in every process and at every time, of which blocking keys are made.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from reconciliation.matching.profile import PHONES, Profile
from reconciliation.matching.reach import is_role, own_domain
from reconciliation.matching.spelling import known_given, sound
from reconciliation.matching.words import first_of_group

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

TEXTS = (
    "given", "plain", "root", "initial", "partner", "middle", "surname", "label", "start", "suffix", "core",
    "core_sorted", "number",
    "house", "street", "street_kind", "way", "heard", "direction", "unit", "city", "state", "zip", "zip3",
    "email0", "email1", "local", "domain",
)  # fmt: skip
_COLUMN = {name: position for position, name in enumerate(TEXTS)}


def _numbering() -> defaultdict[str, int]:
    """Gives each text that is asked for a number, in the order of asking; the empty text has 0."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    numbers[""]
    return numbers


class Columns:
    """Customers side by side. `ids` are the customers'; `text[name]` numbers into `words`."""

    def __init__(
        self, ids: Longs, table: Ints, phones: Longs, flags: npt.NDArray[np.int8], words: list[str]
    ) -> None:
        self.ids, self.table, self.phones, self.flags, self.words = ids, table, phones, flags, words

    def __len__(self) -> int:
        return len(self.ids)

    def text(self, name: str) -> Ints:
        """One text column, as numbers of words."""
        return self.table[_COLUMN[name]]

    @property
    def business(self) -> Bools:
        return self.flags[0] == 1

    @property
    def commercial(self) -> npt.NDArray[np.int8]:
        """1 commercial, 0 residential, -1 where the record does not say."""
        return self.flags[1]

    @property
    def role(self) -> Bools:
        """Whether the first e-mail address is a desk's."""
        return self.flags[2] == 1

    @cached_property
    def hashes(self) -> Hashes:
        """The hash of each word; the empty word's is 0."""
        digests = b"".join(blake2b(word.encode(), digest_size=8).digest() for word in self.words)
        found = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
        found[0] = 0
        return found

    def first_letters(self) -> Ints:
        """Each word's first character, as a number."""
        return np.fromiter(
            (ord(word[0]) if word else 0 for word in self.words), dtype=np.int32, count=len(self.words)
        )

    def lengths(self) -> Ints:
        return np.fromiter(map(len, self.words), dtype=np.int32, count=len(self.words))


def columns(profiles: Iterable[tuple[int, Profile]]) -> Columns:
    """Lay profiles, given with their customers' ids, side by side."""
    texts = _numbering()
    number = texts.__getitem__
    ids, table, phones, flags = array("q"), array("i"), array("q"), array("b")
    for customer_id, found in profiles:
        ids.append(customer_id)
        table.extend(map(number, _texts(found)))
        phones.extend(found.phones + _NONE[len(found.phones) :])
        commercial = -1 if found.commercial is None else int(found.commercial)
        flags.extend((found.name.business, commercial, bool(found.emails) and is_role(found.emails[0])))
    return Columns(
        np.array(ids, dtype=np.int64),
        np.array(table, dtype=np.int32).reshape(-1, len(TEXTS)).T.copy(),
        np.array(phones, dtype=np.int64).reshape(-1, PHONES).T.copy(),
        np.array(flags, dtype=np.int8).reshape(-1, 3).T.copy(),
        list(texts),
    )


_NONE = (0,) * PHONES


def _texts(found: Profile) -> tuple[str, ...]:
    """The texts of `TEXTS`, in order."""
    name, place, emails = found.name, found.place, found.emails
    first = emails[0] if emails else ""
    plain = known_given(name.given)
    root = first_of_group().get(plain, plain)
    street = place.street.replace(" ", "")
    label = sound(name.surname) if name.surname else sound((name.core or name.given).partition(" ")[0])
    return (
        name.given, plain, root, root[:1], name.partner, name.middle, name.surname, label, label[:3], name.suffix,
        name.core, _sorted(name.core, root, name.surname), name.number,
        place.house, street, place.kind, street + place.kind, sound(street)[:5], place.direction, place.unit,
        place.city, place.state, place.zip, place.zip[:3], first, emails[1] if len(emails) > 1 else "", _local(first),
        own_domain(first),
    )  # fmt: skip


def _sorted(core: str, root: str, surname: str) -> str:
    """A name whose words' order is forgotten: "Smith John" and "Bob's Smith" meet their twins."""
    return " ".join(sorted((root, surname)) if root and surname else sorted(core.split()))


def _local(email: str) -> str:
    """What stands before the @, where it says something: a mistyped or changed provider leaves it as it was."""
    local = email.partition("@")[0]
    return local if len(local) > 4 and not is_role(email) else ""


def joined(parts: Sequence[Columns]) -> Columns:
    """Several blocks of customers as one."""
    texts = _numbering()
    tables, hashed = [], []
    for part in parts:
        numbers = np.fromiter(map(texts.__getitem__, part.words), dtype=np.int32, count=len(part.words))
        tables.append(numbers[part.table])
        hashed.append((numbers, part.hashes))
        part.table = part.table[:, :0]  # freed here: at a million customers it counts
    found = Columns(
        np.concatenate([part.ids for part in parts]),
        np.concatenate(tables, axis=1),
        np.concatenate([part.phones for part in parts], axis=1),
        np.concatenate([part.flags for part in parts], axis=1),
        list(texts),
    )
    found.hashes = np.zeros(len(texts), dtype=np.uint64)
    for numbers, hashes in hashed:
        found.hashes[numbers] = hashes
    return found
