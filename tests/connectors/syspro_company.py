"""A company with SYSPRO for the connector's tests, and connectors to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.connectors.errors import RemoteError
from integrations.connectors.http import Policy
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.syspro.client import SysproConnector
from integrations.connectors.syspro.entities import ENTITIES
from integrations.connectors.tokens import InProcessTokenStore
from integrations.sandbox.faults import Fault
from integrations.sandbox.server import running
from integrations.sandbox.syspro.app import ENET, ODATA, create_app, credentials

QUICK = Policy(attempts=3, budget=10.0, first_backoff=0.01, longest_backoff=0.05, longest_wait=1.0)
INVOICE, VENDOR = ENTITIES["ap_invoice"], ENTITIES["vendor"]


class NoPace:
    """A limiter that lets everybody through."""

    def acquire(self) -> None:
        pass

    def hold(self, seconds: float) -> None:
        pass


class OwnSeat:
    """A seat that counts, and that can be lost."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.error: Exception | None = None

    def acquire(self) -> None:
        self.calls.append("acquire")

    def renew(self) -> None:
        self.calls.append("renew")
        if self.error is not None:
            raise self.error

    def release(self) -> None:
        self.calls.append("release")


def refusal(act: Callable[..., Any], *arguments: Any, **named: Any) -> RemoteError:
    """What the connector says when it is refused."""
    with pytest.raises(RemoteError) as caught:
        act(*arguments, **named)
    return caught.value


def bill(number: str = "INV-10234", **changed: Any) -> dict[str, Any]:
    """The body of an AP invoice of 110.00, 10.00 of it tax, for supplier 1."""
    return {
        "Supplier": "1",
        "TransactionCode": "I",
        "Invoice": number,
        "TransactionValue": "110",
        "TaxCode": "A",
        "TaxValue": "10",
        "InvoiceDate": "2026-03-14",
        "LedgerDistribution": [{"LedgerCode": "30-4500", "LedgerValue": "100"}],
        **changed,
    }


@contextmanager
def company(**options: Any) -> Iterator[SimpleNamespace]:
    """A running sandbox, strict about elements; `connect(**credentials)` makes connectors to it; `enet` is another
    server to log on to."""
    app = create_app(**{"strict": True, **options})
    made: list[SysproConnector] = []
    with running(app) as url:

        def connect(*, odata: bool = True, enet: str = url, **changed: Any) -> SysproConnector:
            tuning = {name: changed.pop(name) for name in ("seat", "policy", "limits") if name in changed}
            values, wrong = CONNECTORS["syspro"].clean({**credentials(app), **changed})
            assert not wrong
            connector = CONNECTORS["syspro"].build(
                values,
                environment="custom",
                api_url=enet + ENET,
                auth_url=url + ODATA if odata else "",
                allowed_hosts=[url.removeprefix("http://"), enet.removeprefix("http://")],
                token_store=InProcessTokenStore(),
                limiter=NoPace(),
                **{"policy": QUICK, "seat": OwnSeat(), **tuning},
            )
            assert isinstance(connector, SysproConnector)
            made.append(connector)
            return connector

        def spoil(fault: str, path: str, count: int | None = None) -> None:
            """Spoil calls of this path from now on; none where `fault` is empty."""
            spoilt = Fault(fault, path=path, count=count, argument=2.0)
            app.control.faults_on.set((spoilt,) if fault else ())

        yield SimpleNamespace(app=app, control=app.control, url=url, connect=connect, spoil=spoil)
        for connector in made:
            connector.close()


def whole(
    connector: SysproConnector, entity: Any, position: str | None = None
) -> tuple[list[Any], str | None, int]:
    """All rows of one reading, the position behind it, and how many pages it took."""
    rows: list[Any] = []
    pages = 0
    while True:
        page = connector.feed_page(entity, position)
        rows += page.rows
        position, pages = page.continue_from, pages + 1
        if not page.has_more:
            return rows, position, pages


Connect = Callable[..., SysproConnector]
