"""The list of records: one page of a large table, read by its ids."""

from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest

from portal.changelist import PlainChangeList
from portal.paginator import CappedPaginator


class RecordChangeList(PlainChangeList):
    """The page's ids come from an index first, then their rows.

    SQLite otherwise reads every row of the tenant whole in order to sort them: 300 ms instead of 15 for 100,000 jobs.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        ids = self._ids_of_the_page()
        admin: Any = self.model_admin
        related = admin.get_list_select_related(request)
        rows = self.model._default_manager.select_related(*related).in_bulk(ids)
        self.result_list = [rows[pk] for pk in ids if pk in rows]
        prefetch_related_objects(self.result_list, *admin.list_prefetch_related)

    def _ids_of_the_page(self) -> list[Any]:
        """What a search found is sorted and then cut.

        Asked for one page of some thousand ids, PostgreSQL goes through everybody by name until it has met a page of
        them: 750 ms instead of 40 among a million customers.
        """
        page: QuerySet[Any] = self.result_list
        first, end = page.query.low_mark, page.query.high_mark
        if not self.query or end is None or self.result_count >= CappedPaginator.cap:
            return list(page.values_list("pk", flat=True))
        found = self.queryset.values_list("pk", flat=True)[: CappedPaginator.cap]
        return list(found)[first:end]
