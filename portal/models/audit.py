"""The audit trail's tables. Entries are added by `portal.audit.record`, sealed by `portal.sealing`, and never changed."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone

from portal.models.people import User
from portal.models.tenants import Partner, Tenant


class AppendOnly(Exception):
    """Someone tried to change or remove a row of the audit trail."""

    def __init__(self) -> None:
        super().__init__("The audit trail only grows: its entries cannot be changed or removed.")


class AppendOnlyQuerySet(models.QuerySet["AuditEntry"]):
    """Refuses the ways round `save` and `delete`."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class AuditEntry(models.Model):
    """Who did what to which record, when, from where, and what it changed.

    The references are plain numbers to the database: an entry outlives the person, tenant or record it names,
    whose names it keeps in words. `diff` is `{field: [old, new]}`, secrets only as "changed".
    """

    at = models.DateTimeField("when", default=timezone.now, db_index=True)
    action = models.CharField(max_length=64, db_index=True)
    actor = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    tenant = models.ForeignKey(
        Tenant, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    partner = models.ForeignKey(
        Partner, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    target_type = models.CharField(max_length=100, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_label = models.CharField(max_length=300, blank=True)
    diff = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    ip = models.GenericIPAddressField(null=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit trail"
        indexes = [
            models.Index(fields=["tenant", "-at"], name="audit_by_tenant"),
            models.Index(fields=["target_type", "target_id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        from portal.audit import sentence

        return sentence(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class AuditSeal(models.Model):
    """An entry's place in the hash chain (see `portal.chain`). Positions begin with 1 and leave none out."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"seal {self.position} of entry {self.entry_id}"


class AuditHead(models.Model):
    """The one row that says where the chain ends, signed with SECRET_KEY: what is cut off its end is missed.

    `signed` is `position:hash:signature`; `logged_at` is when a head was last written to the log.
    """

    signed = models.CharField(max_length=160)
    sealed_at = models.DateTimeField()
    logged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.signed
