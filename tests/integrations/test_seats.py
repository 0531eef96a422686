"""The seat of an account that can be logged on only once: one holder among all workers, and nobody for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.clerk import on_own_connection
from integrations.connectors.errors import RemoteError, Who
from integrations.leases import LEASE
from integrations.models import Seat
from integrations.seats import SharedSeat
from tests.integrations.test_calls import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def seat(key="operator", **how):
    return SharedSeat(key, on_own_connection, **{"patience": 0.5, "sleep": lambda seconds: None, **how})


def refusal(act):
    with pytest.raises(RemoteError) as caught:
        act()
    return caught.value


def test_a_second_worker_waits_a_while_and_then_goes_back_to_the_queue():
    seat().acquire()
    waited = []
    error = refusal(seat(sleep=waited.append).acquire)
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "seat_taken", False)
    assert sum(waited) == 0.5


def test_a_second_worker_gets_it_as_soon_as_it_is_given_back():
    first = seat()
    first.acquire()
    second = seat(sleep=lambda seconds: first.release())
    second.acquire()
    second.renew()
    assert refusal(first.renew).reason == "seat_lost"


def test_a_killed_workers_seat_is_free_when_its_lease_ends(time_machine):
    killed = seat()
    killed.acquire()
    time_machine.move_to(timezone.now() + LEASE + timedelta(seconds=1), tick=False)
    heir = seat()
    heir.acquire()
    assert refusal(killed.renew).reason == "seat_lost"
    killed.release()  # not its to give back any more
    heir.renew()
    assert refusal(seat().acquire).reason == "seat_taken"


def test_a_sign_of_life_before_each_call_keeps_it(time_machine):
    start = timezone.now()
    mine = seat()
    mine.acquire()
    for minute in range(1, 5):
        time_machine.move_to(start + timedelta(minutes=minute), tick=False)
        mine.renew()
        assert refusal(seat().acquire).reason == "seat_taken"


def test_operators_have_seats_of_their_own():
    seat("one").acquire()
    seat("another").acquire()
    assert Seat.objects.count() == 2


def test_of_many_workers_at_once_one_gets_it():
    found = in_threads(6, lambda: seat(patience=0.0).acquire())
    assert sorted(type(one).__name__ for one in found) == ["NoneType"] + ["RemoteError"] * 5
