"""SYSPRO's sessions: one per operator, found lost, never begun twice, ended in every outcome, and in nobody's log."""

import base64
import logging
from threading import Thread

import pytest
from werkzeug.wrappers import Response

from integrations.connectors import seats
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.seats import ProcessSeat
from integrations.connectors.syspro.session import SLOWEST_START
from integrations.connectors.transport import Limits
from integrations.sandbox.server import running
from integrations.sandbox.syspro.app import ENET, credentials
from tests.connectors.syspro_company import INVOICE, OwnSeat, bill, company, refusal

POSTS = "/Rest/Transaction/PostLD"


def calls(syspro, path):
    return sum(count for name, count in syspro.control.calls.calls.items() if name.startswith(path))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"operator_password": "wrong-one"}, "Invalid operator password"),
        ({"company_password": "wrong-one"}, "Invalid company password"),
        ({"operator": "NOBODY"}, "Invalid operator"),
    ],
)
def test_a_refused_log_on_says_what_to_correct_and_never_the_password(syspro, wrong, named):
    error = refusal(syspro.connect(**wrong).check)
    assert (error.who, error.relink) == (Who.FIX_CONFIGURATION, True)
    assert named in error.message
    assert "wrong-one" not in f"{error.message} {error.details}"


def test_a_locked_operator_is_the_administrators_to_unlock(syspro):
    syspro.control.lock_operator()
    assert refusal(syspro.connect().check).reason == "inactive_user"


def test_a_log_on_whose_reply_is_spoilt_is_tried_again_later(syspro):
    """A wrong address would answer with a page or with words; nobody has to correct anything because of noise."""
    syspro.spoil("garbage", "/Rest/Logon", count=1)
    connector = syspro.connect()
    error = refusal(connector.create, INVOICE, bill(), key="k")
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "unreadable_reply", False)
    connector.create(INVOICE, bill(), key="k")
    assert syspro.control.posted() == {"1/INV-10234": 1}


@pytest.mark.parametrize("page", ["<html>\n<body>Welcome</body>\n</html>", "It works!"])
def test_an_address_that_answers_with_something_else_is_no_session(syspro, page):
    with running(Response(page)) as elsewhere:
        error = refusal(syspro.connect(enet=elsewhere).check)
    assert (error.who, error.reason) == (Who.FIX_CONFIGURATION, "no_session")


def test_a_seat_that_is_taken_lets_nobody_log_on(syspro):
    class Taken(OwnSeat):
        def acquire(self):
            raise seats.taken()

    error = refusal(syspro.connect(seat=Taken()).create, INVOICE, bill(), key="k")
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "seat_taken", False)
    assert syspro.control.sessions.logons == 0


def test_who_has_lost_the_seat_neither_posts_nor_logs_on_again(syspro):
    seat = OwnSeat()
    connector = syspro.connect(seat=seat)
    connector.create(INVOICE, bill("A"), key="k")
    seat.error = seats.lost()
    error = refusal(connector.create, INVOICE, bill("B"), key="k")
    assert (error.reason, error.unknown) == ("seat_lost", False)
    assert (syspro.control.sessions.logons, calls(syspro, POSTS)) == (1, 1)


def test_who_gets_the_seat_back_later_logs_on_anew(syspro):
    seat = OwnSeat()
    connector = syspro.connect(seat=seat)
    connector.create(INVOICE, bill("A"), key="k")
    seat.error = seats.lost()
    refusal(connector.create, INVOICE, bill("B"), key="k")
    seat.error = None
    connector.create(INVOICE, bill("B"), key="k")
    assert (seat.calls, syspro.control.sessions.logons) == (["acquire", "renew", "acquire"], 2)


def test_a_session_lost_with_the_seat_is_not_begun_anew(syspro):
    """Whoever has the seat now has ended our session; the call that found out did not run."""

    class LostMeanwhile(OwnSeat):
        def renew(self):
            super().renew()
            if self.calls.count("renew") == 2:
                raise seats.lost()

    connector = syspro.connect(seat=LostMeanwhile())
    connector.create(INVOICE, bill("A"), key="k")
    syspro.control.expire_sessions()
    assert refusal(connector.create, INVOICE, bill("B"), key="k").reason == "seat_lost"
    assert syspro.control.sessions.logons == 1


@pytest.mark.parametrize("how", ["expired", "evicted"])
def test_a_lost_session_costs_one_log_on_and_no_posting_twice(syspro, how):
    connector = syspro.connect()
    connector.create(INVOICE, bill("A"), key="k")
    if how == "expired":
        syspro.control.expire_sessions()
    else:
        syspro.control.evict()
    connector.create(INVOICE, bill("B"), key="k")
    assert syspro.control.sessions.logons == 2
    assert sorted(one.key for one in syspro.control.company.attempts if one.outcome == "posted") == [
        "1/A",
        "1/B",
    ]


def test_a_session_that_is_always_lost_is_begun_twice_and_no_more(syspro):
    connector = syspro.connect()
    syspro.spoil("session_expired", POSTS)
    error = refusal(connector.create, INVOICE, bill(), key="k")
    assert (error.who, error.reason, error.unknown) == (Who.RETRY_LATER, "lost_session", False)
    assert (syspro.control.sessions.logons, calls(syspro, POSTS)) == (2, 2)


@pytest.mark.parametrize(
    "fault", ["", "lost_reply", "html_500", "garbage", "session_expired", "enet_exception"]
)
def test_it_logs_off_and_gives_the_seat_back_in_every_outcome(syspro, fault):
    seat = OwnSeat()
    connector = syspro.connect(seat=seat)
    syspro.spoil(fault, POSTS)
    try:
        connector.create(INVOICE, bill(), key="k")
    except RemoteError:
        assert fault
    connector.close()
    assert syspro.control.sessions.live() == []
    assert seat.calls.count("release") == 1


def test_a_log_off_that_fails_gives_the_seat_back_all_the_same(syspro):
    seat = OwnSeat()
    connector = syspro.connect(seat=seat)
    connector.check()
    syspro.spoil("reset", "/Rest/Logoff")
    connector.close()
    assert seat.calls[-1] == "release"


def test_nothing_is_logged_on_before_the_first_call_that_needs_it(syspro):
    seat = OwnSeat()
    connector = syspro.connect(seat=seat)
    connector.feed_page(INVOICE, None)
    connector.close()
    assert (syspro.control.sessions.logons, seat.calls) == (0, [])


def test_threads_of_one_connector_share_one_session(syspro):
    connector = syspro.connect()
    threads = [
        Thread(target=connector.create, args=(INVOICE, bill(f"T{n}")), kwargs={"key": ""}) for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (syspro.control.sessions.logons, syspro.control.sessions.evictions) == (1, 0)
    assert len(syspro.control.company.attempts) == 6


def test_connectors_of_one_process_take_turns_at_one_operator(syspro):
    key = "turns"
    first = syspro.connect(seat=ProcessSeat(key))
    second = syspro.connect(seat=ProcessSeat(key, patience=0.01))
    first.create(INVOICE, bill("A"), key="")
    assert refusal(second.create, INVOICE, bill("B"), key="").reason == "seat_taken"
    first.close()
    second.create(INVOICE, bill("B"), key="")
    assert syspro.control.sessions.evictions == 0


def test_a_posting_that_could_not_begin_in_time_is_not_begun(syspro):
    connector = syspro.connect()
    times = iter([0.0, SLOWEST_START + 1])
    connector.session._clock = lambda: next(times)
    error = refusal(connector.create, INVOICE, bill(), key="k")
    assert (error.reason, error.unknown) == ("slow_log_on", False)
    assert calls(syspro, POSTS) == 0


@pytest.mark.parametrize("framing", ["bare", "json", "string"])
def test_every_framing_and_length_of_session_ids_works(framing):
    with company(framing=framing, long_tokens=True) as syspro:
        connector = syspro.connect()
        assert connector.create(INVOICE, bill(), key="k") == "1/INV-10234"


def spelt(error):
    """All that an exception could tell, with what it was raised from."""
    texts = []
    while error is not None:
        texts += [repr(error), str(error), getattr(error, "message", ""), getattr(error, "details", "")]
        error = error.__cause__ or error.__context__
    return " ".join(texts)


@pytest.mark.parametrize(
    "fault",
    ["", "reset", "lost_reply", "cut_body", "late_error", "garbage", "html_500", "slow", "session_expired"],
)
@pytest.mark.parametrize("path", ["/Rest/Logon", "/Rest/Transaction", "/SYSPRO8Odata"])
@pytest.mark.parametrize("large", ["yes", "no"])
def test_no_log_and_no_error_ever_holds_a_password_or_a_session(
    syspro, caplog, monkeypatch, fault, path, large
):
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        caplog.set_level(logging.DEBUG, logger=name)
    known = credentials(syspro.app)
    connector = syspro.connect(post_large=large, limits=Limits(read=0.5))
    ids, told = [], []
    new = connector.session._new
    connector.session._new = lambda: ids.append(new()) or ids[-1]
    syspro.spoil(fault, path)
    for act in (connector.check, lambda: connector.create(INVOICE, bill(), key="k"), connector.close):
        try:
            act()
        except RemoteError as error:
            told.append(spelt(error))
    basic = base64.b64encode(f"{known['odata_user']}:{known['odata_password']}".encode()).decode()
    secrets = [value for name, value in known.items() if "password" in name] + [basic, *ids]
    written = " ".join([*(record.getMessage() for record in caplog.records), caplog.text, *told])
    assert f"GET {ENET}" in written or f"GET {ENET.lower()}" in written.lower()
    assert [secret for secret in secrets if secret in written] == []
