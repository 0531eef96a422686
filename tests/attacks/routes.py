"""Every address there is, read from the URL resolver: so that a page nobody thought of is attacked as well."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, get_resolver

ADMINS = {model._meta.label_lower: found for model, found in admin.site._registry.items()}
OBJECT = "<path:object_id>"
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_MODEL = re.compile(r"admin/(\w+)/(\w+)/")


@dataclass(frozen=True)
class Route:
    """One pattern: its address with names of its parts, and the view behind it."""

    pattern: str
    name: str
    view: Any

    @property
    def label(self) -> str:
        """The model whose page it is, or ""."""
        found = _MODEL.match(self.pattern)
        label = f"{found[1]}.{found[2]}" if found else ""
        return label if label in ADMINS else ""

    @property
    def is_of_object(self) -> bool:
        return bool(self.label) and OBJECT in self.pattern

    @property
    def is_csrf_exempt(self) -> bool:
        return bool(getattr(self.view, "csrf_exempt", False))

    def url(self, **parts: object) -> str:
        """The address with its parts filled in; what is not given is 1."""
        text = self.pattern.replace("^(?P<app_label>portal|reconciliation|integrations)/$", "integrations/")
        text = text.replace("(?P<url>.*)$", "nowhere")
        return "/" + _PART.sub(lambda part: str(parts.get(part[1], 1)), text)


@cache
def routes() -> tuple[Route, ...]:
    return tuple(_walk(get_resolver(), ""))


def _walk(resolver: Any, before: str) -> Iterator[Route]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield Route(before + str(one.pattern), one.name or "", one.callback)
        else:
            yield from _walk(one, before + str(one.pattern))


def object_routes() -> list[Route]:
    return [route for route in routes() if route.is_of_object]


def list_routes() -> list[Route]:
    """Pages of an admin that belong to no single row: lists, forms to add, exports, and its own."""
    return [route for route in routes() if route.label and not route.is_of_object]
