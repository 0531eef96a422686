"""The lines of a field mapping as a table that a person can edit: one formset per part of the entity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.formsets import BaseFormSet

from integrations.mapping import TRANSFORMS, all_problems
from integrations.mappings import as_map, declaration, natural_direction, sides_of
from integrations.models import FieldMapping, LineDirection, SyncRule
from integrations.models.rules import OverwriteMode
from integrations.push.owing import write_of

if TYPE_CHECKING:  # generic only in the stubs
    StockFormSet = BaseFormSet[forms.Form]
else:
    StockFormSet = BaseFormSet

_TRANSFORM_CHOICES = [
    (name, f"{name}: {transform.description}") for name, transform in sorted(TRANSFORMS.items())
]


_COLUMNS = ("remote", "direction", "transform", "argument", "field", "mode", "policy")


class LineForm(forms.Form):
    """One line. Names that do not exist are refused by the formset, which suggests what was meant."""

    remote = forms.CharField(label="remote field", max_length=300, required=False)
    direction = forms.ChoiceField(choices=LineDirection.choices, required=False)
    transform = forms.CharField(
        max_length=40, initial="text", widget=forms.Select(choices=_TRANSFORM_CHOICES)
    )
    argument = forms.CharField(
        label="settings", max_length=4000, required=False, strip=False, widget=forms.Textarea({"rows": 1})
    )
    field = forms.CharField(label="record field", max_length=200, required=False)
    mode = forms.ChoiceField(
        label="overwrite", choices=OverwriteMode.choices, initial=OverwriteMode.ALWAYS, required=False
    )
    policy = forms.ChoiceField(
        label="when both changed",
        choices=[("", "As the rule says"), *SyncRule.ConflictPolicy.choices],
        required=False,
    )
    glimpses: Sequence[Any] = ()
    """What a preview shows of this line."""

    def __init__(self, *args: Any, remote_list: str, record_list: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, listed in (("remote", remote_list), ("field", record_list)):
            self.fields[name].widget = forms.TextInput(
                {"list": listed, "autocomplete": "off", "spellcheck": "false"}
            )
        self.fields["argument"].widget.attrs["spellcheck"] = "false"
        number = int(str(self.prefix).rsplit("-", 1)[-1]) + 1 if str(self.prefix)[-1:].isdecimal() else "new"
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = f"Line {number}: {field.label or name}"

    @property
    def transform_said(self) -> Any:
        """The transform that stands in the row now, for what its settings are."""
        return TRANSFORMS.get(str(self["transform"].value() or ""))


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
        self.sides = sides_of(rule, part, known)
        prefix = kwargs["prefix"] = part or "lines-of-record"
        kwargs["initial"] = [{name: getattr(line, name) for name in _COLUMNS} for line in lines]
        kwargs["form_kwargs"] = {"remote_list": f"known-{prefix}", "record_list": f"record-{prefix}"}
        super().__init__(*args, **kwargs)

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """The box that removes a line says which."""
        super().add_fields(form, index)
        number = "new" if index is None else index + 1
        form.fields["DELETE"].widget.attrs["aria-label"] = f"Line {number}: remove"

    def clean(self) -> None:
        """Put each problem beside the column it concerns."""
        kept = self.kept
        for problem in all_problems([as_map(line) for line in self.lines], self.sides):
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
        return [self._line(form, position) for position, form in enumerate(self.kept)]

    def _line(self, form: LineForm, position: int) -> FieldMapping:
        data = form.cleaned_data
        line = FieldMapping(
            rule=self.rule,
            part=self.part,
            remote=data.get("remote", ""),
            direction=data.get("direction", ""),
            transform=data.get("transform", ""),
            argument=data.get("argument", "").replace("\r\n", "\n"),
            field=data.get("field", ""),
            mode=data.get("mode") or OverwriteMode.ALWAYS,
            policy=data.get("policy", ""),
            position=position,
        )
        if not line.direction:
            entity = declaration(self.rule)
            line.direction = natural_direction(entity, self.part, as_map(line), self.sides.more)
        return line


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
        if write is None or not (write.becomes or write.variants):
            del self.fields["becomes"]
            return
        field = self.fields["becomes"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.label = f"A {rule.label} made in the portal becomes"
        field.choices = [
            ("", f"a {rule.label} in {rule.connection.label}"),
            *((name, words) for name, words in write.variants.items()),
        ]
        if write.becomes:
            field.choices = [*field.choices, (write.becomes, f"a {write.becomes} in {rule.connection.label}")]
