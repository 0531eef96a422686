"""Pages of large tables without counting them whole."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Counts no further than `cap` rows: on 100,000 customers a full count costs more than the page itself."""

    cap = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or `cap` where there are more."""
        return min(self._counted, self.cap)

    @property
    def capped(self) -> bool:
        """True where there are more rows than were counted: people then read "10,000+"."""
        return self._counted > self.cap

    @cached_property
    def _counted(self) -> int:
        if isinstance(self.object_list, QuerySet):
            return self.object_list.order_by()[: self.cap + 1].count()
        return len(self.object_list)
