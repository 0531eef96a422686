"""The list of an admin, which no address breaks."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.numbers import LONGEST


class PlainChangeList(ChangeList):
    """Stock, but that a value which no database can compare with is a wrong filter, as any other nonsense is.

    Databases refuse the NUL character and integers without end with errors of their own, which nobody would catch.
    """

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        for values in self.filter_params.values():
            if any(_is_nonsense(part) for value in values for part in str(value).split(",")):
                raise IncorrectLookupParameters
        return super().get_queryset(request, exclude_parameters)


def _is_nonsense(text: str) -> bool:
    return "\x00" in text or (len(text) > LONGEST and text.strip().removeprefix("-").isdecimal())
