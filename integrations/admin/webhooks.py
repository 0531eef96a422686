"""Webhooks on the pages: where they arrive and how they are signed, the inbox, who is told, and the log."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from integrations.models import Connection, Hook, Notice, Subscription, WebhookAddress
from integrations.models.webhooks import new_token
from integrations.tasks import follow_hooks_soon, send_webhooks_soon
from integrations.webhooks import addresses, inbox, outbox
from portal import audit
from portal.access import Action
from portal.forms import SecretFormField
from portal.look import badge
from portal.models import User
from portal.own_pages import OwnPages
from portal.tenant_admin import ReadOnlyTenantAdmin, TenantAdmin, object_view

SHORTEST_SECRET = 32
HOOK_TONES: dict[str, str] = {
    Hook.State.RECEIVED: "busy",
    Hook.State.FOLLOWED: "ok",
    Hook.State.IGNORED: "idle",
    Hook.State.REFUSED: "bad",
}
NOTICE_TONES: dict[str, str] = {
    Notice.State.OWED: "busy",
    Notice.State.DELIVERED: "ok",
    Notice.State.GIVEN_UP: "bad",
}


class AddressForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """How webhooks of one connection are signed. The key is typed in and never shown."""

    key = SecretFormField(
        label="HMAC key",
        min_length=SHORTEST_SECRET,
        max_length=200,
        help_text="The same 32 to 64 characters as in the app's webhook settings in the developer portal.",
    )

    class Meta:
        model = WebhookAddress
        fields = ["key", "header", "encoding", "event_header"]

    def clean_key(self) -> Any:
        """A blank keeps what is stored."""
        return self.cleaned_data["key"] or self.instance.key


class WebhooksPage(OwnPages):
    """A connection's own address for webhooks."""

    @object_view("webhooks/", action=Action.CONFIGURE)
    def webhooks(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """POST stores the settings; `renew` gives a new address, after which the old one is not there any more."""
        if connection.status == Connection.Status.DISCONNECTED:
            messages.info(
                request, "It is disconnected: webhooks have no address here. Connect it again first."
            )
            return redirect("admin:integrations_connection_disconnect", connection.pk)
        address, _ = WebhookAddress.objects.get_or_create(connection=connection)
        if "renew" in request.POST:
            WebhookAddress.objects.filter(pk=address.pk).update(token=new_token())
            audit.record("webhook_address.renewed", connection)
            messages.success(request, "There is a new address. Enter it at the sender: the old one is gone.")
            return redirect("admin:integrations_connection_webhooks", connection.pk)
        form = AddressForm(request.POST or None, instance=address)
        if request.method == "POST" and form.is_valid():
            diff = audit.diff_of(form)
            form.save()
            audit.record("webhook_address.changed", connection, diff=diff)
            messages.success(request, "Stored.")
            return redirect("admin:integrations_connection_webhooks", connection.pk)
        hooks = Hook.objects.filter(connection=connection).select_related("run")
        return self.page(
            request,
            "admin/integrations/webhook_address.html",
            connection,
            title="Webhooks",
            connection=connection,
            tenant=connection.tenant,
            form=form,
            has_key=bool(address.key),
            address=request.build_absolute_uri(reverse("webhook", args=[connection.system, address.token])),
            hooks=[(hook, hook_badge(hook)) for hook in hooks[:10]],
            may_configure=True,
            tab="webhooks",
        )


def hook_badge(hook: Hook) -> str:
    return badge(hook.get_state_display(), HOOK_TONES[hook.state])


@admin.register(Hook)
class HookAdmin(ReadOnlyTenantAdmin):
    """The inbox of webhooks: each with its outcome."""

    tenant_path = "connection__tenant"
    menu_order = 60
    list_display = ["what", "merchant", "state_badge", "led_to", "times", "came"]
    list_filter = ["state", "entity", "connection__tenant"]
    list_select_related = ["connection__tenant", "run__rule"]
    search_fields = ["event", "remote_id"]
    search_help_text = "By event, or by the record's id at its source."
    empty_words = "None has come. A connection's Webhooks page says where they are to be sent."

    @admin.display(description="event", ordering="event")
    def what(self, hook: Hook) -> str:
        return str(hook)

    @admin.display(description="tenant")
    def merchant(self, hook: Hook) -> str:
        return hook.connection.tenant.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, hook: Hook) -> str:
        return hook_badge(hook)

    @admin.display(description="outcome")
    def led_to(self, hook: Hook) -> str:
        if hook.run is None:
            return hook.outcome
        address = reverse("admin:integrations_run_change", args=[hook.run.pk])
        return format_html('<a href="{}">{}</a> {}', address, hook.run, hook.run.get_state_display().lower())

    @admin.display(description="came")
    def times(self, hook: Hook) -> str:
        return "once" if not hook.duplicates else f"{hook.duplicates + 1} times"

    @admin.display(description="last", ordering="last_at")
    def came(self, hook: Hook) -> str:
        return str(naturaltime(hook.last_at))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        hook = self.object_or_404(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return self.page(
            request,
            "admin/integrations/webhook_hook.html",
            hook,
            title=str(hook),
            hook=hook,
            state=hook_badge(hook),
            outcome=self.led_to(hook),
            headers=sorted(hook.headers.items()),
            may_run=self.may(request, Action.RUN, hook),
        )

    @object_view("replay/", action=Action.RUN, methods=("POST",))
    def replay(self, request: HttpRequest, hook: Hook) -> HttpResponse:
        inbox.replay(hook)
        follow_hooks_soon()
        audit.record("webhook.replayed", hook)
        messages.success(request, "It is followed once more: a pull starts within moments.")
        return redirect("admin:integrations_hook_change", hook.pk)


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Address, events and secret. The address is looked up at once, so that a mistake is seen here."""

    events = forms.MultipleChoiceField(
        choices=Subscription.Event.choices, widget=forms.CheckboxSelectMultiple
    )
    secret = SecretFormField(
        min_length=SHORTEST_SECRET, max_length=200, help_text=Subscription.secret.field.help_text
    )

    class Meta:
        model = Subscription
        fields = ["tenant", "url", "events", "secret", "enabled"]

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            addresses.checked(url, settings.WEBHOOK_ALLOWED_HOSTS)
        except (addresses.Refused, addresses.Unreachable) as error:
            raise ValidationError(str(error)) from None
        return url

    def clean_secret(self) -> Any:
        return self.cleaned_data["secret"] or self.instance.secret


@admin.register(Subscription)
class SubscriptionAdmin(TenantAdmin):
    """Who is told what happens: a merchant's own systems."""

    form = SubscriptionForm
    menu_order = 61
    list_display = ["url", "tenant", "state_badge", "told"]
    list_filter = ["tenant", "enabled"]
    list_select_related = ["tenant"]
    search_fields = ["url"]
    change_form_template = "admin/integrations/webhook_subscription.html"
    empty_words = "Add the address of a system that should be told of job statuses, merges or failures."

    @admin.display(description="state")
    def state_badge(self, subscription: Subscription) -> str:
        return subscription_badge(subscription)

    @admin.display(description="told of")
    def told(self, subscription: Subscription) -> str:
        return ", ".join(subscription.events)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context |= {
                "state": subscription_badge(row),
                "notices": [(notice, notice_badge(notice)) for notice in row.notices.all()[:8]],
                "may_configure": self.may(request, Action.CONFIGURE, row),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @object_view("test/", action=Action.CONFIGURE, methods=("POST",))
    def test(self, request: HttpRequest, subscription: Subscription) -> HttpResponse:
        """One signed call now."""
        notice = outbox.ping(subscription, person(request))
        delivered = notice.state == Notice.State.DELIVERED
        words = f"It was taken, with {notice.status}." if delivered else notice.problem
        audit.record("webhook.tested", subscription, note=words)
        (messages.success if delivered else messages.error)(request, words)
        return redirect("admin:integrations_subscription_change", subscription.pk)

    @object_view("resume/", action=Action.CONFIGURE, methods=("POST",))
    def resume(self, request: HttpRequest, subscription: Subscription) -> HttpResponse:
        outbox.resume(subscription)
        send_webhooks_soon()
        audit.record("webhook.resumed", subscription)
        messages.success(request, "Resumed. What happened while it was paused was not kept for it.")
        return redirect("admin:integrations_subscription_change", subscription.pk)


def subscription_badge(row: Subscription) -> str:
    if row.paused_because:
        return badge("Paused", "bad")
    if not row.enabled:
        return badge("Off", "idle")
    return badge("Does not answer", "warn") if row.down_since else badge("On", "ok")


def notice_badge(notice: Notice) -> str:
    return badge(notice.get_state_display(), NOTICE_TONES[notice.state])


def person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@admin.register(Notice)
class NoticeAdmin(ReadOnlyTenantAdmin):
    """The log of what was told."""

    tenant_path = "subscription__tenant"
    menu_order = 62
    list_display = ["event", "to", "merchant", "state_badge", "answer", "attempts", "made"]
    list_filter = ["state", "event", "subscription__tenant"]
    list_select_related = ["subscription__tenant"]
    search_fields = ["event", "subscription__url"]
    empty_words = "Nothing was told to anybody yet."

    @admin.display(description="address")
    def to(self, notice: Notice) -> str:
        return Truncator(notice.subscription.url).chars(60)

    @admin.display(description="tenant")
    def merchant(self, notice: Notice) -> str:
        return notice.subscription.tenant.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, notice: Notice) -> str:
        return notice_badge(notice)

    @admin.display(description="answer")
    def answer(self, notice: Notice) -> str:
        return Truncator(notice.problem).chars(90) or str(notice.status or "")

    @admin.display(description="when", ordering="created_at")
    def made(self, notice: Notice) -> str:
        return str(naturaltime(notice.created_at))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        notice = self.object_or_404(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return self.page(
            request,
            "admin/integrations/webhook_notice.html",
            notice,
            title=str(notice),
            notice=notice,
            state=notice_badge(notice),
            payload=json.dumps({"id": str(notice.key), **notice.payload}, indent=2, ensure_ascii=False),
            may_run=self.may(request, Action.RUN, notice),
        )

    @object_view("resend/", action=Action.RUN, methods=("POST",))
    def resend(self, request: HttpRequest, notice: Notice) -> HttpResponse:
        outbox.resend(notice, person(request))
        send_webhooks_soon()
        audit.record("webhook.resent", notice)
        messages.success(request, "It is sent again within moments; look here for the answer.")
        return redirect("admin:integrations_notice_change", notice.pk)
