"""A test that commits leaves nothing to the next one."""

import pytest
from django.contrib.contenttypes.models import ContentType

from portal.models import RoleGrant, Tenant
from tests import emptying

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flushed(monkeypatch) -> list[object]:
    """The tests that Django's own flush was asked for."""
    asked: list[object] = []
    monkeypatch.setattr(emptying, "flush", asked.append)
    return asked


def begun() -> emptying.Emptying:
    started = emptying.Emptying()
    started.begin()
    return started


def test_rows_that_refer_to_each_other_all_go_and_content_types_stay(flushed, request):
    started = begun()
    for name in ("tenant", "colleague", "outsider"):
        request.getfixturevalue(name)
    started.end(None)
    assert not Tenant.objects.exists()
    assert not RoleGrant.objects.exists()
    assert ContentType.objects.filter(model="tenant").exists()
    assert not flushed


@pytest.mark.parametrize("act", [lambda found: found.delete(), lambda found: found.update(model="other")])
def test_what_comes_with_the_tables_is_made_anew_once_a_test_has_changed_it(flushed, act):
    started = begun()
    act(ContentType.objects.filter(model="tenant"))
    started.end("this test")
    assert flushed == ["this test"]
