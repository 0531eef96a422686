"""The whole way of one record of a flow: read there, mapped, sent, answered, posted, read back; and what to do about it.

The route: an item -> its subject and where it came from -> the records made of it, with their rows -> what was sent of
each, and what came back -> how they stand there now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from integrations.admin import flow_rows
from integrations.admin.deliveries import TONES
from integrations.admin.flow_rows import Shown
from integrations.flows.base import FlowSpec
from integrations.flows.catalogue import FLOWS
from integrations.models import Delivery, Flow, FlowItem, FlowMade
from integrations.push import retrying
from portal.access import Action
from portal.logs import redact
from portal.look import badge
from portal.models import User
from portal.numbers import number
from portal.own_pages import OwnPages, object_view
from reconciliation.entities import ENTITIES, in_words
from reconciliation.exports.formats import amount
from reconciliation.models import ApCorrection, ApInvoice, Link

EXCHANGE = "exchange"
"""The member of a kept reply in which a connector tells what went over the wire."""
LATEST = 5
"""Deliveries of a record that are shown."""


@dataclass(slots=True)
class Sent:
    """One delivery: what was sent, and what came back. Secrets are cut from both."""

    delivery: Delivery
    badge: str
    request: str
    document: str
    reply: str
    warnings: Sequence[str] = ()


@dataclass(slots=True)
class Became:
    """A record that was made: its values, its rows, what was sent of it, and its counterparts."""

    shown: Shown
    entity: str
    facts: list[tuple[str, Any]]
    head: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    standing: str = ""


class WayPages(OwnPages):
    """Everyone who sees the flow sees the ways of its records; who runs syncs sends them again."""

    @object_view("way/", methods=("GET",))
    def way(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        item, spec = _item(request, flow)
        keys = [(spec.subject, item.record_id)]
        shown = flow_rows.shown_of(keys)[keys[0]]
        settings = spec.chosen(flow.settings)
        versions = spec.versions(item, settings) if spec.versions else ()
        return self.page(
            request,
            "admin/integrations/flow_way.html",
            flow,
            title=f"The way of {shown.words}",
            flow=flow,
            spec=spec,
            tenant=flow.tenant,
            item=item,
            item_badge=flow_rows.state_badge(item.state),
            row=flow_rows.rows_of(spec, [item])[0],
            subject=shown,
            origin=_links(spec.subject, item.record_id),
            became=became_of(item),
            versions=versions,
            asked=spec.asks.get(item.reason, "") if item.state == FlowItem.State.WAITING else "",
            may_run=self.may(request, Action.RUN, flow),
            may_resolve=self.may(request, Action.RESOLVE, flow),
        )

    @object_view("replay/", action=Action.RUN, methods=("POST",))
    def replay(self, request: HttpRequest, flow: Flow) -> HttpResponseBase:
        """All that was made of the record is sent again; what is there already is recognised."""
        item, _ = _item(request, flow)
        made = FlowMade.objects.filter(item=item).values_list("entity", "record_id")
        count = 0
        for entity, record_id in set(made):
            rows = Delivery.objects.filter(
                connection__tenant=flow.tenant_id, entity=entity, record_id=record_id
            )
            count += retrying.replay(rows, user=_user(request))
        if count:
            messages.success(
                request, "It is sent again within a minute; what is there already is recognised."
            )
        else:
            messages.warning(request, "Nothing of it was ever to be sent, or it is on its way.")
        return redirect(address_of_way(item))

    @object_view("settle/", action=Action.RESOLVE, methods=("POST",))
    def settle(self, request: HttpRequest, flow: Flow) -> HttpResponseBase:
        """A person says that what differs is put right there."""
        item, spec = _item(request, flow)
        if spec.settle is not None:
            spec.settle(item, spec.chosen(flow.settings))
            messages.success(request, "Noted. It waits again only if the record changes once more.")
        return redirect(address_of_way(item))

    @object_view("correct/", action=Action.RESOLVE, methods=("POST",))
    def correct(self, request: HttpRequest, flow: Flow) -> HttpResponseBase:
        """A person has the document posted that puts right what differs."""
        item, spec = _item(request, flow)
        if spec.correct is not None and (why_not := spec.correct(item, spec.chosen(flow.settings))):
            messages.error(request, why_not)
        elif spec.correct is not None:
            messages.success(request, "The document is made and posted within a minute; see below.")
        return redirect(address_of_way(item))


def _item(request: HttpRequest, flow: Flow) -> tuple[FlowItem, FlowSpec]:
    """The item that the address names. Raises Http404."""
    wanted, spec = number(request.GET.get("record", "")), FLOWS.get(flow.name)
    item = flow.items.filter(record_id=wanted).first() if wanted else None
    if item is None or spec is None:
        raise Http404("The flow has not looked at such a record.")
    item.flow = flow
    return item, spec


def address_of_way(item: FlowItem) -> str:
    return f"{reverse('admin:integrations_flow_way', args=[item.flow_id])}?record={item.record_id}"


def became_of(item: FlowItem) -> list[Became]:
    """Each record that was made of the item, once."""
    made = FlowMade.objects.filter(item=item).order_by("pk").values_list("entity", "record_id")
    keys = list(dict.fromkeys(made))
    shown = flow_rows.shown_of(keys)
    return [_became(entity, pk, shown[entity, pk], item.flow.tenant_id) for entity, pk in keys]


def _became(entity: str, pk: int, shown: Shown, tenant_id: int) -> Became:
    kind = ENTITIES[entity]
    found = Became(shown, kind.label, [], links=_links(entity, pk))
    record = kind.objects.filter(pk=pk).first()
    if record is not None:
        values = {name: getattr(record, name) for name in kind.fields}
        found.facts = [(in_words(n), _plain(v)) for n, v in values.items() if v not in (None, "", [], False)]
        found.standing = _standing(record)
        _add_rows(found, kind, pk)
    rows = Delivery.objects.filter(connection__tenant=tenant_id, entity=entity, record_id=pk)
    found.sent = [_sent(one) for one in rows.select_related("rule__connection").order_by("-pk")[:LATEST]]
    return found


def _add_rows(found: Became, kind: Any, pk: int) -> None:
    """The nested rows, in the columns that any of them fills."""
    children = kind.children
    if children is None:
        return
    rows = list(children.model._default_manager.filter(**{children.parent: pk}).values(*children.fields))
    names = [name for name in children.fields if any(row[name] not in (None, "") for row in rows)]
    found.head = [in_words(name) for name in names]
    found.rows = [[_plain(row[name]) for name in names] for row in rows]


def _plain(value: Any) -> Any:
    return amount(value) if isinstance(value, Decimal) else value


def _standing(record: Any) -> str:
    """Where an AP invoice or a correction was posted, and what is left to pay of it."""
    if not isinstance(record, ApInvoice | ApCorrection) or not record.journal:
        return ""
    day = f" on {record.posted_on}" if record.posted_on else ""
    left = record.balance if isinstance(record, ApInvoice) else None
    paid = "" if left is None else "; paid" if not left else f"; {amount(left)} left to pay"
    return f"Posted in {record.journal}{day}{paid}."


def _sent(delivery: Delivery) -> Sent:
    reply = dict(delivery.reply) if isinstance(delivery.reply, dict) else {}
    exchange = reply.pop(EXCHANGE, None) or {}
    return Sent(
        delivery,
        badge(delivery.get_state_display(), TONES[delivery.state]),
        _cut(delivery.request),
        redact(_indented(str(exchange.get("document", "")))),
        redact(_indented(str(exchange.get("reply", "")))) or _cut(reply),
        exchange.get("warnings", ()),
    )


def _indented(text: str) -> str:
    """XML with a line for each element, as a person reads it; other text as it came."""
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException):
        return text
    indent(root)
    return tostring(root, encoding="unicode")


def _cut(value: Any) -> str:
    return redact(json.dumps(value, indent=2, ensure_ascii=False, default=str)) if value else ""


def _links(entity: str, pk: int) -> list[Link]:
    links = Link.objects.filter(entity=entity, record_id=pk).select_related("source")
    return list(links.defer("base", "payload").order_by("pk"))


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
