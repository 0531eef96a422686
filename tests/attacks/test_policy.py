"""The content policy as every kind of page is sent it, what the queue takes, and what reads XML."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.signing import BadSignature
from django.urls import reverse
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from tests.admin.objects import OBJECTS
from tests.admin.visits import inline_code
from tests.attacks.counts import scaled
from tests.attacks.routes import ADMINS, routes
from tests.attacks.stage import Stage
from tests.tooling.chromium import chromium

ROOT = Path(__file__).parents[2]
CODE = [
    path
    for floor in ("portal", "reconciliation", "integrations")
    for path in (ROOT / floor).rglob("*.py")
    if "migrations" not in path.parts
]


def parts(policy: str) -> dict[str, set[str]]:
    found = (part.split() for part in policy.split(";") if part.strip())
    return {name: set(values) for name, *values in found}


@pytest.mark.slow
@pytest.mark.django_db
def test_every_page_has_a_strict_policy_and_nothing_that_breaks_it(
    tenant, other_tenant, platform_admin, count
):
    stage = Stage(tenant, other_tenant, {"admin": platform_admin})
    stage.own = {label: OBJECTS[label](tenant) for label in ADMINS}
    client, seen, wrong = stage.client("admin"), 0, []
    for route in routes()[:: scaled(6, 1)]:
        if route.name.endswith(("_csv", "_xlsx", "_json", "_download")) or "app_label" in route.pattern:
            continue
        row = stage.own.get(route.label)
        reply = client.get(
            route.url(object_id=row.pk if row else 1, uidb64="MQ", token="x-y", system="servicetitan")
        )
        policy = parts(reply.headers.get("Content-Security-Policy", ""))
        strict = (
            policy.get("script-src") == policy.get("style-src") == policy.get("default-src") == {"'self'"}
        )
        closed = all(policy.get(name) == {"'none'"} for name in ("object-src", "base-uri", "frame-ancestors"))
        if (
            not (strict and closed)
            or "unsafe" in str(policy)
            or reply.headers.get("X-Frame-Options") != "DENY"
        ):
            wrong.append(f"{route.pattern}: {policy}")
        if reply.headers.get("Content-Type", "").startswith("text/html"):
            wrong += [f"{route.pattern}: {found}" for found in inline_code(b"".join(reply).decode())]
        seen += 1
    assert not wrong, "\n".join(wrong[:20])
    count("X5", "pages and answers under the strict policy", seen, "without it or with inline code")


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
@pytest.mark.django_db(transaction=True)
def test_a_browser_finds_no_page_that_breaks_the_policy(
    tenant, platform_admin, client_for, live_server, monkeypatch, count
):
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    rows = {label: OBJECTS[label](tenant) for label in ("integrations.connection", "reconciliation.customer")}
    connection, customer = (row.pk for row in rows.values())
    pages = [
        "/admin/", "/admin/reconciliation/customer/", f"/admin/reconciliation/customer/{customer}/change/",
        f"/admin/reconciliation/customer/{customer}/history/", f"/admin/portal/tenant/{tenant.pk}/change/",
        "/admin/portal/tenant/add/", f"/admin/integrations/connection/{connection}/rules/",
        reverse("admin:reconciliation_exportfile_mine"), reverse("admin:reconciliation_customerimport_new"),
    ]  # fmt: skip
    cookie = client_for(platform_admin).cookies[settings.SESSION_COOKIE_NAME].value
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        context.expose_function(
            "violated",
            lambda words: broken.append(words),  # noqa: PLW0108  # playwright marks what it is given
        )
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', "
            "e => violated(location.pathname + ' ' + e.violatedDirective))"
        )
        page = context.new_page()
        for url in pages:
            page.goto(url)
        found = list(broken)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
        page.wait_for_timeout(200)
        browser.close()
    assert not found
    assert broken, "the listener hears nothing"
    count("X5", "pages in Chromium with a listener for violations", len(pages), "violations", len(found))


# --- pickle and XML ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_queue_takes_no_package_that_was_not_signed_with_the_key(count):
    """django-q pickles what it queues: whoever cannot sign cannot have anything unpickled."""
    signed = SignedPackage.dumps({"func": "x"})
    assert SignedPackage.loads(signed) == {"func": "x"}
    head, _, tail = signed.rpartition(":")
    forged = [
        head,
        f"{head}:",
        f"{head}:{'A' * len(tail)}",
        f"x{signed}",
        signed[:-2],
        f"{head[:-3]}xyz:{tail}",
        ":",
        "",
        "gASVCg==",
    ]
    for package in forged:
        OrmQ(key="x", payload=package)
        with pytest.raises(BadSignature):
            SignedPackage.loads(package)
    count("X4", "forged packages for the queue", len(forged), "unpickled")


NO_READERS = ("Element", "ParseError", "tostring", "indent", "SubElement")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_nothing_of_ours_unpickles_evaluates_or_reads_xml_undefended(count):
    for path in CODE:
        names, text = imports(path), path.read_text(encoding="utf-8")
        dangerous = {
            "pickle",
            "marshal",
            "shelve",
            "dill",
            "yaml",
            "xml.sax",
            "xml.dom.minidom",
            "xml.etree.ElementTree",
        }
        assert not names & dangerous, path
        # of the standard library's reader, names for types alone; what reads is defusedxml's
        assert not [
            name
            for name in names
            if name.startswith("xml.etree.") and name.rsplit(".", 1)[1] not in NO_READERS
        ], path
        assert not re.search(r"(?<![\w.])(eval|exec)\(", text), path
        assert "verify=False" not in text, path
        if "lxml.etree" in names or "lxml.etree" in text:
            assert "resolve_entities=False" in text or "fromstring" not in text, path
    count("X4", "files of ours: pickle, eval, XML, TLS unchecked", len(CODE), "found")
