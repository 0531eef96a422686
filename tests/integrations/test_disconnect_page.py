"""The disconnect page: exact numbers, a name to type, progress, and what is left to do at the source."""

import pytest

from integrations import disconnecting
from integrations.models import Disconnection
from reconciliation.models import Customer
from tests.integrations.pages import at, said, words
from tests.integrations.syncs import sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(owner, client_for):
    return client_for(owner)


@pytest.fixture
def page(connection):
    return at("connection_disconnect", connection.pk)


def shown_on(browser, page):
    return browser.get(page).context["shown"]


def work_all():
    for ended in Disconnection.objects.filter(finished_at=None):
        while disconnecting.work(ended.pk) is False:
            pass


def test_who_may_not_configure_gets_no_page(connection, colleague, client_for, page):
    assert client_for(colleague).get(page).status_code == 403
    assert client_for(colleague).post(page, {"mode": "wipe", "name": "Hartwell Plumbing"}).status_code == 403
    assert not Disconnection.objects.exists()


def test_a_wrong_name_is_refused_at_its_field_and_changes_nothing(browser, page, connection):
    reply = browser.post(page, {"mode": "wipe", "name": "Hartwel", "shown": shown_on(browser, page)})
    assert "exactly as it is written" in words(reply)
    connection.refresh_from_db()
    assert connection.status == "connected"


def test_no_choice_is_asked_for(browser, page):
    reply = browser.post(page, {"name": "Hartwell Plumbing", "shown": shown_on(browser, page)})
    assert "Choose whether to keep or to wipe." in words(reply)


def test_numbers_that_moved_since_they_were_shown_are_shown_again(browser, page, connection):
    seen = shown_on(browser, page)
    sync(connection, "customer")
    reply = browser.post(page, {"mode": "wipe", "name": "Hartwell Plumbing", "shown": seen})
    assert "Look at the numbers again" in words(reply)
    assert not Disconnection.objects.exists()


def test_keeping_shows_the_numbers_before_and_after(browser, page, connection):
    sync(connection, "customer")
    assert "Customers 12 12 0" in words(browser.get(page))
    reply = browser.post(
        page, {"mode": "keep", "name": "Hartwell Plumbing", "shown": shown_on(browser, page)}
    )
    assert "its credentials are destroyed" in said(reply)
    assert "Freezing" in words(browser.get(page))
    work_all()
    text = words(browser.get(page))
    assert "Customers 12 12" in text and "no longer synced" in text and "API Application Access" in text
    live = browser.get(at("connection_disconnect_live", connection.pk))
    assert live.headers["X-Refresh"] == "done"
    assert Customer.objects.count() == 12


def test_what_was_kept_is_wiped_from_the_same_page(browser, page, connection):
    sync(connection, "customer")
    browser.post(page, {"mode": "keep", "name": "Hartwell Plumbing", "shown": shown_on(browser, page)})
    work_all()
    later = f"{page}?wipe"
    browser.post(later, {"mode": "wipe", "name": "Hartwell Plumbing", "shown": shown_on(browser, later)})
    work_all()
    assert "Wiped" in words(browser.get(page))
    assert not Customer.objects.exists()
