"""What becomes of an adjustment in accounting: a movement for each item, or what keeps it from being posted. Pure.

The route: is any of it posted, and as it is now? -> does accounting have it already, entered there by hand? -> each
item's stock code and warehouse -> its movement, or all that is missing for the whole of it.
"""

from django.utils.text import capfirst

from integrations.flows.base import Made, Plan, Settings, Skip, Wait, Wanted
from integrations.flows.stock_facts import Adjusted, Line, Moved, facts_of
from integrations.tables.base import DEFAULT, Key, Missing, item_key
from integrations.tables.catalogue import STOCK_CODE, TABLES, WAREHOUSE
from integrations.tables.looking import target_of
from reconciliation.models.stock import signed

CANCELLED, POSTED, UNMAPPED, UNREAD = "cancelled", "posted", "unmapped", "unread"
AMBIGUOUS, MISNAMED, ON_ITS_WAY = "ambiguous", "misnamed", "on_its_way"
ITSELF = "itself"
_NOTATION = 50
"""Characters that SYSPRO has for it (INVTMA)."""


def plan(adjusted: Adjusted, settings: Settings) -> Plan:
    if not adjusted.posted:
        return _fresh(adjusted)
    if adjusted.settled == facts_of(adjusted):
        return Made(())
    if any(line.on_its_way for line in adjusted.lines) and (not adjusted.active or _differing(adjusted)):
        words = "It changed while it was being posted. Looked at again shortly."
        return Wait(ON_ITS_WAY, words, adjusted.again_at)
    if not adjusted.active:
        return _cancelled(adjusted, settings)
    if differing := _differing(adjusted):
        words = (
            f"{'; '.join(differing)}. Nothing that is posted is changed by itself: put it right in SYSPRO."
        )
        return Wait(POSTED, capfirst(words))
    return _fresh(adjusted)


def _differing(adjusted: Adjusted) -> list[str]:
    """What of it is posted otherwise than it is now, in words."""
    found = [
        f"posted is {line.posted.words}, and the adjustment now says {signed(line.quantity if line.counts else None)}"
        for line in adjusted.lines
        if line.posted is not None and line.posted.quantity != (line.quantity if line.counts else 0)
    ]
    return found + [f"posted is {moved.words}, which the adjustment no longer has" for moved in adjusted.gone]


def _cancelled(adjusted: Adjusted, settings: Settings) -> Plan:
    """Accounting's own movements are to be entered again; what was posted for it waits, or is moved back."""
    ours = [moved for moved in adjusted.posted if moved.is_ours]
    if ours and settings["cancelled"] != "reverse":
        told = "; ".join(moved.words for moved in ours)
        words = f"It was cancelled in ServiceTitan after it was posted: {told}. Move that back in SYSPRO."
        return Wait(CANCELLED, words)
    wanted: list[Wanted] = []
    for line in adjusted.lines:
        if line.posted is None:
            continue
        if line.posted.is_ours:
            wanted += [_kept(line.key, line.posted), _reversal(adjusted, line, line.posted)]
        else:
            free = {"adjustment": None}
            wanted.append(
                Wanted("stock_movement", references=free, role=line.key, record_id=line.posted.record_id)
            )
    return Made(tuple(wanted))


def _reversal(adjusted: Adjusted, line: Line, posted: Moved) -> Wanted:
    return Wanted(
        "stock_movement",
        {
            "stock_code": posted.stock_code,
            "store": posted.store,
            "quantity": -posted.quantity,
            "kind": "A",
            "reference": f"{reference_of(adjusted, line)}R",
            "notation": f"Cancelled: {_notation(adjusted)}"[:_NOTATION],
        },
        {"adjustment": adjusted.record_id},
        role=f"{line.key} back",
    )


def _fresh(adjusted: Adjusted) -> Plan:
    """Its movements, of lines that are not posted yet."""
    if not adjusted.active:
        return Skip(CANCELLED, "It was cancelled before it was posted.")
    counting = [line for line in adjusted.lines if line.posted is not None or (line.counts and line.quantity)]
    if not counting:
        return Skip("nothing", "It changes nothing.")
    if held := _recognised(adjusted, counting):
        return held
    missing: list[Missing] = []
    words: list[str] = []
    wanted = [_movement(adjusted, line, missing, words) for line in counting]
    if words:
        return Wait(UNMAPPED, capfirst(f"{'; '.join(words)}."), None, tuple(missing))
    is_new = any(line.posted is None and line.made is None and not line.known for line in counting)
    if is_new and not adjusted.is_read:
        words = ["SYSPRO's movements are read first: somebody may have entered it there."]
        return Wait(UNREAD, words[0], adjusted.again_at)
    return Made((*wanted, *_told(adjusted, counting)))


def _recognised(adjusted: Adjusted, lines: list[Line]) -> Wait | None:
    """Why it is not clear which movement of accounting's own it is the entering of, if it is not."""
    if adjusted.misnamed:
        told = "; ".join(moved.words for moved in adjusted.misnamed)
        words = f"It names what is {told} in SYSPRO, and none of its items is that. Correct one of the two."
        return Wait(MISNAMED, words)
    for line in lines:
        if line.posted is None and line.made is None and len(line.known) > 1:
            told = ", ".join(moved.journal for moved in line.known)
            words = (
                f"{signed(line.quantity)} {line.item.label} can be any of SYSPRO's journals {told}. Write the one that "
                "it is into the adjustment's memo in ServiceTitan; if it is none, have them recognised by that alone "
                "(Settings)."
            )
            return Wait(AMBIGUOUS, words)
    return None


def _movement(adjusted: Adjusted, line: Line, missing: list[Missing], words: list[str]) -> Wanted:
    if line.posted is not None:
        return _kept(line.key, line.posted)
    if line.made is None and line.known:
        return Wanted(
            "stock_movement",
            references={"adjustment": adjusted.record_id},
            role=line.key,
            record_id=line.known[0].record_id,
        )
    stock_code, store = stock_code_of(adjusted, line), store_of(adjusted)
    if not stock_code:
        _lacks(STOCK_CODE, line.item, missing, words)
    if not store:
        _lacks(WAREHOUSE, adjusted.place or Key(DEFAULT, "none"), missing, words)
    return Wanted(
        "stock_movement",
        {
            "stock_code": stock_code,
            "store": store,
            "quantity": line.quantity,
            "kind": "A",
            "reference": reference_of(adjusted, line),
            "notation": _notation(adjusted),
        },
        {"adjustment": adjusted.record_id},
        role=line.key,
    )


def _kept(role: str, moved: Moved) -> Wanted:
    return Wanted("stock_movement", role=role, record_id=moved.record_id)


def _lacks(table: str, key: Key, missing: list[Missing], words: list[str]) -> None:
    one = Missing(table, key.key, key.label)
    if one not in missing:
        missing.append(one)
        words.append(TABLES[table].lacks(key))


def _told(adjusted: Adjusted, lines: list[Line]) -> tuple[Wanted, ...]:
    """The adjustment itself, which says where it was posted once all of it is."""
    known = [line.posted or (line.known[0] if line.known and line.made is None else None) for line in lines]
    journals = [moved.journal if moved else "" for moved in known]
    if not all(journals):
        return ()
    told = ", ".join(dict.fromkeys(journals))
    return (Wanted("adjustment", {"posted_as": told}, role=ITSELF, record_id=adjusted.record_id),)


def stock_code_of(adjusted: Adjusted, line: Line) -> str:
    """By the item's code, or by its name, or the default; empty where nobody has mapped it."""
    rows = adjusted.tables.get(STOCK_CODE, {})
    return rows.get(line.item.key) or rows.get(item_key(line.name)) or rows.get(DEFAULT, "")


def store_of(adjusted: Adjusted) -> str:
    return target_of(adjusted.tables.get(WAREHOUSE, {}), adjusted.place.key if adjusted.place else DEFAULT)


def reference_of(adjusted: Adjusted, line: Line) -> str:
    """What the movement is found again by in SYSPRO: the same for ever, and no other's."""
    return f"ST{adjusted.external_id}-{line.key}"


def _notation(adjusted: Adjusted) -> str:
    said = (f"ServiceTitan adjustment {adjusted.number} of {adjusted.day}", adjusted.memo)
    return ", ".join(part for part in said if part)[:_NOTATION]
