"""Two ways to ask for one of several values that Django's `in` is too dear, or too vague, for."""

from typing import Any

import orjson
from django.db.models import CharField, Field, Lookup

_Sql = tuple[str, Any]


@Field.register_lookup
class Among(Lookup):
    """`column__among=values`: one parameter for any number of values; of numbers and texts, not of model objects.

    `in` adapts each value in Python and sends a mark for each: with a thousand ids that costs more than the query.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: Any) -> _Sql:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, list(self.rhs)]

    def as_sqlite(self, compiler: Any, connection: Any) -> _Sql:
        column, params = self.process_lhs(compiler, connection)
        values = orjson.dumps(list(self.rhs)).decode()
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, values]  # noqa: S608 - a column


@CharField.register_lookup
class Literally(Lookup):
    """`column__literally=words`: as `in`, the words standing in the statement itself.

    SQLite sees only so that a partial index whose condition names the same words, in this order, will do.
    """

    lookup_name = "literally"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> _Sql:
        column, params = self.process_lhs(compiler, connection)
        words = [str(word) for word in self.rhs]
        if not all(word.isidentifier() for word in words):
            raise ValueError(f"Only plain words may stand in a statement, not {words}.")
        return f"{column} IN ({', '.join(map(repr, words))})", list(params)
