"""The push of a shop's customers, by everybody and each way; then read back, and sent over a slow line."""

from collections.abc import Iterator

from tests.bench.databases import fresh
from tests.bench.jobs import Job
from tests.bench.scenarios import Bench, Row
from tests.bench.server import org, sandbox

SLOW = ("--latency", "700")
"""What 200 rows take where a call has 300 ms and each row 2."""
NO_DATABASE = "none"


def push(bench: Bench) -> Iterator[Row]:
    """Collections of 200, by everybody; then read back."""
    for name, acts in {"floor": ("collections",), "peer": ("collections", "singly")}.items():
        yield from _others(bench, name, acts)
    yield from _ours(bench, bench.customers, ("collections", "read back"))


def bulk(bench: Bench) -> Iterator[Row]:
    """Bulk API 2.0."""
    yield from _others(bench, "peer", ("bulk",))
    yield from _ours(bench, bench.customers, ("bulk",))


def slow_push(bench: Bench) -> Iterator[Row]:
    """Collections over a slow line: whether several are under way at once."""
    yield from _ours(bench, bench.slow_customers, ("collections",), *SLOW)


def _others(bench: Bench, name: str, acts: tuple[str, ...]) -> Iterator[Row]:
    for act in acts if name in bench.contenders else ():
        with org() as remote:
            job = Job(remote.url, "", "", act=act, org=remote.url, customers=bench.customers)
            yield bench.observe(f"push {act}", NO_DATABASE, f"push.{name}", job, remote)


def _ours(bench: Bench, customers: int, acts: tuple[str, ...], *options: str) -> Iterator[Row]:
    """These acts one after the other, on a fresh database and in a fresh org each time."""
    if "ours" not in bench.contenders:
        return
    with sandbox(customers, "--rate", "0") as shop:
        for database, server in bench.databases():
            with org(*options) as remote, fresh(server, bench.folder, f"{database}-push") as (url, place):
                job = Job(shop.url, url, str(place), bench.page_size, org=remote.url)
                bench.contend("push.ours", job.at("prepare"))
                for act in acts:
                    scenario = f"push {act}{', slow' if options else ''}"
                    yield bench.observe(scenario, database, "push.ours", job.at(act), remote)
