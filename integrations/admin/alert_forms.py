"""Forms of alert channels and rules: what belongs to each kind is asked for, the rest is left out."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.admin.webhooks import SHORTEST_SECRET
from integrations.models import AlertChannel, AlertRule
from integrations.webhooks import addresses
from portal.forms import SecretFormField

MOST_RECIPIENTS = 20
Kind = AlertChannel.Kind


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Whom to tell. An address is looked up at once, so that a mistake is seen here; it is never shown again."""

    url = SecretFormField(
        label="Address", required=False, max_length=500, help_text=AlertChannel.url.field.help_text
    )
    secret = SecretFormField(required=False, max_length=200, help_text=AlertChannel.secret.field.help_text)

    class Meta:
        model = AlertChannel
        fields = ["tenant", "name", "kind", "recipients", "url", "secret", "enabled"]

    def clean_recipients(self) -> str:
        found = [part.strip() for part in str(self.cleaned_data["recipients"]).split(",") if part.strip()]
        for one in found:
            validate_email(one)
        if len(found) > MOST_RECIPIENTS:
            raise ValidationError(f"At most {MOST_RECIPIENTS} addresses: use a mailing list.")
        return ", ".join(found)

    def clean_url(self) -> Any:
        """A blank keeps what is stored."""
        url = self.cleaned_data["url"]
        if not url:
            return self.instance.url
        try:
            addresses.checked(url, settings.WEBHOOK_ALLOWED_HOSTS)
        except (addresses.Refused, addresses.Unreachable) as error:
            raise ValidationError(str(error)) from None
        self.instance.host = addresses.plain(url)[1]
        return url

    def clean_secret(self) -> Any:
        secret = self.cleaned_data["secret"]
        if secret and len(secret) < SHORTEST_SECRET:
            raise ValidationError(f"A secret has {SHORTEST_SECRET} characters or more.")
        return secret or self.instance.secret

    def clean(self) -> Any:
        data = super().clean() or self.cleaned_data
        kind = data.get("kind")
        if kind == Kind.EMAIL and "recipients" in data and not data["recipients"]:
            self.add_error("recipients", "Enter at least one e-mail address.")
        if kind in (Kind.WEBHOOK, Kind.SLACK) and "url" in data and not data["url"]:
            self.add_error("url", "Enter the address that is called.")
        if kind == Kind.WEBHOOK and "secret" in data and not data["secret"]:
            self.add_error("secret", "Enter the secret that calls are signed with.")
        return data


ASKED_OF: dict[str, frozenset[str]] = {
    "limit": frozenset(
        {AlertRule.Kind.FAILURES, AlertRule.Kind.WAITING, AlertRule.Kind.LATE, AlertRule.Kind.WORKERS}
    ),
    "window": frozenset({AlertRule.Kind.FAILURES}),
    "hour": frozenset({AlertRule.Kind.DIGEST}),
    "tells_recovery": frozenset(AlertRule.Kind) - {AlertRule.Kind.DIGEST},
}
"""The fields that mean something to some kinds of rules alone."""


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """What to watch, and on which channels to tell it: channels of the same tenant, or of the platform.

    `alert_rule.js` shows only the fields that the chosen kind uses. What is sent of the others is passed over.
    """

    class Meta:
        model = AlertRule
        fields = ["tenant", "kind", "limit", "window", "hour", "channels", "tells_recovery", "enabled"]
        widgets = {"channels": forms.CheckboxSelectMultiple}  # Django reads it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kinds in ASKED_OF.items():
            if name in self.fields:  # not for those who may only look
                self.fields[name].required = False
                self.fields[name].widget.attrs["data-kinds"] = " ".join(sorted(kinds))

    def clean(self) -> Any:
        data = super().clean() or self.cleaned_data
        for name, kinds in ASKED_OF.items():
            self._clean_for_kind(name, data, data.get("kind") in kinds)
        tenant = self.instance.tenant if self.instance.pk else data.get("tenant")
        channels = data.get("channels") or ()
        if any(channel.tenant_id != (tenant.pk if tenant else None) for channel in channels):
            whose = str(tenant) if tenant else "the platform"
            self.add_error("channels", f"Choose channels of {whose}: others would learn what happens there.")
        if data.get("kind") == AlertRule.Kind.WORKERS and tenant is not None:
            self.add_error("kind", "Workers serve all tenants: this is a rule of the platform.")
        return data

    def _clean_for_kind(self, name: str, data: dict[str, Any], is_used: bool) -> None:
        """A field that the kind does not use stays as it was, whatever was sent."""
        if not is_used:
            self.errors.pop(name, None)
            data[name] = getattr(self.instance, name)
        elif name in data and data[name] in (None, ""):
            self.add_error(name, "This kind of rule needs it.")
