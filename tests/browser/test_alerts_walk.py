"""Alerts, drift and configuration in a real browser: they are reached from each other and fit a phone and a laptop."""

import os

import pytest
from django.utils import timezone

from integrations.alerts import noticing
from integrations.configuration import exporting
from integrations.models import Alert, AlertChannel, AlertMessage, AlertRule, Drift
from tests.admin.objects import OBJECTS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def troubled(tenant):
    """A dead link that was told, a channel that does not answer, and fields that have changed."""
    connection = OBJECTS["integrations.connection"](tenant)
    office = AlertChannel.objects.create(tenant=tenant, name="Office", recipients="office@example.com")
    duty = AlertChannel.objects.create(
        tenant=tenant, name="Duty", kind="slack", url="https://hooks.example/x", host="hooks.example",
        problem="It answered 404.", down_since=timezone.now(),
    )  # fmt: skip
    for kind, limit in (("relink", 1), ("late", 30), ("failures", 20), ("digest", 1)):
        AlertRule.objects.create(tenant=tenant, kind=kind, limit=limit).channels.add(office, duty)
    connection.fail("The grant was withdrawn. Link it again.", "fix_configuration", relink=True)
    noticing.notice(timezone.now())
    AlertMessage.objects.filter(channel=duty).update(state="unknown", problem="No answer: ReadTimeoutError.")
    rule = connection.rules.get(entity="customer")
    for kind, path, before, after, uses in (
        ("vanished", "address.street", "text", "", "street"),
        ("retyped", "doNotMail", "yes or no", "text", "do not mail"),
        ("new", "loyaltyTier", "", "text", ""),
    ):
        Drift.objects.create(
            rule=rule, kind=kind, path=path, before=before, after=after, uses=uses, found_at=timezone.now()
        )
    return tenant


def shot(page, name, width, scheme):
    """A picture for whoever works on the page: SHOTS=folder."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)


def wider_than_the_window(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1366, "dark")])
def test_an_alert_leads_to_what_mends_it_and_every_page_fits(
    visit, owner, troubled, other_tenant, width, scheme, tmp_path
):
    page = visit(owner, width=width)
    page.emulate_media(color_scheme=scheme)
    channel, alert, drift = (
        AlertChannel.objects.get(name="Duty"),
        Alert.objects.get(),
        Drift.objects.get(kind="vanished"),
    )
    message = AlertMessage.objects.get(channel=channel)
    pages = {
        "alerts": "alert/",
        "alert": f"alert/{alert.pk}/change/",
        "rules": "alertrule/",
        "rule": "alertrule/add/",
        "channels": "alertchannel/",
        "channel": f"alertchannel/{channel.pk}/change/",
        "message": f"alertmessage/{message.pk}/change/",
        "drifts": "drift/",
        "drift": f"drift/{drift.pk}/change/",
        "configuration": f"connection/configuration/?tenant={troubled.pk}",
    }
    for name, path in pages.items():
        page.goto(f"/admin/integrations/{path}")
        shot(page, name, width, scheme)
        assert wider_than_the_window(page) <= 0, name
    file = tmp_path / "other.json"
    document = exporting.export(other_tenant).model_copy(deep=True)
    document.settings.timezone = "America/Denver"
    document.alerts.channels = {}
    file.write_bytes(document.model_dump_json().encode())
    page.get_by_label("Configuration file").set_input_files(str(file))
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="What an import of elsewhere changes here").wait_for()
    shot(page, "compared", width, scheme)
    assert wider_than_the_window(page) <= 0
    page.get_by_role("button", name="Import it").click()
    page.get_by_text("Imported: 1 changes.").wait_for()
    page.goto(f"/admin/integrations/alert/{alert.pk}/change/")
    page.get_by_role("link", name="Go and mend it").click()
    page.get_by_role("heading", name="Test").first.wait_for()


def test_a_rule_asks_for_what_its_kind_uses_alone(visit, owner, troubled):
    page = visit(owner)
    page.goto("/admin/integrations/alertrule/add/")
    shown = {}
    for kind in ("relink", "failures", "late", "digest"):
        page.select_option("select[name=kind]", kind)
        names = ("limit", "window", "hour", "tells_recovery")
        shown[kind] = [name for name in names if page.is_visible(f"[name={name}]")]
    assert shown == {
        "relink": ["tells_recovery"],
        "failures": ["limit", "window", "tells_recovery"],
        "late": ["limit", "tells_recovery"],
        "digest": ["hour"],
    }
    page.fill("[name=hour]", "")
    page.select_option("select[name=kind]", "late")
    page.fill("[name=limit]", "45")
    page.select_option("select[name=tenant]", str(troubled.pk))
    page.check("[name=channels] >> nth=0")
    page.click("[name=_save]")
    assert AlertRule.objects.filter(kind="late", limit=45, hour=7).exists()
