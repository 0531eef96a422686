"""What every record has, and the source that records come from."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

import orjson
from django.db import models
from django.db.models.base import ModelState

from portal.models import Tenant

if TYPE_CHECKING:
    Text = models.TextField[Any, Any]
else:
    Text = models.TextField  # generic to the type checker alone


BY_BEGINNING = ("int8_ops", "text_pattern_ops")
"""For an index of a tenant's numbers: PostgreSQL then finds those that begin with some digits, whatever its collation."""


class JSONTextField(Text):
    """JSON kept as text.

    Raw payloads, bases and diffs are read whole and never queried by member; PostgreSQL's jsonb would parse
    and compress each one on insert, which alone costs more than the rest of the row.
    """

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else orjson.loads(value)

    def to_python(self, value: Any) -> Any:
        return orjson.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value, default=str).decode()


class QuicklyRead(models.Model):
    """A model whose rows become objects without `__init__`, which takes longer than reading them does.

    They are what `Model.from_db` makes of them: columns that were not read are asked for when they are wanted. Django's
    signals of initialising are not sent; nothing listens to them.
    """  # Django 6.1 gives `from_db` one thing more, how related rows are fetched, which is not used here

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **_: Any) -> Self:
        row = cls.__new__(cls)
        row.__dict__.update(zip(field_names, values, strict=True))
        row._state = ModelState()
        row._state.adding, row._state.db = False, db
        return row

    def know(self, **related: models.Model) -> None:
        """Rows that it refers to and that are at hand: they need not be read."""
        self._state.fields_cache.update(related)


class Source(models.Model):
    """A place that records come from: a connected system, or an imported file.

    The floor above ties its connection to one source; this floor knows only the name.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="sources")
    system = models.SlugField(max_length=40, help_text="servicetitan, salesforce, syspro, stripe, file, …")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Record(QuicklyRead):
    """One golden record.

    `source_created_at` and `source_modified_at` are the times its system of record gives; `created_at` and
    `updated_at` are the portal's own. `version` grows by one with each write, so that a stale form is noticed.
    `edited_at` is when somebody here last changed it (a pull does not count), for "newest wins".
    `external_id` is its id in the source that it first came from, for lists and exports; links hold every system's.
    """

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    external_id = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    source_created_at = models.DateTimeField(null=True, blank=True)
    source_modified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True


class Address(models.Model):
    """A postal address as its source writes it; `address_key` is the form that is searched."""

    street = models.TextField(blank=True)
    unit = models.TextField(blank=True)
    city = models.TextField(blank=True)
    state = models.TextField(blank=True)
    postal_code = models.TextField(blank=True)
    country = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def address(self) -> str:
        """The address on one line, as a person reads it."""
        street = " ".join(part for part in (self.street, self.unit) if part)
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        return ", ".join(part for part in (street, self.city, region) if part)


def money(**options: Any) -> "models.DecimalField[Any, Any]":
    """An amount in the tenant's currency. Four places, so that a source's unit prices lose nothing."""
    return models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True, **options)


def new_tags() -> "models.JSONField[Any, Any]":
    """Names of tags given here that no connected system has a number for yet; `tag_ids` holds those that have one."""
    return models.JSONField(default=list, blank=True)


# No column of a record is a constraint to the database: PostgreSQL's checks of them were half of its work in a first
# sync (125 against 60 us a record). Records are written by `ingest`, `editing` and `merging` alone, which find each
# reference in the same transaction; Django's on_delete still guards deletions.


def refers_to(model: str, *, indexed: bool = False) -> "models.ForeignKey[Any, Any]":
    """A record's reference to another record; empty while the other has not arrived."""
    return models.ForeignKey(
        f"reconciliation.{model}",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=indexed,
        db_constraint=False,
    )


def belongs_to(model: str, related_name: str, **options: Any) -> "models.ForeignKey[Any, Any]":
    """A reference to the record that this one is a part of, which lists it under `related_name`."""
    return models.ForeignKey(
        f"reconciliation.{model}",
        on_delete=options.pop("on_delete", models.PROTECT),
        related_name=related_name,
        db_constraint=False,
        **options,
    )
