"""Cursors: what is read next, what was seen before, and where a reading goes on after any interruption."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest

from integrations import reading
from integrations.connectors.base import Page
from integrations.connectors.entity import Entity
from integrations.connectors.errors import RemoteError, Who

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = Entity("job_type", "s", (), path="/list")
BOTH = Entity("customer", "s", (), path="/list", feed="/feed")
FEED = Entity("note", "s", (), feed="/feed")
WHOLE = Entity("payment_type", "s", (), path="/list", modified_filter=False)


def stamp(minutes):
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def row(key, minutes=0):
    return {"id": key, "modifiedOn": stamp(minutes)}


class Remote:
    """A list in the order of ids, and a feed in the order of changes; `delay` seconds by page number."""

    def __init__(self, rows, delay=lambda page: 0.0, total=True):
        self.rows, self.delay, self.total = {found["id"]: found for found in rows}, delay, total
        self.pages, self.feeds, self.flying, self.most_flying = [], [], 0, 0
        self.broken = set()
        self._lock = Lock()

    def list_page(self, entity, page, size, *, modified_since=None, with_total=False):
        with self._lock:
            self.pages.append(page)
            self.flying += 1
            self.most_flying = max(self.most_flying, self.flying)
        try:
            time.sleep(self.delay(page))
            if page in self.broken:
                raise RemoteError(Who.RETRY_LATER, "server_error", "broken")
            found = [
                self.rows[key]
                for key in sorted(self.rows)
                if modified_since is None
                or datetime.fromisoformat(self.rows[key]["modifiedOn"]) >= modified_since
            ]
            start = (page - 1) * size
            total = len(found) if with_total and self.total else None
            return Page(found[start : start + size], 1000, start + size < len(found), total)
        finally:
            with self._lock:
                self.flying -= 1

    def feed_page(self, entity, position, *, recent=False):
        self.feeds.append(position)
        order = sorted(self.rows.values(), key=lambda found: (found["modifiedOn"], found["id"]))
        start = int(position) if position and position.isdigit() else 0
        return Page(
            order[start : start + 2], 1000, start + 2 < len(order), None, str(min(start + 2, len(order)))
        )


def read(remote, entity, cursor, size=2, until=None):
    """Ids read and the cursor after the last page; with `until`, the reader stops after so many pages."""
    ids, steps = [], reading.steps(remote, entity, cursor, list, page_size=size)
    for number, step in enumerate((step for step in steps if step.rows is not None), start=1):
        ids += [found["id"] for found in step.rows]
        cursor = step.cursor
        if number == until:
            steps.close()
            break
    return ids, cursor


def begin(entity, cursor=None, minutes=0, full=False):
    return reading.start(entity, cursor or {}, NOW + timedelta(minutes=minutes), full=full)


def test_the_first_reading_of_a_list_gives_every_row_in_order():
    remote = Remote([row(key) for key in range(1, 8)])
    assert read(remote, LIST, begin(LIST))[0] == list(range(1, 8))
    assert sorted(remote.pages) == [1, 2, 3, 4], "no page is asked for twice or in vain"


def test_a_list_of_unknown_length_is_read_to_its_end():
    remote = Remote([row(key) for key in range(1, 8)], total=False)
    assert read(remote, LIST, begin(LIST))[0] == list(range(1, 8))


def test_an_empty_list_is_read_once_and_polled_from_then_on():
    remote = Remote([])
    ids, cursor = read(remote, LIST, begin(LIST))
    assert (ids, cursor["phase"], len(remote.pages)) == ([], "poll", 1)


def test_a_reading_stopped_in_the_middle_goes_on_after_its_last_page():
    remote = Remote([row(key) for key in range(1, 12)])
    first, cursor = read(remote, BOTH, begin(BOTH), until=3)
    rest, _ = read(remote, BOTH, begin(BOTH, cursor, minutes=60))
    assert first + rest == list(range(1, 12))


def test_the_time_a_reading_began_outlives_a_restart():
    """What changed between the first page and the restart must still be asked for in the end."""
    remote = Remote([row(key) for key in range(1, 6)])
    _, cursor = read(remote, BOTH, begin(BOTH), until=1)
    _, cursor = read(remote, BOTH, begin(BOTH, cursor, minutes=600))
    assert cursor == {"phase": "feed", "position": stamp(-20)}


def test_a_page_size_that_changed_meanwhile_holds_from_the_next_reading_on():
    remote = Remote([row(key) for key in range(1, 12)])
    first, cursor = read(remote, BOTH, begin(BOTH), size=3, until=1)
    rest, _ = read(remote, BOTH, begin(BOTH, cursor), size=5)
    assert first + rest == list(range(1, 12))


def test_the_next_look_is_inclusive_and_drops_what_was_seen_at_the_boundary():
    remote = Remote([row(1, -90), row(2, -60), row(3, -60)])
    _, cursor = read(remote, LIST, begin(LIST))
    assert cursor["since"] == stamp(-60).replace("Z", "+00:00")
    remote.rows[4] = row(4, -60)
    ids, cursor = read(remote, LIST, begin(LIST, cursor, minutes=10))
    assert ids == [4], "a row of the boundary's own moment that came to light later"
    assert read(remote, LIST, begin(LIST, cursor, minutes=20))[0] == []


def test_500_rows_of_one_moment_over_many_pages_are_each_read_once():
    remote = Remote([row(key, -30) for key in range(500)])
    ids, cursor = read(remote, LIST, begin(LIST), size=50)
    assert ids == list(range(500))
    remote.rows[500] = row(500, -30)
    assert read(remote, LIST, begin(LIST, cursor, minutes=10), size=50)[0] == [500]


def test_a_row_seen_before_and_changed_since_is_read_again():
    remote = Remote([row(1, -30), row(2, -30)])
    _, cursor = read(remote, LIST, begin(LIST))
    remote.rows[1] = row(1, -10)
    assert read(remote, LIST, begin(LIST, cursor, minutes=5))[0] == [1]


def test_rows_changed_while_a_list_is_read_are_in_the_next_look():
    remote = Remote([row(key, -600) for key in range(1, 9)])
    _, cursor = read(remote, LIST, begin(LIST), until=2)
    for key in (1, 2, 8):
        remote.rows[key] = row(key, 1)
    _, cursor = read(remote, LIST, begin(LIST, cursor, minutes=3))
    ids, _ = read(remote, LIST, begin(LIST, cursor, minutes=6))
    assert {1, 2} <= set(ids)


def test_a_remote_clock_ahead_of_ours_loses_nothing():
    remote = Remote([row(1, +30)])
    _, cursor = read(remote, LIST, begin(LIST))
    remote.rows[2] = row(2, +1)
    assert read(remote, LIST, begin(LIST, cursor, minutes=2))[0] == [2]


def test_the_first_row_of_an_empty_list_is_read_though_the_remote_clock_is_five_minutes_behind():
    remote = Remote([])
    _, cursor = read(remote, LIST, begin(LIST))
    remote.rows[1] = row(1, +1 - 5)
    assert read(remote, LIST, begin(LIST, cursor, minutes=2))[0] == [1]


def test_a_list_that_cannot_be_asked_for_changes_is_read_whole_each_time():
    remote = Remote([row(1), row(2), row(3)])
    ids, cursor = read(remote, WHOLE, begin(WHOLE))
    assert (ids, cursor) == ([1, 2, 3], {"phase": "again"})
    assert read(remote, WHOLE, begin(WHOLE, cursor))[0] == [1, 2, 3]


def test_a_feed_goes_on_from_its_token_and_keeps_it_at_the_end():
    remote = Remote([row(key, key) for key in range(1, 6)])
    ids, cursor = read(remote, FEED, begin(FEED))
    assert (ids, cursor, remote.feeds) == (
        [1, 2, 3, 4, 5],
        {"phase": "feed", "position": "5"},
        [None, "2", "4"],
    )
    remote.rows[6] = row(6, 60)
    assert read(remote, FEED, begin(FEED, cursor))[0] == [6]


def test_a_feed_without_a_next_position_keeps_the_old_one():
    class Silent(Remote):
        def feed_page(self, entity, position, *, recent=False):
            return replace(super().feed_page(entity, position), continue_from=None, has_more=False)

    assert read(Silent([row(1)]), FEED, {"phase": "feed", "position": "7"})[1]["position"] == "7"


def test_a_full_reading_starts_at_the_beginning_whatever_the_cursor():
    for cursor in ({"phase": "feed", "position": "5"}, {"phase": "poll", "since": stamp(0), "seen": []}):
        begun = begin(BOTH, cursor, full=True)
        assert (begun["phase"], begun["page"], begun["since"]) == ("list", 1, None)
    assert begin(FEED, {"phase": "feed", "position": "5"}, full=True) == {"phase": "feed", "position": None}


def test_pages_are_handed_on_in_order_however_late_they_come():
    remote = Remote([row(key) for key in range(1, 21)], delay=lambda page: 0.05 if page % 2 else 0.0)
    assert read(remote, LIST, begin(LIST))[0] == list(range(1, 21))


def test_slow_calls_are_made_ahead_but_never_more_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(reading, "MOST_IN_FLIGHT", 4)
    remote = Remote([row(key) for key in range(1, 61)], delay=lambda page: 0.12)
    began = time.monotonic()
    assert read(remote, LIST, begin(LIST))[0] == list(range(1, 61))
    assert 2 < remote.most_flying <= 4
    assert time.monotonic() - began < 30 * 0.12


def test_large_pages_are_not_piled_up(monkeypatch):
    monkeypatch.setattr(reading, "BYTES_IN_FLIGHT", 3000)
    remote = Remote([row(key) for key in range(1, 41)], delay=lambda page: 0.12 if page > 1 else 0.2)
    read(remote, LIST, begin(LIST))
    assert remote.most_flying <= 3


def test_a_page_that_fails_ends_the_reading_after_the_pages_before_it():
    remote = Remote([row(key) for key in range(1, 12)])
    remote.broken = {3}
    ids = []
    with pytest.raises(RemoteError):
        for step in reading.steps(remote, LIST, begin(LIST), list, page_size=2):
            ids += [found["id"] for found in step.rows]
    assert ids == [1, 2, 3, 4]


def test_a_call_that_times_out_in_its_thread_is_a_failure_and_no_endless_wait():
    remote = Remote([row(key) for key in range(1, 6)])
    broken = remote.list_page

    def times_out(entity, page, size, **more):
        if page == 2:
            raise TimeoutError("the call itself")
        return broken(entity, page, size, **more)

    remote.list_page = times_out

    def all_steps():
        return list(reading.steps(remote, LIST, begin(LIST), list, page_size=2))

    with ThreadPoolExecutor(1) as pool, pytest.raises(TimeoutError, match="the call itself"):
        pool.submit(all_steps).result(timeout=5)


def test_a_reader_that_waits_long_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(reading, "SIGN_OF_LIFE", 0.02)
    remote = Remote([row(key) for key in range(1, 4)], delay=lambda page: 0.1 if page == 2 else 0.0)
    steps = list(reading.steps(remote, LIST, begin(LIST), list, page_size=2))
    assert sum(step.rows is None for step in steps) >= 2
    assert [step.cursor["page"] for step in steps if step.rows is None] == [2] * sum(
        s.rows is None for s in steps
    )


def test_stopping_in_the_middle_leaves_no_call_behind():
    remote = Remote([row(key) for key in range(1, 41)], delay=lambda page: 0.05)
    read(remote, LIST, begin(LIST), until=2)
    assert remote.flying == 0
