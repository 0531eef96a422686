"""The search box of every page: one text, all that it may mean, and where that stands in every system."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst

from integrations import finding
from integrations.finding import Hit
from portal.access import Action, access_of
from portal.own_pages import OwnPages, list_view
from reconciliation.entities import ENTITIES

LONGEST = 200


class SearchPage(OwnPages):
    """One hit that a text can only mean is opened at once; `all` shows the list even then."""

    @list_view("find/", action=Action.VIEW, methods=("GET",))
    def find(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
        tenants = list(access_of(request.user).tenants())
        found = finding.find(text, tenants) if text else None
        if found and found.only and "all" not in request.GET:
            return redirect(f"{address_of(found.only)}")
        groups = (
            [] if found is None else [group(name, hits, text, found) for name, hits in found.groups.items()]
        )
        return self.page(
            request,
            "admin/integrations/find.html",
            title=f"Search: {text}" if text else "Search",
            text=text,
            find_text=text,
            groups=groups,
            several=len(tenants) > 1,
        )


def group(name: str, hits: list[Hit], text: str, found: finding.Found) -> dict[str, Any]:
    entity = ENTITIES[name]
    opts = entity.model._meta
    return {
        "label": entity.plural,
        "more": reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist") if name in found.more else "",
        "hits": [
            {
                "hit": hit,
                "url": address_of(hit),
                "title": str(hit.record)
                if hit.record is not None
                else capfirst(f"{entity.label} {hit.external_id}"),
                "facts": facts(hit),
            }
            for hit in hits
        ],
    }


def address_of(hit: Hit) -> str:
    if hit.record is None:
        return ""
    opts = hit.record._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[hit.record.pk])


def facts(hit: Hit) -> str:
    """A line that tells records of one name apart."""
    record = hit.record
    if record is None:
        return "Seen at its source, not a record here."
    parts = [getattr(record, name, "") for name in ("status", "address", "value")]
    if getattr(record, "merged_into_id", None):
        parts.append("merged into another")
    elif not record.active:
        parts.append("inactive")
    return " · ".join(str(part) for part in parts if part)
