"""How a merchant's merges begin: which value each field proposes, and what becomes of the loser at its source."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from portal.access import Action
from portal.tenant_admin import TenantAdmin
from reconciliation import survivorship_defaults as defaults
from reconciliation.admin import values
from reconciliation.entities import ENTITIES
from reconciliation.models import MergeSettings

_CHOICES = [choice for choice in defaults.choices(ENTITIES["customer"]) if not choice.united]
_PREFIX = "rule_"
LOSER_HELP = (
    "ServiceTitan's API cannot merge customers. One set inactive there is active again after an undo."
)


class MergeSettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """One select per choice of a customer's merge; they are kept together as `rules`."""

    class Meta:
        model = MergeSettings
        fields = ["tenant", "loser"]
        widgets = {"loser": forms.RadioSelect}  # as Django declares it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for choice in _CHOICES:
            rule = defaults.prefer(self.instance.rules or {}, choice.name)
            self.initial.setdefault(_PREFIX + choice.name, rule.value)
        if "loser" in self.fields:
            self.fields["loser"].help_text = LOSER_HELP

    def save(self, commit: bool = True) -> Any:
        self.instance.rules = {
            choice.name: self.cleaned_data[_PREFIX + choice.name]
            for choice in _CHOICES
            if self.cleaned_data.get(_PREFIX + choice.name)
        }
        return super().save(commit)


def _rule_field(choice: defaults.Choice) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=values.label(choice.name).capitalize(),
        choices=[(rule.value, words.capitalize()) for rule, words in defaults.WORDS.items()],
        required=False,
    )


MergeSettingsForm.declared_fields.update({_PREFIX + choice.name: _rule_field(choice) for choice in _CHOICES})


@admin.register(MergeSettings)
class MergeSettingsAdmin(TenantAdmin):
    """One row per tenant that wants it otherwise than by default."""

    menu_order = 140
    menu_group = "Duplicates"
    form = MergeSettingsForm
    change_action = add_action = delete_action = Action.CONFIGURE
    list_display = ["tenant", "loser"]
    list_filter = ["tenant"]
    list_select_related = ["tenant"]
    fieldsets = (
        (None, {"fields": ["tenant", "loser"]}),
        (
            "Which value a merge proposes",
            {
                "fields": [_PREFIX + choice.name for choice in _CHOICES],
                "description": "An empty value never beats one that says something. Tags, phones and e-mails are united.",
            },
        ),
    )
    readonly_words = ((None, {"fields": ["tenant", "loser", "proposes"]}),)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.fieldsets if may else self.readonly_words

    @admin.display(description="a merge proposes")
    def proposes(self, row: MergeSettings) -> str:
        """The rules in words, for those who may not change them."""
        rules = ((choice, defaults.prefer(row.rules, choice.name)) for choice in _CHOICES)
        return "; ".join(f"{values.label(choice.name)}: {defaults.WORDS[rule]}" for choice, rule in rules)

    empty_words = "Without settings, merges go by the defaults: the fullest address, the longest name."
