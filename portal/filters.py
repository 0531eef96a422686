"""Filters of lists that name only what the person may see."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import NotRelationField, get_model_from_relation
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

from portal.access import access_of


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """The stock filter by a related row, without other tenants' rows among its choices."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[Any, Any]]:
        rows = access_of(request.user).scope(field.remote_field.model._default_manager.all())
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows.values("pk")}
        )


def scoped_filters(model: type[Model], filters: Sequence[Any]) -> list[Any]:
    """`list_filter` with every plain name of a relation replaced by its scoped filter."""
    return [
        (item, ScopedRelatedFilter) if isinstance(item, str) and _is_relation(model, item) else item
        for item in filters
    ]


def _is_relation(model: type[Model], name: str) -> bool:
    """Does this lookup end at a related row rather than at a value?"""
    field: Any = None
    for part in name.split(LOOKUP_SEP):
        field = model._meta.get_field(part)
        if field.is_relation:
            model = get_model_from_relation(field)
    try:
        return get_model_from_relation(field) is not None
    except NotRelationField:
        return False
