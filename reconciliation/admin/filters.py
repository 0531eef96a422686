"""Filters whose choices are known beforehand: asking the table for them would read it all."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from reconciliation.admin.shown import spaced


def by_words(field: str, title: str, *choices: str) -> type[admin.SimpleListFilter]:
    """By one of the words that the sources use in a field."""

    class WordFilter(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(word, spaced(word)) for word in choices]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    WordFilter.title = title
    return WordFilter


class ActiveFilter(admin.SimpleListFilter):
    """Active at the source or not; both, unless asked."""

    title = "active"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Active"), ("0", "Inactive")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(active=self.value() == "1") if self.value() in {"0", "1"} else queryset


_PERIODS = {
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last year",
    "ahead": "Ahead",
}


def by_period(field: str, title: str, *, ahead: bool = False) -> type[admin.SimpleListFilter]:
    """By how long ago a time was; with `ahead`, also those to come."""

    class PeriodFilter(admin.SimpleListFilter):
        parameter_name = f"{field}_within"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(key, words) for key, words in _PERIODS.items() if ahead or key != "ahead"]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            now = timezone.now()
            if self.value() == "ahead":
                return queryset.filter(**{f"{field}__gt": now})
            if self.value() in _PERIODS:
                since = now - timedelta(days=int(str(self.value())))
                return queryset.filter(**{f"{field}__gte": since, f"{field}__lte": now})
            return queryset

    PeriodFilter.title = title
    return PeriodFilter
