"""A log line says what it is about, and ends where the work on it ends."""

import json
import logging
from threading import Thread

import pytest

from portal.logs import about
from portal.middleware import request_id
from portal.threads import Pool
from tests.leaks import KeptLog

log = logging.getLogger("portal.test")


def lines(text):
    return [json.loads(line) for line in text.getvalue().splitlines()]


def test_ids_end_with_their_block_even_if_it_fails():
    with KeptLog() as kept:
        with pytest.raises(ZeroDivisionError), about(run_id=7):
            1 / 0  # noqa: B018  # the failure
        log.warning("after")
    assert "run_id" not in lines(kept)[0]


def test_an_id_never_takes_the_place_of_what_a_line_says():
    with KeptLog() as kept, about(run_id=7):
        log.warning("client_secret=abc run_id=8")
    (line,) = lines(kept)
    assert (line["run_id"], line["message"]) == (7, "client_secret=[hidden] run_id=8")


def test_blocks_within_blocks_add_their_ids_and_the_request_keeps_its_own():
    token = request_id.set("a-request")
    with KeptLog() as kept, about(connection_id=3):
        with about(run_id=7):
            log.warning("inner")
        log.warning("outer")
    request_id.reset(token)
    inner, outer = lines(kept)
    assert (inner["request_id"], inner["connection_id"], inner["run_id"]) == ("a-request", 3, 7)
    assert (outer["connection_id"], "run_id" in outer) == (3, False)


def test_threads_of_a_pool_log_under_the_ids_of_whoever_gave_them_the_work():
    with KeptLog() as kept, Pool(1) as pool:
        for number in (1, 2):
            with about(run_id=number):
                pool.submit(log.warning, "from run %s", number).result()
        stranger = Thread(target=log.warning, args=("from elsewhere",))
        with about(run_id=3):
            stranger.start()
            stranger.join()
    assert [line.get("run_id") for line in lines(kept)] == [1, 2, None]
