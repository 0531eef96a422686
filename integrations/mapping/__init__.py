"""From a remote row to a record's fields: transforms by name, compiled to a fast function per entity.

Nothing here knows a database or an API: declarations and rows in, values out.
"""

from integrations.mapping.adjusted import TRANSFORMS
from integrations.mapping.binding import LookUp
from integrations.mapping.compile import compile_entity, remapped
from integrations.mapping.errors import MappingError
from integrations.mapping.fingerprint import mapping_salt, row_fingerprint
from integrations.mapping.outward import Outward, can_push, outward, reason_one_way
from integrations.mapping.rows import Mapped, MappedChild
from integrations.mapping.validate import Problem, Sides, all_problems

__all__ = [
    "TRANSFORMS",
    "LookUp",
    "Mapped",
    "MappedChild",
    "MappingError",
    "Outward",
    "Problem",
    "Sides",
    "all_problems",
    "can_push",
    "compile_entity",
    "mapping_salt",
    "outward",
    "reason_one_way",
    "remapped",
    "row_fingerprint",
]
