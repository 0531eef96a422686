"""A real Chromium, which fails a test that leaves an error in its console, and a worker beside the live server."""

from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

from integrations.tasks import wake
from portal.models import User
from tests.integrations.conftest import connect_to, sandbox, shop  # noqa: F401  # fixtures shared with the syncs' tests
from tests.tooling.chromium import chromium

PROGRAM = chromium()
PATIENCE = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives Chromium; where there is none, that is said."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if PROGRAM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium; install it or set CHROMIUM"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module: while it lives its event loop does, which Django must be told to bear."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        found = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """`visit(user, width=1280)`: a window in which that person has logged in by the form."""
    contexts, complaints = [], []

    def open_window(user: User, *, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": 900}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "console", lambda m: complaints.append(f"{page.url}: {m.text}") if m.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.complaints = complaints
        page.goto("/admin/")
        page.get_by_label("Username").fill(user.username)
        page.get_by_label("Password").fill(f"{user.username}-password")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Home", exact=True).wait_for()
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not complaints, "The browser's console: " + "; ".join(complaints)


@pytest.fixture
def worker(transactional_db) -> Iterator[None]:
    """What the worker cluster does: wake, work on what is due, wait."""
    over = Event()

    def work() -> None:
        while not over.is_set():
            wake()
            over.wait(0.1)
        connections.close_all()

    thread = Thread(target=work, name="worker")
    thread.start()
    yield
    over.set()
    thread.join(30)
    assert not thread.is_alive()
