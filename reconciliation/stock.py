"""Why a movement of stock must not be posted as it is: the last look before accounting's stock changes."""

from reconciliation.models import StockMovement


def objection(movement: StockMovement) -> str:
    """In words for a person; empty where nothing speaks against it."""
    if not movement.active:
        return "It was taken away here."
    if not movement.quantity:
        return "It moves nothing."
    return ""
