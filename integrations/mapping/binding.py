"""What a transform is bound to before it meets values: the tenant's region, the line's paths, its argument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Linked(Protocol):
    """One field of the records that the system's rows are linked to."""

    def get(self, external_id: str, /) -> Any:
        """The value, or None where this id is linked to nothing."""
        ...


LookUp = Callable[[str, str], Linked]
"""(entity, record field) -> that field, by external id."""


def nothing_linked(entity: str, field: str) -> Linked:
    """The `LookUp` of a mapping that is only checked."""
    return {}


@dataclass(frozen=True, slots=True)
class Binding:
    """`names` are the last names of the line's paths, `paths` the paths as they are written, `kind` the target's."""

    region: str = "US"
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    argument: str = ""
    kind: str = ""
    look_up: LookUp = nothing_linked


Bind = Callable[[Binding], Callable[..., Any]]
Paths = Callable[[str], tuple[str, ...]]
"""The paths that an argument itself names."""
