"""The lines of a field mapping as a table that a person can edit: one formset per part of the entity."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.formsets import BaseFormSet

from integrations.connectors.base import FieldMap
from integrations.mapping import TRANSFORMS, problems
from integrations.mappings import record_fields
from integrations.models import FieldMapping, SyncRule
from integrations.models.rules import OverwriteMode
from integrations.push.owing import write_of

if TYPE_CHECKING:  # generic only in the stubs
    StockFormSet = BaseFormSet[forms.Form]
else:
    StockFormSet = BaseFormSet

_TRANSFORM_CHOICES = [
    (name, f"{name}: {transform.description}") for name, transform in sorted(TRANSFORMS.items())
]


_COLUMNS = ("remote", "transform", "field", "mode", "policy")


class LineForm(forms.Form):
    """One line. Names that do not exist are refused by the formset, which suggests what was meant."""

    remote = forms.CharField(label="remote field", max_length=120)
    transform = forms.CharField(
        max_length=40, initial="text", widget=forms.Select(choices=_TRANSFORM_CHOICES)
    )
    field = forms.CharField(label="record field", max_length=60)
    mode = forms.ChoiceField(
        label="overwrite", choices=OverwriteMode.choices, initial=OverwriteMode.ALWAYS, required=False
    )
    policy = forms.ChoiceField(
        label="when both changed",
        choices=[("", "As the rule says"), *SyncRule.ConflictPolicy.choices],
        required=False,
    )

    def __init__(self, *args: Any, fields: Mapping[str, str], datalist: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [("", "choose…"), *((name, f"{name} ({kind})") for name, kind in fields.items())]
        self.fields["field"].widget = forms.Select(choices=kinds)
        self.fields["remote"].widget = forms.TextInput(
            {"list": datalist, "autocomplete": "off", "spellcheck": "false"}
        )
        number = int(str(self.prefix).rsplit("-", 1)[-1]) + 1 if str(self.prefix)[-1:].isdigit() else "new"
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = f"Line {number}: {field.label or name}"


class LineFormSet(StockFormSet):
    """The lines of one part. After `is_valid`, `lines` holds them in order, unsaved."""

    def __init__(
        self,
        rule: SyncRule,
        part: str,
        lines: Sequence[FieldMapping],
        known: Sequence[str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.rule, self.part, self.known = rule, part, known
        self.record_fields = record_fields(rule, part)
        kwargs["prefix"] = part or "lines-of-record"
        kwargs["initial"] = [{name: getattr(line, name) for name in _COLUMNS} for line in lines]
        kwargs["form_kwargs"] = {"fields": self.record_fields, "datalist": f"known-{kwargs['prefix']}"}
        super().__init__(*args, **kwargs)

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """The box that removes a line says which."""
        super().add_fields(form, index)
        number = "new" if index is None else index + 1
        form.fields["DELETE"].widget.attrs["aria-label"] = f"Line {number}: remove"

    def clean(self) -> None:
        """Put each problem beside the column it concerns."""
        kept = self.kept
        found = problems([_as_map(form) for form in kept], self.record_fields, self.known)
        for problem in found:
            if not kept[problem.line].has_error(problem.column):
                kept[problem.line].add_error(problem.column, problem.message)

    @property
    def kept(self) -> list[LineForm]:
        """The forms that hold a line which is not to go."""
        forms: list[Any] = self.forms
        return [
            form
            for form in forms
            if form.has_changed() or form.initial
            if hasattr(form, "cleaned_data") and not form.cleaned_data.get("DELETE")
        ]

    @property
    def lines(self) -> list[FieldMapping]:
        return [
            FieldMapping(
                rule=self.rule,
                part=self.part,
                remote=form.cleaned_data["remote"],
                transform=form.cleaned_data["transform"],
                field=form.cleaned_data["field"],
                mode=form.cleaned_data["mode"] or OverwriteMode.ALWAYS,
                policy=form.cleaned_data["policy"],
                position=position,
            )
            for position, form in enumerate(self.kept)
        ]


def _as_map(form: LineForm) -> FieldMap:
    data = form.cleaned_data
    return FieldMap(data.get("remote", ""), data.get("field", ""), data.get("transform", ""))


class MappingTable(LineFormSet):
    """The formset with what `formset_factory` would have set."""

    form = LineForm
    extra = 0
    can_order = False
    can_delete = True
    can_delete_extra = True
    min_num = 0
    max_num = absolute_max = 300
    validate_min = validate_max = False
    renderer = None


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """What of a rule is seldom touched: how it reads, and what it sends where there is a choice."""

    becomes = forms.ChoiceField(required=False)

    class Meta:
        model = SyncRule
        fields = ["page_size", "recent", "becomes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        write = write_of(rule)
        if write is None or not write.becomes:
            del self.fields["becomes"]
            return
        field = self.fields["becomes"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.label = f"A {rule.label} made in the portal becomes"
        field.choices = [
            ("", f"a {rule.label} in {rule.connection.label}"),
            (write.becomes, f"a {write.becomes} in {rule.connection.label}"),
        ]
