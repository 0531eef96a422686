"""When somebody is to come who was wished for with a sale. 21 November 2026 is a Saturday."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.booking.asked import FARTHEST, LONGEST_WINDOW
from integrations.booking.wishes import Usual, window

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def test_without_a_wish_it_is_the_next_working_day_in_the_usual_hours():
    assert window(None, None, Usual(), NOW, ZONE) == (at(23, 9), at(23, 12), "")
    assert window(None, None, Usual(days=4, from_hour=13, until_hour=17), NOW, ZONE)[:2] == (
        at(26, 13),
        at(26, 17),
    )


def test_a_wish_that_is_over_is_told_and_the_next_working_day_taken():
    start, end, wish = window(at(20, 9), at(20, 11), Usual(), NOW, ZONE)
    assert (start, end) == (at(23, 9), at(23, 12))
    assert wish == "Wanted: Fri 20 Nov 2026 09:00 to Fri 20 Nov 2026 11:00"


def test_times_are_kept():
    assert window(at(25, 14), at(25, 16), Usual(), NOW, ZONE) == (at(25, 14), at(25, 16), "")


def test_a_time_alone_is_when_the_window_begins():
    assert window(at(25, 14), None, Usual(), NOW, ZONE) == (at(25, 14), at(25, 17), "")


@pytest.mark.parametrize("day", [at(25, 0), datetime(2026, 11, 25, tzinfo=UTC)], ids=["there", "in UTC"])
def test_a_day_is_that_day_in_the_usual_hours(day):
    assert window(day, None, Usual(), NOW, ZONE) == (at(25, 9), at(25, 12), "")


def test_some_time_within_days_is_the_first_and_the_rest_is_told():
    start, end, wish = window(at(25, 0), at(28, 0), Usual(), NOW, ZONE)
    assert (start, end, wish) == (at(25, 9), at(25, 12), "Wanted: Wed 25 Nov 2026 to Sat 28 Nov 2026")


def test_a_wish_for_later_today_is_kept_and_one_for_this_morning_is_for_the_next_working_day():
    assert window(at(21, 13), at(21, 15), Usual(), NOW, ZONE)[:2] == (at(21, 13), at(21, 15))
    late = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert window(at(21, 8), None, Usual(), late, ZONE)[:2] == (at(23, 9), at(23, 12))


times = st.one_of(
    st.none(), st.datetimes(datetime(2020, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
)


@given(times, times, st.integers(-5, 99), st.integers(-5, 30), st.integers(-5, 30))
def test_whatever_is_wished_and_set_the_window_can_be_booked(wanted, until, days, begin, end):
    start, stop, _ = window(wanted, until, Usual(days, begin, end), NOW, ZONE)
    assert stop > NOW
    assert timedelta() < stop - start <= LONGEST_WINDOW
    assert start - NOW <= FARTHEST
