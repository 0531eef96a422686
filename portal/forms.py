"""What forms of every floor need: write-only secrets, and references that stay within one tenant."""

from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils.formats import date_format

from portal.access import tenant_of
from portal.models import Tenant
from portal.secrets import Secret


class SecretInput(forms.PasswordInput):
    """A password box that is always empty, and says beside it whether something is stored."""

    template_name = "portal/widgets/secret.html"
    stored: Any = None

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"autocomplete": "new-password", "spellcheck": "false", **(attrs or {})}, render_value=False
        )

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        set_at = self.stored.set_at if isinstance(self.stored, Secret) else None
        context["state"] = {
            "stored": bool(self.stored),
            "since": date_format(set_at, "j F Y") if set_at else "",
        }
        return context


class SecretFormField(forms.CharField):
    """Write-only: never shows what is stored, and a blank keeps it.

    `initial` says whether there is something stored: a `Secret` (its date is shown), or anything true. The
    cleaned value is the new secret, or "" for "keep what is stored".
    """

    secret = True
    widget = SecretInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("strip", True)
        super().__init__(**kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Learn from the form what is stored: what is stored need not be entered again."""
        stored = form.get_initial_for_field(self, field_name)
        if stored:
            self.required = self.widget.is_required = False
            if isinstance(self.widget, SecretInput):
                self.widget.stored = stored
        return super().get_bound_field(form, field_name)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((data or "").strip())


class OneTenantForm:
    """Mixed into the forms of a TenantAdmin: a row refers only to rows of its own tenant.

    Someone with a role on two tenants could otherwise tie them together by choosing one of each.
    """

    def clean(self) -> Any:
        data = super().clean()  # type: ignore[misc]  # of the ModelForm it is mixed into
        chosen = [value for value in self.cleaned_data.values() if isinstance(value, Model)]  # type: ignore[attr-defined]
        row = self.instance  # type: ignore[attr-defined]
        tenants = {_tenant_of(value) for value in (*chosen, *([row] if row.pk else []))} - {None}
        if len(tenants) > 1:
            raise forms.ValidationError("These belong to different tenants. Choose rows of one tenant.")
        return data


def _tenant_of(row: Model) -> Tenant | None:
    try:
        return tenant_of(row)
    except ImproperlyConfigured:
        return None
