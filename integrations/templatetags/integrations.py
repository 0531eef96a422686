"""Tags of the integrations pages: `{% load integrations %}`."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from integrations.admin import words
from integrations.admin.progress import open_and_theirs, overall
from integrations.models import Connection, Run, RunFailure
from portal.access import Access, Action
from portal.look import progress
from portal.models import Tenant
from reconciliation.entities import in_words
from reconciliation.models import Link

register = template.Library()


@register.simple_tag
def run_badge(run: Run) -> SafeString:
    return words.run_badge(run)


@register.simple_tag
def status_badge(connection: Connection) -> SafeString:
    return words.status_badge(connection)


@register.simple_tag
def health_badge(connection: Connection) -> SafeString:
    """Nothing while it is not known: the status says that already."""
    if connection.health == Connection.Health.UNKNOWN:
        return SafeString("")
    return words.health_badge(connection)


@register.simple_tag
def failure_badge(failure: RunFailure) -> SafeString:
    return words.failure_badge(failure)


@register.simple_tag
def link_badge(link: Link) -> SafeString:
    return words.link_badge(link)


@register.filter
def as_seen(value: Any) -> str:
    """A value of a preview as people say it."""
    return words.as_seen(value)


@register.filter
def reason_words(reason: str) -> str:
    return words.reason_words(reason)


@register.filter
def who_acts(who: str) -> str:
    return words.WHO_ACTS.get(who, "")


@register.filter
def entity_words(name: str) -> str:
    """`customer_contact` -> `customer contact`."""
    return in_words(str(name))


@register.simple_tag
def run_progress(run: Run) -> SafeString:
    """A bar while the run goes on; nothing for one that waits or is over."""
    if run.state != Run.State.RUNNING:
        return SafeString("")
    return progress(run.done, run.expected, f"Progress of {run.rule.label}")


@register.simple_tag
def open_progress(connection: Connection) -> SafeString:
    """One bar for all runs of a connection that are open, and those that were started with them."""
    runs = open_and_theirs(Run.objects.filter(rule__connection=connection)).select_related("rule")
    return render_to_string("admin/integrations/batch_bar.html", {"overall": overall(runs)})


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    """`{{ counts|get:entity }}`"""
    return mapping.get(key)


@register.filter
def may_configure(access: Access, tenant: Tenant) -> bool:
    """`{% if access|may_configure:tenant %}`"""
    return access.may(Action.CONFIGURE, tenant)


@register.filter
def may_run(access: Access, tenant: Tenant) -> bool:
    return access.may(Action.RUN, tenant)
