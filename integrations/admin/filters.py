"""Filters of the lists of runs, rules and failures."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.connectors.registry import CONNECTORS
from reconciliation.entities import in_words


class EntityFilter(admin.SimpleListFilter):
    """By entity, from the declarations: a DISTINCT over all rules would cost a scan and say the same."""

    title = "entity"
    parameter_name = "entity"
    path = "rule__entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = {name: in_words(name) for spec in CONNECTORS.values() for name in spec.entities}
        return list(names.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


class OwnEntityFilter(EntityFilter):
    """For rows that carry the entity themselves."""

    path = "entity"


class StillOpenFilter(admin.SimpleListFilter):
    """What is still so, and what is over: of rows with a `closed_at`."""

    title = "state"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Open"), ("no", "Over")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("yes", "no"):
            return queryset.filter(closed_at__isnull=self.value() == "yes")
        return queryset
