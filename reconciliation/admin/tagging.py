"""Tags of a record, by name, and taking a contact away: each from the record's own page."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse

from portal.access import Action
from portal.models import User
from portal.own_pages import object_view
from reconciliation import tags
from reconciliation.admin.acting import Act, ActForm, ActingPages
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.links import entity_of


class TagsForm(ActForm):
    title, button = "Tags", "Save the tags"
    names = forms.CharField(label="Tags, with commas between them", required=False)

    def prepare(self) -> None:
        self.fields["names"].initial = ", ".join(tags.names_of(self.record))
        known = tags.tag_types(self.record.tenant_id).filter(active=True).order_by("name")
        listed = ", ".join(known.values_list("name", flat=True)[:50])
        self.fields["names"].help_text = (
            f"Known: {listed}. " if listed else ""
        ) + "Another name waits until the connected system has a tag type of that name."

    def clean_names(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["names"].split(",") if name.strip()]
        for name in names:
            if len(name) > tags.LONGEST:
                raise forms.ValidationError(f"“{name}” is longer than {tags.LONGEST} characters.")
        return names

    def act(self, actor: User | None) -> str:
        tags.set_tags(
            ENTITIES[entity_of(self.record)], self.record.pk, self.cleaned_data["names"], actor=actor
        )
        return "The tags are stored."


class TagPages(ActingPages):
    """Mixed into the admins of records that have tags."""

    acts: ClassVar[Sequence[Act]] = (Act("Tags", "tags"),)

    @object_view("tags/", action=Action.RESOLVE)
    def tags(self, request: HttpRequest, record: Any) -> HttpResponse:
        return self.acting(request, record, TagsForm)


class RemoveForm(ActForm):
    title, button, danger = "Take the contact away", "Take it away", True
    explained = "It stays here as inactive, with its history."

    def act(self, actor: User | None) -> str:
        edit(
            ENTITIES[entity_of(self.record)],
            self.record.pk,
            {"active": False},
            actor=actor,
            note="Taken away by hand",
        )
        return "The contact is taken away."


class RemovePages(ActingPages):
    """Mixed into the admin of contacts."""

    acts: ClassVar[Sequence[Act]] = (Act("Take it away", "remove"),)

    @object_view("remove/", action=Action.RESOLVE)
    def remove(self, request: HttpRequest, record: Any) -> HttpResponse:
        return self.acting(request, record, RemoveForm)
