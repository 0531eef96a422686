"""A dry run asks SYSPRO what it would say of an AP invoice, and posts nothing."""

import pytest

from integrations.models import Delivery
from tests.integrations.pages import at, words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(books) -> Delivery:
    """An AP invoice that SYSPRO has refused, since its period is closed."""
    books.map_all()
    books.install()
    books.sy.close_period()
    books.cycle()
    return Delivery.objects.filter(entity="ap_invoice", state=Delivery.State.NEEDS_PERSON).first()


def tried(client, delivery) -> str:
    return words(client.get(at("delivery_dry_run", delivery.pk)))


def test_what_syspro_would_refuse_is_said_without_posting(books, waiting, client_for, owner):
    said = tried(client_for(owner), waiting)
    assert "0 would be created" in said
    assert "SYSPRO would refuse it." in said
    assert "period" in said.partition("would refuse it.")[2]
    assert books.posted() == {}


def test_what_it_would_take_is_said_and_still_not_posted(books, waiting, client_for, owner):
    books.sy.open_period()
    said = tried(client_for(owner), waiting)
    assert "1 would be created" in said
    assert "SYSPRO has checked it and would take it." in said
    assert books.posted() == {}


def test_an_outsider_cannot_try_it(waiting, client_for, outsider):
    assert client_for(outsider).get(at("delivery_dry_run", waiting.pk)).status_code == 404
