"""INVTME: issues stock to an expense account, as for material that a job used up. Its elements are those that the
movements share (inferred)."""

from integrations.sandbox.syspro.objects.movements import (
    ISSUE,
    PARAMETERS,
    SHARED,
    contra_of,
    key_of,
    move,
    movement,
    place_of,
    quantity_of,
    refuse_shortage,
    settled,
)
from integrations.sandbox.syspro.posting import Batch, Posted
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(f"Item({SHARED} BinLocation)", PARAMETERS)


def post(batch: Batch, item: Reading) -> Posted:
    """The account must be named. Raises Rejected."""
    place = place_of(batch, item)
    quantity = quantity_of(item, place)
    refuse_shortage(item, place, quantity)
    contra, period = contra_of(batch, item, "", required=True), batch.open_period(item)
    move(batch, item, settled(batch, item, place), ISSUE, -quantity, contra, period)
    return Posted([], key_of(item))


OBJECT = movement("PostInvExpenseIssues", post)
