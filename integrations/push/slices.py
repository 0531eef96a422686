"""Many at a time."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
PORTION = 1000
"""Rows of one transaction."""


def sliced(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in order, so many at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]
