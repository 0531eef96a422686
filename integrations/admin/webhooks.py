"""Webhooks that come in, on the pages: their address, how they are signed, and the inbox with its replay button."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from integrations.models import Connection, Hook, WebhookAddress
from integrations.models.webhooks import new_token
from integrations.tasks import follow_hooks_soon
from integrations.webhooks import inbox
from portal import audit
from portal.access import Action
from portal.forms import SecretFormField
from portal.look import badge
from portal.own_pages import OwnPages
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view

SHORTEST_SECRET = 32
HOOK_TONES: dict[str, str] = {
    Hook.State.RECEIVED: "busy",
    Hook.State.FOLLOWED: "ok",
    Hook.State.IGNORED: "idle",
    Hook.State.REFUSED: "bad",
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

    @object_view("webhooks/", action=Action.CONFIGURE, confirm=True)
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
    row_template = "admin/integrations/webhook_hook.html"
    menu_order = 60
    menu_group = "API and webhooks"
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

    def row_context(self, request: HttpRequest, hook: Hook) -> dict[str, Any]:
        return {
            "hook": hook,
            "state": hook_badge(hook),
            "outcome": self.led_to(hook),
            "headers": sorted(hook.headers.items()),
            "may_run": self.may(request, Action.RUN, hook),
        }

    @object_view("replay/", action=Action.RUN, methods=("POST",))
    def replay(self, request: HttpRequest, hook: Hook) -> HttpResponse:
        inbox.replay(hook)
        follow_hooks_soon()
        audit.record("webhook.replayed", hook)
        messages.success(request, "It is followed once more: a pull starts within moments.")
        return redirect("admin:integrations_hook_change", hook.pk)
