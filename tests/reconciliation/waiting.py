"""Conflicts and pairs that wait for a person, made the way a pull makes them."""

from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, MatchCandidate
from reconciliation.survivorship import Policy, Rule
from tests.reconciliation.pages import at, record, row, take

ASK = Rule(Policy.ASK)
CUSTOMER = ENTITIES["customer"]


def differ(source, key=1, *, here=None, there=None, agreed=None, actor=None):
    """Customer `key` with fields changed on both sides. Returns its conflicts, in the order of the fields."""
    agreed = agreed or {"name": "Ana Nunez", "city": "Reno"}
    here = here or {"name": "Anna Nunez"}
    there = {**agreed, **(there or {"name": "Anne Nunez"})}
    take(source, "customer", row(key, **agreed))
    edit(CUSTOMER, record(source, "customer", key).pk, here, actor=actor)
    take(source, "customer", row(key, at(1), **there), rule=ASK)
    return list(of(source, key).filter(state=Conflict.State.PENDING).order_by("pk"))


def of(source, key=1):
    return Conflict.objects.filter(link__source=source, link__external_id=str(key))


def pair(one, other, score=0.95, *reasons):
    """A candidate of two customers."""
    left, right = sorted((one.pk, other.pk))
    told = reasons or (("phone", "same phone", 3.1), ("given name", "different given names", -1.0))
    return MatchCandidate.objects.create(
        tenant=one.tenant,
        entity="customer",
        left_id=left,
        right_id=right,
        score=score,
        reasons=[{"field": field, "words": words, "weight": weight} for field, words, weight in told],
    )
