"""Sandboxes for the connectors' tests, and connectors to them."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from integrations.connectors.http import Policy
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.servicetitan.client import ServiceTitanConnector
from integrations.connectors.tokens import InProcessTokenStore
from integrations.connectors.transport import Limits
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import app as sandbox_app
from tests.connectors.syspro_company import company

QUICK = Policy(attempts=4, budget=10.0, first_backoff=0.01, longest_backoff=0.05, longest_wait=3.0)


class CountingLimiter:
    """No pace, but it notes what it was asked."""

    def __init__(self) -> None:
        self.turns = 0
        self.holds: list[float] = []

    def acquire(self) -> None:
        self.turns += 1

    def hold(self, seconds: float) -> None:
        self.holds.append(seconds)


@pytest.fixture(scope="session")
def served() -> Iterator[SimpleNamespace]:
    app = sandbox_app.create_app(customers=40, seed=7, rate=None, lag=0)
    with running(app) as url:
        yield SimpleNamespace(app=app, control=app.control, access=app.access, url=url)


@pytest.fixture
def sandbox(served: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """A sandbox without faults, whose counters begin at nought and whose tokens are all forgotten."""
    served.control.faults_on.set(())
    served.control.calls.reset()
    served.access.expire_tokens()
    yield served
    served.control.faults_on.set(())


@pytest.fixture
def syspro() -> Iterator[SimpleNamespace]:
    """A company with SYSPRO as it begins."""
    with company() as found:
        yield found


@pytest.fixture
def limiter() -> CountingLimiter:
    return CountingLimiter()


@pytest.fixture
def connect(
    sandbox: SimpleNamespace, limiter: CountingLimiter
) -> Iterator[Callable[..., ServiceTitanConnector]]:
    """`connect(**credentials)`: a connector to the sandbox; given credentials replace the good ones."""
    made: list[ServiceTitanConnector] = []

    def make(
        *, policy: Policy = QUICK, limits: Limits | None = None, token_store=None, **changed: str
    ) -> ServiceTitanConnector:
        good = {name: str(value) for name, value in sandbox_app.credentials(sandbox.app).items()}
        connector = CONNECTORS["servicetitan"].build(
            {**good, **changed},
            environment="custom",
            api_url=sandbox.url,
            auth_url=sandbox.url,
            allowed_hosts=[sandbox.url.removeprefix("http://")],
            token_store=token_store or InProcessTokenStore(),
            limiter=limiter,
            policy=policy,
            limits=limits,
        )
        made.append(connector)
        return connector

    yield make
    for connector in made:
        connector.close()
