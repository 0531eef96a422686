"""The rules page of a connection: what is synced, how often, and who wins, in one table."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations import own_objects
from integrations.admin.checklist import next_of
from integrations.mappings import declaration
from integrations.models import Connection, Run, SyncRule
from integrations.push.owing import owe, pushes, write_of
from integrations.push.planning import candidates
from integrations.work import MISSING_SCOPE
from portal import audit
from portal.access import Action
from portal.own_pages import OwnPages, object_view
from reconciliation.models import ReferenceItem

INTERVALS = [
    (1, "every minute"),
    (5, "5 minutes"),
    (10, "10 minutes"),
    (15, "15 minutes"),
    (30, "30 minutes"),
    (60, "hour"),
    (240, "4 hours"),
    (1440, "day"),
]
_SHORT_LISTS = frozenset(ReferenceItem.Kind.values)


class KeptField(forms.ChoiceField):
    """Left out means as it is."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data) and super().has_changed(initial, data)


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """One row. A rule that lacks its scope cannot be switched on; a read-only entity has one system of record."""

    interval = forms.TypedChoiceField(coerce=int, choices=INTERVALS)
    direction = KeptField(choices=SyncRule.Direction.choices, required=False)
    creates = KeptField(choices=SyncRule.Creates.choices, required=False)

    class Meta:
        model = SyncRule
        fields = ["enabled", "direction", "creates", "system_of_record", "policy", "interval"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        self.declared = declaration(rule)
        if rule.interval not in dict(INTERVALS):
            self._choices("interval", [*INTERVALS, (rule.interval, f"{rule.interval} minutes")])
        self._choices("system_of_record", [("source", rule.connection.label), ("hub", "The portal")])
        self._choices("direction", directions(rule))
        for name in ("direction", "creates"):
            self.fields[name].disabled = write_of(rule) is None
        self.fields["enabled"].disabled = self.lacks_scope
        for name in ("system_of_record", "policy"):
            self.fields[name].disabled = self.declared.read_only or self.is_short_list
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = f"{rule.label}: {name.replace('_', ' ')}"

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = choices

    def clean_direction(self) -> str:
        """What the system forbids was not among the choices."""
        return self.cleaned_data.get("direction") or self.instance.direction

    def clean_creates(self) -> str:
        return self.cleaned_data.get("creates") or self.instance.creates

    @property
    def lacks_scope(self) -> bool:
        """Only a test of the connection switches such a rule on again."""
        return not self.instance.enabled and self.instance.off_because.startswith(MISSING_SCOPE)

    @property
    def is_short_list(self) -> bool:
        """The merchant's own lists (units, tags, job types) are only ever read."""
        return self.instance.entity in _SHORT_LISTS

    @property
    def run(self) -> Run | None:
        """The rule's last run, where it was looked up."""
        return getattr(self.instance, "last_run", None)


def directions(rule: SyncRule) -> list[tuple[Any, str]]:
    """What may be chosen: writing only where the system lets us write."""
    pull, *others = SyncRule.Direction.choices
    return [pull] if write_of(rule) is None else [pull, *others]


RuleFormSet = forms.modelformset_factory(SyncRule, form=RuleForm, extra=0)


class RulesPage(OwnPages):
    """Everyone who sees the connection sees its rules; who configures it may change them."""

    @object_view("rules/")
    def rules(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        may_configure = self.may(request, Action.CONFIGURE, connection)
        formset = RuleFormSet(request.POST or None, queryset=with_last_run(connection), prefix="rules")
        if request.method == "POST":
            if not may_configure:
                raise PermissionDenied
            if formset.is_valid():
                save(connection, formset)
                messages.success(request, "The sync rules are stored.")
                return redirect("admin:integrations_connection_rules", connection.pk)
        if not may_configure:
            for form in formset:
                for field in form.fields.values():
                    field.disabled = True
        return self.page(
            request,
            "admin/integrations/rules.html",
            connection,
            title="Sync rules",
            connection=connection,
            tenant=connection.tenant,
            formset=formset,
            groups=[
                ("Records", [form for form in formset if not form.is_short_list]),
                ("The merchant's own lists", [form for form in formset if form.is_short_list]),
            ],
            may_have_objects=own_objects.may_have(connection),
            may_configure=may_configure,
            may_run=self.may(request, Action.RUN, connection),
            tab="rules",
            **next_of(connection),
        )


def with_last_run(connection: Connection) -> Any:
    """The connection's rules, each with its last run, in three queries however many rules there are."""
    last = Run.objects.filter(rule=OuterRef("pk")).order_by("-id").values("pk")[:1]
    rules = connection.rules.select_related("connection__tenant").annotate(last_run_id=Subquery(last))
    runs = Run.objects.in_bulk([pk for pk in rules.values_list("last_run_id", flat=True) if pk])
    for rule in rules:
        rule.last_run = runs.get(rule.last_run_id)  # type: ignore[attr-defined]  # for the template
    return rules


@transaction.atomic
def save(connection: Connection, formset: Any) -> None:
    """Store what was changed, say so in the audit trail, and let a rule that was switched on run soon."""
    for form in formset:
        if not form.has_changed():
            continue
        rule = form.save(commit=False)
        if "enabled" in form.changed_data:
            rule.off_because = ""
            rule.due_at = timezone.now() if rule.enabled and connection.synced_at else rule.due_at
        rule.note_choice(form.changed_data)
        rule.save(update_fields=[*form.changed_data, "off_because", "due_at", "chosen"])
        audit.record("sync_rule.changed", rule, diff=audit.diff_of(form), tenant=connection.tenant)
        if {"direction", "creates"} & set(form.changed_data) and pushes(rule):
            # What was edited or made before it was switched on; what is the same there comes to nothing.
            owe(rule, candidates(rule), backfill=True)
    connection.rules_chosen_at = timezone.now()
    connection.save(update_fields=["rules_chosen_at"])
