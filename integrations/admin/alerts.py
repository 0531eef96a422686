"""Alerts on the pages: what is wrong, what is watched, whom it is told, and what was sent."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from integrations.admin.alert_forms import ChannelForm, RuleForm
from integrations.admin.filters import StillOpenFilter
from integrations.admin.subscriptions import person
from integrations.alerts import sending, wording
from integrations.models import Alert, AlertChannel, AlertMessage, AlertRule
from portal import audit
from portal.access import Action, access_of
from portal.look import badge
from portal.tenant_admin import ReadOnlyTenantAdmin, TenantAdmin, object_view

GROUP = "Alerts"
PLATFORM = "The platform"
State = AlertMessage.State
MESSAGE_TONES: dict[str, str] = {
    State.OWED: "busy",
    State.SENDING: "busy",
    State.SENT: "ok",
    State.UNKNOWN: "warn",
    State.FAILED: "bad",
    State.DROPPED: "idle",
}


class OfTenantOrPlatform(TenantAdmin):
    """Rows of a tenant, or, without one, of the platform: those are for platform admins alone."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if (tenant := form.base_fields.get("tenant")) is not None:
            is_admin = access_of(request.user).is_platform_admin
            tenant.required = not is_admin
            if is_admin:
                tenant.help_text = "Empty: the platform itself, with all its tenants."
        return form

    @admin.display(description="tenant", ordering="tenant")
    def whose(self, row: Any) -> str:
        return str(row.tenant or PLATFORM)


@admin.register(Alert)
class AlertAdmin(ReadOnlyTenantAdmin):
    """What is or was wrong, with the page where it is mended."""

    tenant_path = "rule__tenant"
    row_template = "admin/integrations/alert.html"
    menu_order = 80
    menu_group = GROUP
    list_display = ["about", "state_badge", "what", "opened", "told", "over"]
    list_filter = [StillOpenFilter, "rule__kind", "rule__tenant"]
    list_select_related = ["rule__tenant"]
    search_fields = ["about"]
    empty_words = "Nothing was wrong yet, as far as the alert rules look."

    @admin.display(description="state", ordering="closed_at")
    def state_badge(self, alert: Alert) -> str:
        return badge("Open", "bad") if alert.closed_at is None else badge("Over", "ok")

    @admin.display(description="rule")
    def what(self, alert: Alert) -> str:
        return str(alert.rule.get_kind_display())

    @admin.display(description="since", ordering="opened_at")
    def opened(self, alert: Alert) -> str:
        return str(naturaltime(alert.opened_at))

    @admin.display(description="told", ordering="told_at")
    def told(self, alert: Alert) -> str:
        return str(naturaltime(alert.told_at)) if alert.told_at else "not yet"

    @admin.display(description="over", ordering="closed_at")
    def over(self, alert: Alert) -> str:
        return str(naturaltime(alert.closed_at)) if alert.closed_at else ""

    def row_context(self, request: HttpRequest, alert: Alert) -> dict[str, Any]:
        return {
            "alert": alert,
            "state": self.state_badge(alert),
            "who": "" if alert.closed_at else wording.WHO_ACTS.get(alert.who, ""),
        }


@admin.register(AlertRule)
class AlertRuleAdmin(OfTenantOrPlatform):
    """What is watched."""

    form = RuleForm
    menu_order = 81
    menu_group = GROUP
    list_display = ["kind", "whose", "told_to", "from_when", "on"]
    list_filter = ["kind", "enabled", "tenant"]
    list_select_related = ["tenant"]
    empty_words = "Nobody is told anything yet. First add a channel, then a rule for what it should hear of."
    add_form_template = change_form_template = "admin/integrations/alert_rule.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("channels")

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """Only channels that the person may configure."""
        if db_field.name == "channels":
            rows = AlertChannel.objects.select_related("tenant")
            return access_of(request.user).scope(rows, "tenant", Action.CONFIGURE)
        return super().get_field_queryset(db, db_field, request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None:
            setattr(field, "label_from_instance", _channel_label)  # noqa: B010  # as Django says to
            field.help_text = ""
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.next_digest_at = None  # learned anew from the hour
        super().save_model(request, obj, form, change)

    @admin.display(description="told to")
    def told_to(self, rule: AlertRule) -> str:
        return ", ".join(channel.name for channel in rule.channels.all()) or "nobody"

    @admin.display(description="from when on")
    def from_when(self, rule: AlertRule) -> str:
        kinds = AlertRule.Kind
        match rule.kind:
            case kinds.FAILURES:
                return f"{rule.limit:,} within {rule.get_window_display()}"
            case kinds.WAITING:
                return f"{rule.limit:,} records"
            case kinds.LATE | kinds.WORKERS:
                return f"{rule.limit:,} minutes"
            case kinds.DIGEST:
                return f"{rule.hour}:00"
        return "at once"

    @admin.display(description="state", ordering="enabled")
    def on(self, rule: AlertRule) -> str:
        return badge("On", "ok") if rule.enabled else badge("Off", "idle")


@admin.register(AlertChannel)
class AlertChannelAdmin(OfTenantOrPlatform):
    """Whom alerts are told."""

    form = ChannelForm
    confirms = frozenset({"add", "change"})
    menu_order = 82
    menu_group = GROUP
    list_display = ["name", "whose", "kind", "to", "state_badge", "taken"]
    list_filter = ["kind", "enabled", "tenant"]
    list_select_related = ["tenant"]
    search_fields = ["name"]
    change_form_template = "admin/integrations/alert_channel.html"
    empty_words = "Add an e-mail address, a webhook or a Slack channel that should hear of trouble."

    @admin.display(description="goes to")
    def to(self, channel: AlertChannel) -> str:
        return goes_to(channel)

    @admin.display(description="state")
    def state_badge(self, channel: AlertChannel) -> str:
        return channel_badge(channel)

    @admin.display(description="last taken", ordering="told_at")
    def taken(self, channel: AlertChannel) -> str:
        return str(naturaltime(channel.told_at)) if channel.told_at else "never"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context |= {
                "state": channel_badge(row),
                "goes_to": goes_to(row),
                "sent": [(message, message_badge(message)) for message in row.messages.all()[:8]],
                "may_configure": self.may(request, Action.CONFIGURE, row),
                "has_links": wording.link("/").startswith("http"),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @object_view("test/", action=Action.CONFIGURE, methods=("POST",))
    def test(self, request: HttpRequest, channel: AlertChannel) -> HttpResponse:
        """One message now."""
        message = sending.test(channel, person(request))
        was_sent = message.state == State.SENT
        words = "It was taken: look whether it is there." if was_sent else message.problem
        audit.record("alert_channel.tested", channel, note=words)
        (messages.success if was_sent else messages.error)(request, words)
        return redirect("admin:integrations_alertchannel_change", channel.pk)


@admin.register(AlertMessage)
class AlertMessageAdmin(ReadOnlyTenantAdmin):
    """The log of what was sent, and how it went."""

    tenant_path = "channel__tenant"
    row_template = "admin/integrations/alert_message.html"
    menu_order = 83
    menu_group = GROUP
    list_display = ["subject", "to", "event", "state_badge", "problem", "made"]
    list_filter = ["state", "event", "channel__tenant"]
    list_select_related = ["channel__tenant"]
    search_fields = ["subject"]
    empty_words = "Nothing was sent yet."

    @admin.display(description="channel", ordering="channel__name")
    def to(self, message: AlertMessage) -> str:
        return message.channel.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, message: AlertMessage) -> str:
        return message_badge(message)

    @admin.display(description="when", ordering="created_at")
    def made(self, message: AlertMessage) -> str:
        return str(naturaltime(message.created_at))

    def row_context(self, request: HttpRequest, message: AlertMessage) -> dict[str, Any]:
        on_its_way = message.state in (State.OWED, State.SENDING)
        return {
            "message": message,
            "state": message_badge(message),
            "text": wording.text(message),
            "may_send": self.may(request, Action.RUN, message) and not on_its_way,
        }

    @object_view("send-again/", action=Action.RUN, methods=("POST",))
    def send_again(self, request: HttpRequest, message: AlertMessage) -> HttpResponse:
        """A person decides that twice is better than never."""
        if sending.send_again(message, person(request)):
            audit.record("alert_message.sent_again", message)
            messages.success(request, "It is sent again within a minute.")
        else:
            messages.info(request, "It is on its way already.")
        return redirect("admin:integrations_alertmessage_change", message.pk)


def goes_to(channel: AlertChannel) -> str:
    """Where it goes, without what opens a door there."""
    return channel.recipients if channel.kind == AlertChannel.Kind.EMAIL else channel.host


def channel_badge(channel: AlertChannel) -> str:
    if not channel.enabled:
        return badge("Off", "idle")
    return badge("Not reached", "bad") if channel.down_since else badge("On", "ok")


def message_badge(message: AlertMessage) -> str:
    return badge(message.get_state_display(), MESSAGE_TONES[message.state])


def _channel_label(channel: Model) -> str:
    assert isinstance(channel, AlertChannel)  # noqa: S101  # the field's own model
    return format_html("{} ({}, {})", channel.name, channel.get_kind_display(), channel.tenant or PLATFORM)
