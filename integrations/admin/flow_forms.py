"""A flow's settings as a form, built from what it declares."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Model, QuerySet

from integrations.flows.base import FlowSpec, Setting
from portal.models import Tenant
from reconciliation.entities import ENTITIES


class FlowForm(forms.Form):
    """The declared settings, and from when on records concern the flow."""

    since = forms.DateField(
        label="Records from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Older ones are left alone. Set an earlier day to take them up too.",
    )

    def __init__(
        self, tenant: Tenant, spec: FlowSpec, stored: Mapping[str, Any], since: datetime, data: Any = None
    ) -> None:
        self.tenant, self.spec = tenant, spec
        chosen, day = spec.chosen(stored), since.astimezone(tenant.zone).date()
        super().__init__(data, initial={**chosen, "since": day}, prefix="flow")
        self.pairs: dict[str, dict[str, str]] = {}
        for setting in spec.settings:
            if setting.kind == "pairs":
                self._add_pairs(setting, chosen[setting.name])
            else:
                self.fields[setting.name] = field_of(setting, tenant)
        self.fields["since"] = self.fields.pop("since")

    def _add_pairs(self, setting: Setting, chosen: Mapping[str, Any]) -> None:
        """One choice for each item of a list; the first says what it is about."""
        choices = [("", "—"), *((row.pk, str(row)) for row in active(self.tenant, setting.refers_to))]
        items = active(self.tenant, setting.each)
        self.pairs[setting.name] = {str(item.pk): f"{setting.name}_{item.pk}" for item in items}
        for place, item in enumerate(items):
            self.fields[f"{setting.name}_{item.pk}"] = forms.TypedChoiceField(
                label=f"{setting.label}: {item}",
                choices=choices,
                coerce=int,
                empty_value=None,
                required=False,
                initial=chosen.get(str(item.pk)),
                help_text="" if place else setting.help,
            )

    @property
    def stored(self) -> dict[str, Any]:
        """What was chosen, as JSON holds it."""
        given = self.cleaned_data
        single = [setting.name for setting in self.spec.settings if setting.name not in self.pairs]
        pairs = {
            name: {pk: given[field] for pk, field in fields.items() if given[field]}
            for name, fields in self.pairs.items()
        }
        return {**{name: _plain(given[name]) for name in single}, **pairs}

    @property
    def since_moment(self) -> datetime:
        """The start of the chosen day."""
        return datetime.combine(self.cleaned_data["since"], time(), tzinfo=self.tenant.zone)


def field_of(setting: Setting, tenant: Tenant) -> forms.Field:
    """The form field of one setting."""
    common: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.help,
        "required": setting.required and setting.kind != "boolean",
    }
    if setting.kind == "choice":
        return forms.ChoiceField(choices=setting.choices, **common)
    if setting.kind == "reference":
        return forms.ModelChoiceField(active(tenant, setting.refers_to), **common)
    return _FIELDS[setting.kind](**common)


def active(tenant: Tenant, entity: str) -> "QuerySet[Any]":
    """The tenant's records of an entity that a setting may name."""
    kind = ENTITIES[entity]
    rows: QuerySet[Any] = kind.objects.filter(tenant=tenant, active=True, **kind.constants)
    return rows.order_by("pk")


_FIELDS: Mapping[str, Callable[..., forms.Field]] = {
    "text": forms.CharField,
    "integer": forms.IntegerField,
    "decimal": forms.DecimalField,
    "boolean": forms.BooleanField,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.pk if isinstance(value, Model) else value
