"""The audit trail: who did what to which record.

Admin pages, log-ins and the floors above call `record`; nothing ever changes or removes an entry. Secrets reach
an entry only as the word "changed". `sentence` turns an entry into words, by the phrases that
`register_action` was given.
"""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest

from portal.access import tenant_of
from portal.logs import redact
from portal.middleware import current_request, request_id
from portal.models import AuditEntry, Partner, Tenant, User

CHANGED = "changed"
"""All that an entry ever says about a secret's value."""

Diff = dict[str, Any]
"""`{field: [old, new]}`; `{field: "changed"}` where the value is a secret."""

_SECRET_NAME = re.compile(r"password|secret|token|api_?key|app_?key|private_?key|credential", re.IGNORECASE)
_PHRASES: dict[str, str] = {}


def register_action(name: str, phrase: str) -> None:
    """Say what people read for an action: `register_action("run.started", "started a sync of {target}")`.

    `{target}` and `{note}` are filled in from the entry. An action nobody registered is read from its name:
    "sync_rule.changed" becomes "changed sync rule {target}".
    """
    _PHRASES[name] = phrase


def action_words(name: str) -> str:
    """An action in words, without its gaps: "changed sync rule …"."""
    return re.sub(r"\s*\{\w+\}", " …", _template(name)).strip()


def record(
    action: str,
    target: Model | None = None,
    *,
    actor: User | None = None,
    tenant: Tenant | None = None,
    partner: Partner | None = None,
    diff: Diff | None = None,
    note: str = "",
) -> AuditEntry:
    """Write down that `actor` (by default the person of the current request) did `action` to `target`.

    The tenant is taken from the target, the partner from the tenant, where they are not given. A request without
    a person may say who acts in `acts_as`. Runs in the caller's transaction: what is rolled back leaves no entry.
    """
    tenant = tenant or (_tenant(target) if target is not None else None)
    entry = _entry(action, target, actor, tenant, partner, diff, note)
    entry.save()
    return entry


def record_many(
    action: str,
    rows: Sequence[tuple[Model, Diff]],
    *,
    tenant_id: int,
    actor: User | None = None,
    note: str = "",
) -> None:
    """`record` of many targets of one tenant, each with its diff: in two queries."""
    if rows:
        tenant = Tenant.objects.get(pk=tenant_id)
        AuditEntry.objects.bulk_create(
            [_entry(action, target, actor, tenant, None, diff, note) for target, diff in rows]
        )


def _entry(
    action: str,
    target: Model | None,
    actor: User | None,
    tenant: Tenant | None,
    partner: Partner | None,
    diff: Diff | None,
    note: str,
) -> AuditEntry:
    request = current_request.get()
    actor = actor or _person(request)
    return AuditEntry(
        action=action,
        actor=actor,
        actor_label=(actor.display_name if actor else getattr(request, "acts_as", "Trunkline"))[:200],
        tenant=tenant,
        partner_id=tenant.partner_id if tenant and not partner else _partner_id(partner or target),
        target_type=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk or "") if target is not None else "",
        target_label=redact(str(target))[:300] if target is not None else "",
        diff=_storable(diff or {}),
        note=redact(note),
        request_id=request_id.get(),
        ip=_address(request),
    )


def phrase(entry: AuditEntry) -> str:
    """What was done, without who did it: "changed tenant Hartwell Plumbing"."""
    return _template(entry.action).format(target=entry.target_label, note=entry.note).strip()


def sentence(entry: AuditEntry) -> str:
    """An entry as people read it: "Olive Owner changed tenant Hartwell Plumbing"."""
    return f"{entry.actor_label} {phrase(entry)}"


def history_of(row: Model) -> QuerySet[AuditEntry]:
    """Everything that was done to one row, newest first."""
    return AuditEntry.objects.filter(target_type=row._meta.label_lower, target_id=str(row.pk))


def diff_of(form: forms.BaseForm) -> Diff:
    """What a valid form changes. Secret fields appear only as "changed"."""
    diff: Diff = {}
    for name in form.changed_data:
        field = form.fields[name]
        if is_secret(name, field):
            diff[name] = CHANGED
        else:
            old = _shown(field, form.get_initial_for_field(field, name))
            new = _shown(field, form.cleaned_data.get(name))
            if old != new:
                diff[name] = [old, new]
    return diff


def diff_between(old: Model | None, new: Model) -> Diff:
    """What differs between two states of one row (`old` is None for a new one)."""
    diff: Diff = {}
    for field in new._meta.concrete_fields:
        before = getattr(old, field.attname) if old is not None else None
        after = getattr(new, field.attname)
        if before == after or field.primary_key:
            continue
        diff[field.name] = CHANGED if is_secret(field.name, field) else [before, after]
    return diff


def is_secret(name: str, field: "forms.Field | Field[Any, Any] | None" = None) -> bool:
    """A field is secret when it says so (`secret = True`), or when its name does."""
    return bool(getattr(field, "secret", False) or _SECRET_NAME.search(name))


def _template(action: str) -> str:
    if action in _PHRASES:
        return _PHRASES[action]
    kind, _, verb = action.rpartition(".")
    words = " ".join(f"{verb} {kind.rpartition('.')[2]}".replace("_", " ").split())
    return words.replace("{", "").replace("}", "") + " {target}"


def _shown(field: forms.Field, value: Any) -> Any:
    """A form's value as a person reads it: the words of a choice, the name of a related row."""
    if value in (None, "", []):
        return None
    if isinstance(field, forms.ModelMultipleChoiceField):
        return sorted(str(row) for row in value)
    if isinstance(field, forms.ModelChoiceField):
        return str(value if isinstance(value, Model) else _related(field, value))
    if isinstance(field, forms.ChoiceField) and isinstance(value, str):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]  # grouped choices fall through
    return value


def _related(field: "forms.ModelChoiceField[Any]", key: Any) -> Any:
    """The row behind a choice's initial key, or the key where the row is gone."""
    try:
        return field.to_python(key)
    except forms.ValidationError:
        return key


def _storable(value: Any) -> Any:
    """`value` as JSON can hold it; every text without what looks like a credential."""
    if isinstance(value, dict):
        return {str(key): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_storable(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    try:
        return redact(value if isinstance(value, str) else DjangoJSONEncoder().default(value))
    except TypeError:
        return redact(str(value))


def _person(request: HttpRequest | None) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def _tenant(target: Model) -> Tenant | None:
    try:
        found = tenant_of(target)
    except (ImproperlyConfigured, ObjectDoesNotExist):
        return None
    return found if isinstance(found, Tenant) else None


def _partner_id(target: Model | None) -> int | None:
    return target.pk if isinstance(target, Partner) else getattr(target, "partner_id", None)


def _address(request: HttpRequest | None) -> str | None:
    return (request.META.get("REMOTE_ADDR") or None) if request is not None else None
