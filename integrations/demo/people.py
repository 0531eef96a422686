"""The demo's partner and one person for each role."""

from dataclasses import dataclass
from typing import Any

from integrations.demo.state import State
from portal.models import Partner, Role, RoleGrant, Tenant, User

PARTNER_SLUG, PARTNER_NAME = "blue-ridge", "Blue Ridge Integrations"


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    first_name: str
    last_name: str
    role: Role
    may: str


PEOPLE = (
    Person("admin", "Ada", "Okafor", Role.PLATFORM_ADMIN, "everything on this portal"),
    Person("partner", "Piet", "Lindqvist", Role.PARTNER_STAFF, "onboards and configures merchants"),
    Person("support", "Sofia", "Marsh", Role.SUPPORT, "settles conflicts, merges, retries"),
    Person("finance", "Femi", "Castellano", Role.FINANCE, "reads and exports"),
    Person("viewer", "Vera", "Nakamura", Role.VIEWER, "reads"),
)


def ensure_partner() -> Partner:
    return Partner.objects.get_or_create(slug=PARTNER_SLUG, defaults={"name": PARTNER_NAME})[0]


def ensure_people(state: State, tenant: Tenant) -> None:
    """One person for each role, with the password that the state remembers."""
    for person in PEOPLE:
        user, _ = User.objects.get_or_create(
            username=person.username,
            defaults={
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": f"{person.username}@example.com",
            },
        )
        if not user.check_password(state.password(person.username)):
            user.set_password(state.password(person.username))
            user.save()
        RoleGrant.objects.get_or_create(user=user, role=person.role, **_target(person.role, tenant))


def _target(role: Role, tenant: Tenant) -> dict[str, Any]:
    """What the role is held on: nothing, the partner, or the merchant alone."""
    if role == Role.PLATFORM_ADMIN:
        return {"partner": None, "tenant": None}
    if role == Role.PARTNER_STAFF:
        return {"partner": tenant.partner, "tenant": None}
    return {"partner": None, "tenant": tenant}


def table(state: State) -> str:
    """The log-ins, for a person."""
    rows = [("Role", "User", "Password", "May")]
    rows += [(str(p.role.label), p.username, state.password(p.username), p.may) for p in PEOPLE]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]  # four texts, like the others
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line.rstrip()}" for line in lines)
