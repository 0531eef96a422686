"""From a remote row to a record's fields: transforms by name, compiled to a fast function per entity.

Nothing here knows a database or an API: declarations and rows in, values out.
"""

from integrations.mapping.compile import compile_entity, remapped
from integrations.mapping.errors import MappingError
from integrations.mapping.fingerprint import mapping_salt, row_fingerprint
from integrations.mapping.rows import Mapped, MappedChild
from integrations.mapping.transforms import TRANSFORMS
from integrations.mapping.validate import Problem, problems

__all__ = [
    "TRANSFORMS",
    "Mapped",
    "MappedChild",
    "MappingError",
    "Problem",
    "compile_entity",
    "mapping_salt",
    "problems",
    "remapped",
    "row_fingerprint",
]
