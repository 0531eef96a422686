"""What a person does to a record from its page: one small form each, and the change it makes goes through `editing`.

The route: a button on the record's page -> a page with the form -> `ActForm.act` -> record, change, audit entry and
what it owes to other systems -> back to the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.models import User
from portal.own_pages import OwnPages

SENT_ON = "Connected systems that are written to hear of it by themselves."


@dataclass(frozen=True)
class Act:
    """A button on a record's page: its words and the page it leads to (the last part of its address's name)."""

    label: str
    page: str


class ActForm(forms.Form):
    """One act on one record. `act` does it and says what was done."""

    title: ClassVar[str]
    button: ClassVar[str]
    explained: ClassVar[str] = ""
    danger: ClassVar[bool] = False

    def __init__(self, record: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record = record
        self.prepare()

    def prepare(self) -> None:
        """Narrow choices to the record's own."""

    def impossible(self) -> str:
        """Why there is nothing to do, in words; empty where there is."""
        return ""

    def act(self, actor: User | None) -> str:
        raise NotImplementedError

    def choose(self, name: str, rows: Any) -> None:
        """Let a field choose among `rows`; the only one there is, is chosen."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared so
        field.queryset = rows
        found = list(rows[:2])
        if len(found) == 1:
            field.initial = found[0].pk
            field.empty_label = None


class ActingPages(OwnPages):
    """Mixed into the admin of a record that people act on. `acts` are the buttons of its page."""

    acts: ClassVar[Sequence[Act]] = ()

    def buttons(self, record: Any) -> list[tuple[str, str]]:
        """(words, address) of what may be done to this record."""
        if not record.active or getattr(record, "merged_into_id", None):
            return []
        prefix = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return [(act.label, reverse(f"{prefix}_{act.page}", args=[record.pk])) for act in self.acts]

    def acting(self, request: HttpRequest, record: Any, form_class: type[ActForm]) -> HttpResponse:
        """The page of one act; a valid POST does it and leads back to the record."""
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[record.pk])
        with timezone.override(record.tenant.zone):
            form = form_class(record, request.POST if request.method == "POST" else None)
            impossible = form.impossible()
            if request.method == "POST" and not impossible and form.is_valid():
                actor = request.user if isinstance(request.user, User) else None
                messages.success(request, f"{form.act(actor)} {SENT_ON}")
                return redirect(back)
            reply = self.page(
                request,
                "admin/reconciliation/act.html",
                record,
                title=form.title,
                record=record,
                form=form,
                impossible=impossible,
                back=back,
            )
            return reply.render()
