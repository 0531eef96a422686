"""Who is told what happens here: subscriptions with their test button, and the log of what was sent."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import Truncator

from integrations.admin.webhooks import SHORTEST_SECRET
from integrations.models import Notice, Subscription
from integrations.tasks import send_webhooks_soon
from integrations.webhooks import addresses, outbox
from portal import audit
from portal.access import Action
from portal.forms import SecretFormField
from portal.look import badge
from portal.models import User
from portal.tenant_admin import ReadOnlyTenantAdmin, TenantAdmin, object_view

NOTICE_TONES: dict[str, str] = {
    Notice.State.OWED: "busy",
    Notice.State.DELIVERED: "ok",
    Notice.State.GIVEN_UP: "bad",
}


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
    confirms = frozenset({"add", "change"})
    menu_order = 61
    menu_group = "API and webhooks"
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
    row_template = "admin/integrations/webhook_notice.html"
    menu_order = 62
    menu_group = "API and webhooks"
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

    def row_context(self, request: HttpRequest, notice: Notice) -> dict[str, Any]:
        sent = {"id": str(notice.key), **notice.payload}
        return {
            "notice": notice,
            "state": notice_badge(notice),
            "payload": json.dumps(sent, indent=2, ensure_ascii=False),
            "may_run": self.may(request, Action.RUN, notice),
        }

    @object_view("resend/", action=Action.RUN, methods=("POST",))
    def resend(self, request: HttpRequest, notice: Notice) -> HttpResponse:
        outbox.resend(notice, person(request))
        send_webhooks_soon()
        audit.record("webhook.resent", notice)
        messages.success(request, "It is sent again within moments; look here for the answer.")
        return redirect("admin:integrations_notice_change", notice.pk)
