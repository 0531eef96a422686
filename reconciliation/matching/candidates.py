"""Pairs worth a person's look, written down: new ones added, known ones brought up to date, others closed."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.models import Tenant
from reconciliation import bulk
from reconciliation.matching.refusals import Pair
from reconciliation.matching.scoring import Reason
from reconciliation.models import MatchCandidate

State = MatchCandidate.State
Found = tuple[int, int, float, list[Reason]]
"""The two customers (the smaller id first), the score, the reasons."""
_COLUMNS = (
    "tenant_id",
    "entity",
    "left_id",
    "right_id",
    "score",
    "reasons",
    "state",
    "asked_for",
    "created_at",
)
_AT_ONCE = 20_000


def replace_all(tenant: Tenant, found: Iterable[Found], refused: set[Pair]) -> int:
    """Make the tenant's open candidates those of a full pass. What a person has decided stays. Returns their number.

    One transaction: nobody sees half of a pass.
    """
    mine = MatchCandidate.objects.filter(tenant=tenant, entity="customer")
    with transaction.atomic():
        known = _known(mine)
        kept: set[int] = set()
        count = 0
        for part in _portions(found):
            open_ones = [pair for pair in part if pair[:2] not in refused]
            count += _write(tenant, open_ones, known, kept)
        gone = [pk for pk, state in known.values() if state == State.OPEN and pk not in kept]
        for start in range(0, len(gone), 500):
            MatchCandidate.objects.filter(pk__in=gone[start : start + 500], asked_for=False).delete()
    return count


def replace_of(tenant: Tenant, customer_id: int, found: Sequence[Found], refused: set[Pair]) -> int:
    """The same for one customer's pairs."""
    mine = MatchCandidate.objects.filter(
        Q(left_id=customer_id) | Q(right_id=customer_id), tenant=tenant, entity="customer"
    )
    with transaction.atomic():
        known = _known(mine)
        kept: set[int] = set()
        count = _write(tenant, [pair for pair in found if pair[:2] not in refused], known, kept)
        gone = mine.filter(state=State.OPEN, pk__in=[pk for pk, _ in known.values() if pk not in kept])
        gone.filter(asked_for=False).delete()
    return count


def ask_for(tenant: Tenant, found: Sequence[Found], refused: set[Pair]) -> None:
    """Have a person decide on these pairs: something waits for it. Those decided already stay as they are."""
    ids = {end for pair in found for end in pair[:2]}
    mine = MatchCandidate.objects.filter(
        tenant=tenant, entity="customer", left_id__in=ids, right_id__in=ids
    )  # fmt: skip
    with transaction.atomic():
        open_ones = [pair for pair in found if pair[:2] not in refused]
        _write(tenant, open_ones, _known(mine), set())
        asked = Q(pk__in=[])
        for left, right, *_ in open_ones:
            asked |= Q(left_id=left, right_id=right)
        mine.filter(asked, state=State.OPEN).update(asked_for=True)


def _known(mine: "QuerySet[MatchCandidate]") -> dict[Pair, tuple[int, str]]:
    rows = mine.values_list("id", "left_id", "right_id", "state").iterator()
    return {(left, right): (pk, state) for pk, left, right, state in rows}


def _write(tenant: Tenant, found: Sequence[Found], known: dict[Pair, tuple[int, str]], kept: set[int]) -> int:
    now = timezone.now()
    new, old, count = [], [], 0
    for left, right, score, reasons in found:
        pk, state = known.get((left, right), (None, State.OPEN))
        if state != State.OPEN:
            continue
        count += 1
        told = stored(reasons)
        if pk is None:
            new.append((tenant.pk, "customer", left, right, score, told, State.OPEN, False, now))
        else:
            kept.add(pk)
            old.append((score, told, pk))
    bulk.insert(MatchCandidate, _COLUMNS, new)
    bulk.update(MatchCandidate, ("score", "reasons"), old)
    return count


def stored(reasons: Sequence[Reason]) -> str:
    """Reasons as a candidate keeps them: `[{"field", "words", "weight"}, …]`, the strongest first."""
    import orjson

    return orjson.dumps(
        [{"field": r.field, "words": r.words, "weight": round(r.weight, 3)} for r in reasons]
    ).decode()


def _portions(found: Iterable[Found]) -> Iterator[list[Found]]:
    part: list[Found] = []
    for pair in found:
        part.append(pair)
        if len(part) >= _AT_ONCE:
            yield part
            part = []
    yield part
