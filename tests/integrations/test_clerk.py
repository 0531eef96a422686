"""The thread that asks the database for many."""

from threading import Thread, current_thread

import pytest
from django.db import connection, connections

from integrations.clerk import Clerk
from portal.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(act):
    """What `act` gave, or what it raised, in a thread of its own."""
    found = []

    def run():
        try:
            found.append(act())
        except Exception as error:
            found.append(error)
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def test_what_a_question_raises_reaches_who_asked(tenant):
    with Clerk() as clerk:
        error = in_a_thread(lambda: clerk.ask(lambda: Tenant.objects.get(pk=0)))
        assert isinstance(error, Tenant.DoesNotExist)
        assert in_a_thread(lambda: clerk.ask(Tenant.objects.count)) == 1, "and the next question is answered"


def test_all_questions_are_asked_on_one_connection_which_ends_with_the_clerk(tenant):
    asked_on = []

    def question():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        asked_on.append((current_thread(), connection.connection))

    with Clerk() as clerk:
        for _ in range(3):
            in_a_thread(lambda: clerk.ask(question))
    assert len(set(asked_on)) == 1
    with pytest.raises(Exception, match="closed"):
        asked_on[0][1].cursor().execute("SELECT 1")


def test_the_main_thread_asks_by_itself_within_its_own_transaction(tenant):
    with Clerk() as clerk:
        assert clerk.ask(current_thread) is current_thread()
