"""What all workers share: one token, one limit."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier, Lock, Thread

import pytest
from django.db import connections
from django.utils import timezone

from integrations.calls import budget_key, connector_for
from integrations.connectors.base import Token
from integrations.connectors.errors import RemoteError, Who
from integrations.models import AccessToken, CallBudget
from integrations.shared import ROOM, SharedBudget, SharedTokenStore, forget_token
from portal.keyring import Place
from portal.misplaced import MISPLACED
from portal.models import AuditEntry
from portal.secrets import Secret

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(tenant, sandbox, connect_to):
    return connect_to(tenant, sandbox, test=False)


class Issuer:
    """Gives out tokens and counts them."""

    def __init__(self, life=900.0, takes=0.0):
        self.life, self.takes, self.count, self.lock = life, takes, 0, Lock()

    def __call__(self):
        with self.lock:
            self.count += 1
            number = self.count
        time.sleep(self.takes)
        return Token(f"token {number}", datetime.now(UTC) + timedelta(seconds=self.life), ("a:r",))


def in_threads(number, act):
    """The results of `act` in so many threads that begin together, each with a database connection of its own."""
    barrier, results = Barrier(number), []

    def run():
        try:
            barrier.wait(10)
            results.append(act())
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_a_token_is_fetched_once_however_many_workers_ask(link):
    issuer = Issuer(takes=0.2)
    found = in_threads(8, lambda: SharedTokenStore(link.pk).current(issuer).value)
    assert (set(found), issuer.count) == ({"token 1"}, 1)


def test_a_refused_token_is_renewed_once_for_all_who_were_refused(link):
    issuer = Issuer(takes=0.05)
    stale = SharedTokenStore(link.pk).current(issuer).value
    found = in_threads(6, lambda: SharedTokenStore(link.pk).current(issuer, stale=stale).value)
    assert (set(found), issuer.count) == ({"token 2"}, 2)


def test_a_token_that_was_put_there_by_hand_is_not_used_but_fetched_anew(link):
    SharedTokenStore(link.pk).current(Issuer())
    foreign = Secret(plain="of somebody else", place=Place("integrations.accesstoken.value", (link.pk + 1,)))
    AccessToken.objects.update(value=Secret(token=foreign.token))
    issuer = Issuer()
    assert SharedTokenStore(link.pk).current(issuer).value == "token 1"
    assert issuer.count == 1
    assert AccessToken.objects.get().value.reveal() == "token 1"
    assert AuditEntry.objects.get(action=MISPLACED).tenant == link.tenant


def test_a_token_is_renewed_before_it_ends(link, time_machine):
    time_machine.move_to(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False)
    issuer, store = Issuer(life=900), SharedTokenStore(link.pk)
    store.current(issuer)
    time_machine.move_to(datetime(2026, 3, 1, 12, 13, 59, tzinfo=UTC), tick=False)
    assert (store.current(issuer).value, SharedTokenStore(link.pk).current(issuer).value) == (
        "token 1",
        "token 1",
    )
    time_machine.move_to(datetime(2026, 3, 1, 12, 14, 1, tzinfo=UTC), tick=False)
    assert (store.current(issuer).value, SharedTokenStore(link.pk).current(issuer).value) == (
        "token 2",
        "token 2",
    )


def test_a_fetch_that_fails_is_told_and_the_next_one_may_try(link):
    def refuse():
        raise RemoteError(Who.FIX_CONFIGURATION, "invalid_client", "no")

    with pytest.raises(RemoteError, match="no"):
        SharedTokenStore(link.pk).current(refuse)
    assert SharedTokenStore(link.pk).current(Issuer()).value == "token 1"


def test_a_worker_that_died_while_fetching_holds_nobody_up_for_ever(link):
    row = AccessToken.objects.create(connection=link, fetching_until=timezone.now() + timedelta(seconds=0.3))
    assert SharedTokenStore(link.pk).current(Issuer()).value == "token 1"
    row.refresh_from_db()
    assert row.fetching_until is None


def test_new_credentials_forget_the_old_token(link):
    SharedTokenStore(link.pk).current(Issuer())
    forget_token(link)
    issuer = Issuer()
    issuer.count = 10
    assert SharedTokenStore(link.pk).current(issuer).value == "token 11"


def test_a_stored_token_is_unreadable_in_the_database(link):
    from django.db import connection

    SharedTokenStore(link.pk).current(Issuer())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {AccessToken._meta.db_table}")  # noqa: S608
        assert "token 1" not in cursor.fetchone()[0]


def test_turns_are_handed_out_one_after_the_other_to_everybody():
    now = time.monotonic()
    first, second = SharedBudget("a", 50.0), SharedBudget("a", 50.0)
    turns = [budget.reserve(5, now) for budget in (first, second, first)]
    assert turns[0] >= now
    assert turns[1] - turns[0] == pytest.approx(0.1, abs=0.05)
    assert turns[2] - turns[0] == pytest.approx(0.2, abs=0.05)
    assert SharedBudget("b", 50.0).reserve(1, now) - now < 0.05, "another key has turns of its own"


def test_who_calls_alone_uses_the_whole_rate_and_who_shares_it_leaves_some_room():
    now = time.monotonic() + 1.0  # ahead, so that no time is lost between the questions
    alone = SharedBudget("a", 50.0)
    turns = [alone.reserve(50, now) - now for _ in range(4)]
    assert turns == pytest.approx([0.0, 1.0, 2.0, 3.0], abs=0.05)
    budgets = [SharedBudget("c", 50.0), SharedBudget("c", 50.0)]
    turns = [budgets[place % 2].reserve(50, now) - now for place in range(8)]
    taken = [later - earlier for earlier, later in pairwise(turns)]
    assert taken[-3:] == pytest.approx([ROOM] * 3, abs=0.005)
    assert ROOM > 1.01


def test_a_pause_asked_for_by_the_remote_holds_for_everybody():
    now = time.monotonic()
    SharedBudget("a", 50.0).hold(5.0, now)
    assert SharedBudget("a", 50.0).reserve(1, now) - now == pytest.approx(5.0, abs=0.3)
    SharedBudget("a", 50.0).hold(1.0, now)
    assert SharedBudget("a", 50.0).reserve(1, now) - now > 4.5, "a shorter pause takes nothing back"


def test_many_who_reserve_at_once_get_turns_that_do_not_overlap():
    turns = sorted(in_threads(8, lambda: SharedBudget("a", 100.0).reserve(3, time.monotonic())))
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert min(gaps) > 0.025


def test_what_was_used_in_the_last_minute_can_be_told(time_machine):
    at = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    time_machine.move_to(at, tick=False)
    SharedBudget("a", 57.0).reserve(7, time.monotonic())
    SharedBudget("a", 57.0).reserve(5, time.monotonic())
    budget = CallBudget.objects.get()
    assert [budget.used_last_minute(at + timedelta(minutes=minute)) for minute in (0, 1, 2)] == [0, 12, 0]
    time_machine.move_to(at + timedelta(minutes=1), tick=False)
    SharedBudget("a", 57.0).reserve(1, time.monotonic())
    assert CallBudget.objects.get().used_last_minute(at + timedelta(minutes=1)) == 12


def test_two_connections_of_one_app_and_account_share_a_limit_and_others_do_not(link):
    same = budget_key(link, {"app_key": "ak1.x"})
    assert budget_key(link, {"app_key": "ak1.x"}) == same
    assert budget_key(link, {"app_key": "ak1.y"}) != same
    assert "ak1.x" not in same
    link.remote_account = "900002"
    assert budget_key(link, {"app_key": "ak1.x"}) != same


def test_every_call_is_counted_for_its_run(link, sandbox):
    with connector_for(link) as (connector, limiter):
        connector.list_page(connector.entities["customer"], 1, 5)
        connector.list_page(connector.entities["customer"], 2, 5)
    assert limiter.calls == sum(sandbox.control.calls.calls.values()) == 2
