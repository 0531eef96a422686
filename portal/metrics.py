"""Figures for Prometheus, at `/metrics`: read from the database when they are asked for, so that workers serve no page.

The route: a scrape with its bearer token -> each registered group reads its gauges -> the text format 0.0.4. Without
METRICS_TOKEN there is no such page. Tenants appear by their slug, and nothing of a record appears at all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portal import verifying
from portal.models import Tenant
from portal.sizes import database_bytes

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
Samples = Mapping[tuple[str, ...], float]
"""`{values of the labels: figure}`; `{(): figure}` where there are none."""
Read = Callable[[datetime], Mapping[str, Samples]]
"""`{name of a gauge: its samples}` at a moment. What is not known then is left out."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure: its name, what it says, and the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


_groups: list[tuple[tuple[Gauge, ...], Read]] = []


def register_metrics(gauges: Sequence[Gauge], read: Read) -> None:
    """Add gauges that are read together, in a fixed number of queries."""
    _groups.append((tuple(gauges), read))


def metrics(request: HttpRequest) -> HttpResponse:
    """The page. 404 where no token is set, 401 for any other token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("A bearer token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(exposition(timezone.now()), content_type=FORMAT)


def exposition(now: datetime) -> str:
    """All figures in the text format."""
    return "".join(f"{line}\n" for gauges, read in _groups for line in _lines(gauges, read(now)))


def _lines(gauges: Sequence[Gauge], figures: Mapping[str, Samples]) -> Iterator[str]:
    for gauge in gauges:
        yield f"# HELP {gauge.name} {_escaped(gauge.help)}"
        yield f"# TYPE {gauge.name} gauge"
        for values, figure in figures.get(gauge.name, {}).items():
            pairs = zip(gauge.labels, values, strict=True)
            labels = ",".join(f'{label}="{_quoted(value)}"' for label, value in pairs)
            yield f"{gauge.name}{{{labels}}} {figure:.15g}" if labels else f"{gauge.name} {figure:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


TENANTS = "trunkline_tenants"
DATABASE = "trunkline_database_bytes"
UNBROKEN = "trunkline_audit_unbroken"
VERIFIED = "trunkline_audit_verified_age_seconds"


def own_figures(now: datetime) -> dict[str, Samples]:
    """What the ground floor knows: tenants by status, and what the last look through the audit trail has found."""
    statuses = list(Tenant.objects.order_by().values_list("status", flat=True))
    found: dict[str, Samples] = {
        TENANTS: {(status,): float(statuses.count(status)) for status in Tenant.Status.values},
        DATABASE: {(): database_bytes()},
    }
    outcome = verifying.last_outcome()
    if outcome is not None:
        found[UNBROKEN] = {(): float(outcome.action == verifying.VERIFIED)}
        found[VERIFIED] = {(): (now - outcome.at).total_seconds()}
    return found


register_metrics(
    [
        Gauge(TENANTS, "Tenants by their status.", ("status",)),
        Gauge(DATABASE, "Bytes that the database takes."),
        Gauge(UNBROKEN, "1 if the last look through the audit trail found it unbroken, else 0."),
        Gauge(VERIFIED, "Seconds since the audit trail was last looked through."),
    ],
    own_figures,
)
