"""INVTMA: adjusts what a warehouse holds by a signed quantity, or to what was counted."""

from integrations.sandbox.syspro.company import VARIANCE_ACCOUNT
from integrations.sandbox.syspro.objects.movements import (
    ADJUSTMENT,
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

SCHEMA = Schema(
    f"Item({SHARED} BinLocation LicensePlateNumber FifoBucket SerialAllocation)",
    f"{PARAMETERS} PhysicalCount AdjustExpiredLots UpdateOriginalQuantityReceived",
)


def post(batch: Batch, item: Reading) -> Posted:
    """A count that finds what is there posts nothing. Raises Rejected."""
    place = place_of(batch, item)
    quantity = quantity_of(item, place, positive=False)
    counted = batch.parameters["PhysicalCount"] == "Y"
    if place and counted:
        quantity -= place.warehouse["QtyOnHand"]
    refuse_shortage(item, place, -quantity)
    contra, period = contra_of(batch, item, VARIANCE_ACCOUNT), batch.open_period(item)
    place = settled(batch, item, place)
    if quantity:
        move(batch, item, place, ADJUSTMENT, quantity, contra, period)
    return Posted([], key_of(item))


OBJECT = movement("PostInvAdjustments", post, PhysicalCount="N")
