"""Named boundaries: each commit and each outside call has one, and a process that is to dies there and nowhere else."""

import ast
import sys
import types

import pytest
from django.conf import settings
from django.db import transaction

from integrations import leases
from integrations.models import SyncRule
from integrations.torture import boundaries
from integrations.torture.boundaries_in_code import BEYOND, commits, places
from integrations.work import work
from tests.integrations.processes import manage

pytestmark = pytest.mark.django_db(transaction=True)

CODE = """
from django.db import transaction
from portal.models import Partner

def plain():
    with transaction.atomic():
        Partner.objects.create(name="P", slug="p")

@transaction.atomic
def decorated():
    Partner.objects.all().delete()

class Kept:
    def method(self):
        def inner():
            with transaction.atomic():
                Partner.objects.update(name="Q")
        inner()
"""


@pytest.fixture
def hooks(monkeypatch):
    """What a test puts in is taken out again."""
    from django.core.mail import EmailMessage
    from django.db import connection
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created

    from integrations.connectors.transport import Transport
    from integrations.webhooks import addresses

    for owner, name in (
        (BaseDatabaseWrapper, "commit"),
        (Transport, "exchange"),
        (addresses, "post"),
        (EmailMessage, "send"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    receivers, wrappers = list(connection_created.receivers), list(connection.execute_wrappers)
    yield
    connection_created.receivers[:] = receivers
    connection_created.sender_receivers_cache.clear()
    connection.execute_wrappers[:] = wrappers


def test_a_pull_passes_a_boundary_before_and_after_each_commit_and_each_call(hooks, connection):
    with boundaries.noted() as passed:
        work(connection.rules.get(entity="technician").pk)
    for name in (
        "commit@integrations.leases.take",
        "commit@integrations.pull.Pull._begin",
        "call@integrations.reading._Ahead._fetch",
        "commit@integrations.pull.Pull._write",
        "commit@integrations.leases.release",
    ):
        assert f"before-{name}" in passed
        assert passed.index(f"before-{name}") < passed.index(f"after-{name}")
    assert all("@" in name for name in passed)


def test_the_code_is_read_as_it_is_met(hooks, monkeypatch):
    """What the list says of a place is what the boundary there is called."""
    module = types.ModuleType("portal.made_up")
    monkeypatch.setitem(sys.modules, "portal.made_up", module)
    exec(CODE, module.__dict__)  # noqa: S102  # ours
    with boundaries.noted() as passed:
        module.plain()
        module.decorated()
        module.Kept().method()
    listed = {f"portal.made_up.{name}" for name, _ in places(ast.parse(CODE))}
    assert listed == {name.partition("@")[2] for name in passed}
    assert listed == {"portal.made_up.plain", "portal.made_up.decorated", "portal.made_up.Kept.method"}


def test_within_a_transaction_nothing_commits(hooks, connection):
    with boundaries.noted() as passed, transaction.atomic():
        leases.take(connection.rules.first().pk)
    assert passed == []


def test_a_process_dies_at_the_boundary_that_it_is_told(tenant, connection):
    fault = "after-commit@integrations.leases.take:1"
    process = manage("sync", tenant.slug, "--entity", "technician", FAULT=fault)
    process.communicate(timeout=60)
    assert process.returncode == boundaries.DIED
    assert SyncRule.objects.get(entity="technician", connection=connection).lease_until is not None


def test_a_hunt_dies_at_each_place_so_often_and_lets_the_rest_pass(tmp_path, monkeypatch):
    died = []
    monkeypatch.setattr("os._exit", died.append)
    hunt = boundaries.Hunt(tmp_path, times=2, seed=1)
    for _ in range(6):
        hunt("before-commit@here")
    assert died
    for seed in range(2, 9):
        another = boundaries.Hunt(tmp_path, times=2, seed=seed)
        for _ in range(3):
            another("before-commit@here")
    met = len(died)
    assert hunt.missing() == {}
    boundaries.Hunt(tmp_path, times=2, seed=99)("before-commit@here")
    assert len(died) == met


def test_every_place_that_commits_is_died_at_or_said_why_not():
    """A new `atomic` belongs to the torture, or into `BEYOND` with its reason."""
    known = {
        line
        for line in (settings.BASE_DIR / "integrations/torture/boundaries.txt").read_text().split()
        if line
    }
    died_at = {name.partition("@")[2] for name in known}
    found = set(commits())
    assert found - died_at - set(BEYOND) == set()
    assert set(BEYOND) - found == set(), "these are gone"
    assert set(BEYOND) & died_at == set(), "these are reached"
    calls = {name.partition("@")[0] for name in known}
    assert calls == {"before-commit", "after-commit", "before-call", "after-call"}
