"""The people and merchants every test can ask for: owner, colleague and outsider."""

import tests.environment

# isort: split

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase

from integrations.connectors.registry import CONNECTORS
from portal.models import Partner, Role, RoleGrant, Tenant, User
from tests.attacks.counts import (
    count,  # noqa: F401  # a fixture
    pytest_terminal_summary,  # noqa: F401  # a hook
)
from tests.emptying import Emptying

assert tests.environment, "it loads Django, so it is imported first"


LONG = ("slow", "cluster", "browser")
WIDE = 1000.0
"""Calls a second."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a long test come first: else one worker begins it at the end, and the others have nothing left to do.

    What says how much it tried (`count`) is an attack, wherever it stands.
    """
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)
    for item in items:
        if "count" in getattr(item, "fixturenames", ()):
            item.add_marker("attack")


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through it for garbage again and again took a fifth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The database as pytest-django makes it, emptied in a quicker way after each test that commits."""
    emptying = Emptying()

    def end(test: TransactionTestCase) -> None:
        emptying.end(test)

    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "postgresql":  # a test's database need not outlive a power cut
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")
            connection.close()  # the next one begins with it
        emptying.begin()
        patch.setattr(TransactionTestCase, "_fixture_teardown", end)
        yield
        if connection.vendor == "postgresql":
            end_other_sessions()


def end_other_sessions() -> None:
    """What a test has killed may not have let go yet, and no database is dropped while a session holds on to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def wide_quotas() -> Iterator[None]:
    """Calls from this process need not wait for their turn; what keeps a limit is asked with one of the test's own."""
    wide = {name: replace(spec, rate=WIDE) for name, spec in CONNECTORS.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, spec in wide.items():
            patch.setitem(CONNECTORS, name, spec)
        yield


@pytest.fixture(autouse=True)
def quick_settings(settings):
    """Cheap password hashes: a real one costs more than most tests. A cache of this process alone, empty.

    Log-ins without a second factor, and nobody is asked again who they are; `strict` in tests/portal switches both on.
    """
    settings.MFA_REQUIRED, settings.CONFIRM_AFTER = False, timedelta(0)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def make_user(username: str, **names: str) -> User:
    return User.objects.create_user(username, f"{username}@example.com", f"{username}-password", **names)


@pytest.fixture
def partner(db) -> Partner:
    return Partner.objects.create(name="Blue Ridge Integrations", slug="blue-ridge")


@pytest.fixture
def tenant(partner: Partner) -> Tenant:
    return Tenant.objects.create(partner=partner, name="Hartwell Plumbing", slug="hartwell")


@pytest.fixture
def owner(partner: Partner) -> User:
    """Partner staff of the tenant's partner."""
    user = make_user("owner", first_name="Olive", last_name="Owner")
    RoleGrant.objects.create(user=user, role=Role.PARTNER_STAFF, partner=partner)
    return user


@pytest.fixture
def colleague(tenant: Tenant) -> User:
    """A support agent who sees this tenant and nothing else."""
    user = make_user("colleague", first_name="Carl", last_name="Colleague")
    RoleGrant.objects.create(user=user, role=Role.SUPPORT, tenant=tenant)
    return user


@pytest.fixture
def viewer(tenant: Tenant) -> User:
    user = make_user("viewer")
    RoleGrant.objects.create(user=user, role=Role.VIEWER, tenant=tenant)
    return user


@pytest.fixture
def finance(tenant: Tenant) -> User:
    user = make_user("finance")
    RoleGrant.objects.create(user=user, role=Role.FINANCE, tenant=tenant)
    return user


@pytest.fixture
def other_partner(db) -> Partner:
    return Partner.objects.create(name="Outside Partners", slug="outside")


@pytest.fixture
def other_tenant(other_partner: Partner) -> Tenant:
    return Tenant.objects.create(partner=other_partner, name="Elsewhere Heating", slug="elsewhere")


@pytest.fixture
def outsider(other_partner: Partner, other_tenant: Tenant) -> User:
    """Partner staff of another partner, with a tenant of its own."""
    user = make_user("outsider", first_name="Otto", last_name="Outsider")
    RoleGrant.objects.create(user=user, role=Role.PARTNER_STAFF, partner=other_partner)
    return user


@pytest.fixture
def platform_admin(db) -> User:
    user = make_user("admin", first_name="Ada", last_name="Admin")
    RoleGrant.objects.create(user=user, role=Role.PLATFORM_ADMIN)
    return user


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """`client_for(user)`: a browser in which that person is logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in
