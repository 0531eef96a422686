"""People and the roles they hold. What a role allows is decided in `portal.access`, nowhere else."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from portal.models.tenants import Partner, Tenant

if TYPE_CHECKING:
    from portal.access import Access


class Role(models.TextChoices):
    """What a person is, on the platform, on a partner or on a tenant."""

    PLATFORM_ADMIN = "platform_admin", "Platform admin"
    PARTNER_STAFF = "partner_staff", "Partner staff"
    SUPPORT = "support", "Support agent"
    FINANCE = "finance", "Finance"
    VIEWER = "viewer", "Viewer"


class User(AbstractUser):
    """A person who logs in. Django's own permissions and groups are not used."""

    access_cache: "Access | None" = None
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)
    """How often all sessions of this person were ended; each belongs to one number."""

    class Meta:
        ordering = ["username"]
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.display_name

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session must match to go on: the password, and how often sessions were ended."""
        base: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]  # Django's own, without a stub
        text = f"{base}{self.sessions_ended}"
        return salted_hmac("portal.sessions", text, secret=secret, algorithm="sha256").hexdigest()

    @property
    def display_name(self) -> str:
        """The full name, or the user name of someone who gave none."""
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        """One or two letters for a badge."""
        return "".join(word[0] for word in self.display_name.split()[:2]).upper()


class RoleGrant(models.Model):
    """One person's role on the platform (no target), on a partner with all its tenants, or on one tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role)
    partner = models.ForeignKey(
        Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user", "role"]
        verbose_name = "role"
        verbose_name_plural = "roles"
        constraints = [
            models.CheckConstraint(
                name="role_has_its_target",
                condition=Q(role="platform_admin", partner=None, tenant=None)
                | Q(role="partner_staff", partner__isnull=False, tenant=None)
                | Q(role__in=["support", "finance", "viewer"], partner__isnull=False, tenant=None)
                | Q(role__in=["support", "finance", "viewer"], partner=None, tenant__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(partner=None, tenant=None), name="one_platform_grant"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "partner"], condition=Q(tenant=None), name="one_partner_grant"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "tenant"], condition=Q(partner=None), name="one_tenant_grant"
            ),
        ]

    def __str__(self) -> str:
        where = self.tenant or self.partner or "the platform"
        return f"{self.get_role_display()} of {where}"

    def clean(self) -> None:
        """Say in words what the check constraint enforces."""
        problem = target_problem(self.role, self.partner_id is not None, self.tenant_id is not None)
        if problem:
            raise ValidationError(problem)


def target_problem(role: str, has_partner: bool, has_tenant: bool) -> str | None:
    """What is wrong with a role's target, or None."""
    if role == Role.PLATFORM_ADMIN:
        return (
            "A platform admin has neither partner nor tenant: clear both."
            if has_partner or has_tenant
            else None
        )
    if role == Role.PARTNER_STAFF:
        return (
            None if has_partner and not has_tenant else "Partner staff belong to a partner: choose it alone."
        )
    if has_partner == has_tenant:
        return "Choose either a partner (all its tenants) or one tenant for this role."
    return None
