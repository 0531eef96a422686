"""Who may do what to whose data: the one place that decides.

A grant gives a person a role on the platform, on a partner (all its tenants) or on one tenant. A role allows
actions (`ALLOWED`). Everything else asks here: pages, autocompletes, exports, the API and commands.

    access = access_of(request.user)
    access.may(Action.RESOLVE, conflict.tenant)       # one tenant
    access.scope(Run.objects.all())                   # only rows the person may see
    access.tenants(Action.EXPORT)                     # the tenants where the person may export
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Model, Q, QuerySet

from portal.models import AuditEntry, Partner, Role, RoleGrant, Tenant, User

Row = TypeVar("Row", bound=Model)


class Action(StrEnum):
    """What a role may allow. Everything but PLATFORM is asked about a tenant."""

    VIEW = "view"
    """see records, runs, connections (never secrets)"""
    CONFIGURE = "configure"
    """change the tenant, its connections, rules, mappings and scope"""
    RUN = "run"
    """test a connection, start, cancel and retry syncs"""
    RESOLVE = "resolve"
    """settle conflicts, merge and split records, correct a record by hand"""
    BOOK = "book"
    """book jobs for customers, new ones too"""
    EXPORT = "export"
    """take records out as files"""
    AUDIT = "audit"
    """read the audit trail"""
    MANAGE_PEOPLE = "manage_people"
    """invite people and give them support, finance and viewer roles"""
    PLATFORM = "platform"
    """handle partners, platform roles and everything that belongs to no tenant"""


ALLOWED: dict[str, frozenset[Action]] = {
    Role.PLATFORM_ADMIN: frozenset(Action),
    Role.PARTNER_STAFF: frozenset(Action) - {Action.PLATFORM},
    Role.SUPPORT: frozenset({Action.VIEW, Action.RUN, Action.RESOLVE, Action.BOOK, Action.AUDIT}),
    Role.FINANCE: frozenset({Action.VIEW, Action.EXPORT}),
    Role.VIEWER: frozenset({Action.VIEW}),
}

TENANT_PATHS: dict[type[Model], str] = {}
"""How rows lead to their tenant where that is not a field `tenant`; filled by the admins (`tenant_path`)."""


def access_of(user: AbstractBaseUser | AnonymousUser) -> "Access":
    """What this person may do. Read once and kept on the user object, which lives as long as a request."""
    if not isinstance(user, User):
        return Access(None)
    if user.access_cache is None:
        user.access_cache = Access(user)
    return user.access_cache


class Access:
    """One person's grants. Two queries at most, however many questions are asked."""

    def __init__(self, user: User | None) -> None:
        self.user = user if user is not None and user.is_active else None

    @cached_property
    def grants(self) -> list[RoleGrant]:
        return list(RoleGrant.objects.filter(user=self.user).order_by()) if self.user else []

    @cached_property
    def is_platform_admin(self) -> bool:
        """True for Django's superusers too, so that `createsuperuser` gives a first person a way in."""
        if self.user is None:
            return False
        return self.user.is_superuser or any(grant.role == Role.PLATFORM_ADMIN for grant in self.grants)

    @property
    def may_enter(self) -> bool:
        """Anyone with a role may log in to the admin."""
        return self.is_platform_admin or bool(self.grants)

    def may(self, action: Action, tenant: Tenant | int | None) -> bool:
        """May this person do `action` to that tenant (an object, or its id)? None is a row without a tenant."""
        if self.is_platform_admin:
            return True
        if tenant is None or not self.may_somewhere(action):
            return False
        if isinstance(tenant, Tenant):
            return any(
                tenant.pk == grant.tenant_id or tenant.partner_id == grant.partner_id
                for grant in self._grants_for(action)
            )
        return tenant in self.tenant_ids(action)

    def may_somewhere(self, action: Action) -> bool:
        """Is there any tenant, or partner, where this person may do it? For menus, buttons and empty lists."""
        return self.is_platform_admin or any(self._grants_for(action))

    def may_partner(self, action: Action, partner: Partner | int | None) -> bool:
        """May this person do `action` to all of a partner's tenants, those still to come included?"""
        pk = partner.pk if isinstance(partner, Partner) else partner
        return self.is_platform_admin or (pk is not None and pk in self._partner_ids(action))

    def may_whole_partner(self, action: Action) -> bool:
        """Is there any partner where this person may do it to all tenants? Asked before a tenant is added."""
        return self.is_platform_admin or bool(self._partner_ids(action))

    def tenants(self, action: Action = Action.VIEW) -> QuerySet[Tenant]:
        """The tenants where this person may do it."""
        if self.is_platform_admin:
            return Tenant.objects.all()
        own = [grant.tenant_id for grant in self._grants_for(action) if grant.tenant_id]
        return Tenant.objects.filter(Q(pk__in=own) | Q(partner__in=self._partner_ids(action)))

    def tenant_ids(self, action: Action = Action.VIEW) -> frozenset[int]:
        """The ids of `tenants(action)`. Numbers, not a subquery: planners then use the (tenant, …) indexes."""
        key = frozenset((grant.partner_id, grant.tenant_id) for grant in self._grants_for(action))
        if key not in self._ids:  # most actions share their grants, and so their query
            self._ids[key] = frozenset(self.tenants(action).order_by().values_list("pk", flat=True))
        return self._ids[key]

    def partners(self, action: Action = Action.VIEW) -> QuerySet[Partner]:
        """The partners that this person holds such a role on as a whole."""
        if self.is_platform_admin:
            return Partner.objects.all()
        return Partner.objects.filter(pk__in=self._partner_ids(action))

    def people(self) -> QuerySet[User]:
        """Those whom this person manages: whoever has a role on one of the tenants or partners in question."""
        if self.is_platform_admin:
            return User.objects.all()
        return User.objects.filter(pk__in=self.grants_managed().values("user"))

    def grants_managed(self) -> QuerySet[RoleGrant]:
        """The grants on tenants and partners whose people this person manages."""
        if self.is_platform_admin:
            return RoleGrant.objects.all()
        action = Action.MANAGE_PEOPLE
        return RoleGrant.objects.filter(
            Q(tenant__in=self.tenant_ids(action)) | Q(partner__in=self._partner_ids(action))
        )

    def scope(
        self, rows: QuerySet[Row], path: str | None = None, action: Action = Action.VIEW
    ) -> QuerySet[Row]:
        """`rows` narrowed to tenants where the person may do `action`.

        `path` leads from a row to its tenant ("tenant", "connection__tenant", "" for tenants themselves);
        None looks it up by the model and raises ImproperlyConfigured where nobody said.
        """
        if self.is_platform_admin:
            return rows
        if rows.model is Partner:
            return rows.filter(pk__in=self.partners(action).values("pk"))
        if rows.model is User:
            return rows.filter(pk__in=self.people().values("pk"))
        path = tenant_path_of(rows.model) if path is None else path
        return rows.filter(**{f"{path or 'pk'}__in": self.tenant_ids(action)})

    def trail(self, entries: QuerySet[AuditEntry], action: Action = Action.AUDIT) -> QuerySet[AuditEntry]:
        """Audit entries of this person's tenants, of whole partners, and log-ins of the people they manage."""
        if self.is_platform_admin:
            return entries
        log_ins = Q(
            tenant=None, partner=None, action__startswith="log_in", actor__in=self.people().values("pk")
        )
        return entries.filter(
            Q(tenant__in=self.tenant_ids(action))
            | Q(tenant=None, partner__in=self._partner_ids(action))
            | (log_ins if self.may_somewhere(Action.MANAGE_PEOPLE) else Q(pk__in=[]))
        )

    @cached_property
    def _ids(self) -> dict[frozenset[tuple[int | None, int | None]], frozenset[int]]:
        return {}

    def _grants_for(self, action: Action) -> Iterable[RoleGrant]:
        return (grant for grant in self.grants if action in ALLOWED[grant.role])

    def _partner_ids(self, action: Action) -> frozenset[int]:
        return frozenset(grant.partner_id for grant in self._grants_for(action) if grant.partner_id)


def tenant_path_of(model: type[Model]) -> str:
    """How a row of `model` leads to its tenant, as a lookup ("" for the tenant itself)."""
    if model in TENANT_PATHS:
        return TENANT_PATHS[model]
    if model is Tenant:
        return ""
    try:
        model._meta.get_field("tenant")
    except FieldDoesNotExist:
        raise ImproperlyConfigured(
            f"Nobody said how {model._meta.label} leads to its tenant: register a TenantAdmin with tenant_path, "
            "or add it to portal.access.TENANT_PATHS."
        ) from None
    return "tenant"


def tenant_of(row: Model, path: str | None = None) -> Tenant | None:
    """The tenant a row belongs to, or None while that is not known (a new row, a row without tenant)."""
    value: Any = row
    for part in filter(None, (tenant_path_of(row._meta.model) if path is None else path).split("__")):
        value = getattr(value, part, None)
    return value
