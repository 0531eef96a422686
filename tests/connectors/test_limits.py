"""The pace: never more than 60 calls in any one second, and as near to it as is safe."""

import random
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors.limits import MemoryBudget, PacedLimiter
from integrations.sandbox.limits import SlidingWindow


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def busiest_second(moments: list[float]) -> int:
    moments = sorted(moments)
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def simulate(
    clock: FakeClock, limiters: list[PacedLimiter], arrivals: list[tuple[float, int]]
) -> list[float]:
    """When calls begin, if each asks its limiter at its arrival and sends as soon as it may."""
    sent = []
    for gap, which in arrivals:
        clock.now += gap
        limiter = limiters[which]
        sent.append(max(clock.now, limiter.slot()))
    return sent


@settings(max_examples=60, deadline=None)
@given(
    arrivals=st.lists(
        st.tuples(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.01, 0.02, 0.1, 0.4]), st.integers(0, 1)),
        min_size=50,
        max_size=400,
    ),
    waiting=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_two_limiters_that_share_a_budget_stay_within_60_in_any_second(arrivals, waiting):
    clock = FakeClock()
    budget = MemoryBudget(57.0)
    limiters = [PacedLimiter(budget=budget, clock=clock) for _ in range(2)]
    for limiter, count in zip(limiters, waiting, strict=True):
        limiter._count(count)
    assert busiest_second(simulate(clock, limiters, arrivals)) <= 59


def test_a_lone_limiter_keeps_up_its_rate():
    clock = FakeClock()
    limiter = PacedLimiter(clock=clock)
    limiter._count(20)
    sent = simulate(clock, [limiter], [(0.0, 0)] * 570)
    assert 9.9 <= sent[-1] - sent[0] <= 10.1


def test_a_process_with_little_to_do_leaves_the_others_their_share():
    clock = FakeClock()
    budget = MemoryBudget(57.0)
    idle, busy = PacedLimiter(budget=budget, clock=clock), PacedLimiter(budget=budget, clock=clock)
    idle._count(1)
    busy._count(20)
    for _ in range(10):
        idle.slot()
    last = max(busy.slot() for _ in range(47))
    assert last - clock.now <= 1.0


def test_a_slot_that_nobody_took_in_time_lapses():
    clock = FakeClock()
    limiter = PacedLimiter(clock=clock)
    limiter._count(12)
    limiter.slot()
    clock.now += 0.15
    assert limiter.slot() >= clock.now - limiter.interval


def test_a_budget_that_is_slow_to_answer_holds_nobody_up_for_ever():
    clock = FakeClock()
    asked = []

    class SlowBudget(MemoryBudget):
        def reserve(self, slots: int, now: float) -> float:
            asked.append(now)
            start = super().reserve(slots, now)
            clock.now += 0.1
            return start

    limiter = PacedLimiter(budget=SlowBudget(57.0), clock=clock)
    for _ in range(5):
        assert limiter.slot() >= clock.now - limiter.interval
    assert len(asked) <= 6


def test_a_hold_stops_everybody_who_shares_the_budget():
    clock = FakeClock()
    budget = MemoryBudget(57.0)
    one, other = PacedLimiter(budget=budget, clock=clock), PacedLimiter(budget=budget, clock=clock)
    one.hold(5.0)
    assert one.slot() >= clock.now + 5.0
    assert other.slot() >= clock.now + 5.0


def test_a_call_that_waits_while_a_hold_begins_waits_for_its_end():
    clock = FakeClock()
    held = []

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if not held:
            held.append(clock.now)
            limiter.hold(3.0)

    limiter = PacedLimiter(clock=clock, sleep=sleep)
    limiter.acquire()
    limiter.acquire()
    assert clock.now >= held[0] + 3.0


def test_a_thread_that_wakes_late_takes_another_slot():
    clock = FakeClock()
    naps, slots = [], []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock.now += seconds + (0.5 if len(naps) == 1 else 0.0)

    class NotingLimiter(PacedLimiter):
        def slot(self) -> float:
            slots.append(super().slot())
            return slots[-1]

    limiter = NotingLimiter(clock=clock, sleep=sleep)
    limiter.acquire()
    limiter.acquire()
    assert len(slots) == 3
    assert clock.now - slots[-1] <= limiter.interval


@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_a_strict_server_never_refuses_paced_calls(jitter):
    clock = FakeClock()
    budget = MemoryBudget(57.0)
    limiters = [PacedLimiter(budget=budget, clock=clock) for _ in range(2)]
    for limiter in limiters:
        limiter._count(12)
    drawn = random.Random(3)
    sent = simulate(clock, limiters, [(0.0, number % 2) for number in range(600)])
    window = SlidingWindow(60)
    arrivals = sorted(moment + drawn.uniform(0, jitter) for moment in sent)
    assert not [moment for moment in arrivals if window.admit("key", moment)]


def test_a_rate_beyond_what_threads_can_keep_is_no_trap():
    clock = FakeClock()
    limiter = PacedLimiter(rate=1_000_000.0, clock=clock)
    for _ in range(100):
        clock.now += 0.001
        limiter.acquire()
    assert clock.now < 1000.2


def test_threads_together_keep_the_pace():
    limiter = PacedLimiter(rate=400.0)
    begun: list[float] = []

    def work() -> None:
        for _ in range(10):
            limiter.acquire()
            begun.append(limiter._clock())

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 80
    assert max(begun) - min(begun) >= 79 / 400 - 0.02
