"""The look-alike of API Application Access: a merchant's admin allows, declines, disables and upgrades the app."""

import re

import pytest
from werkzeug.test import Client as Browser


@pytest.fixture
def admin(caller):
    return Browser(caller.sandbox)


def value(page, name):
    return re.search(rf"<dt>{name}</dt><dd>([^<]+)</dd>", page.text)[1]


def test_the_page_says_that_it_is_a_sandbox_and_loads_nothing_inline(admin):
    for path in ("/admin/", "/admin/connect"):
        page = admin.get(path)
        assert "Sandbox." in page.text
        assert "style=" not in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert admin.get("/admin/style.css").mimetype == "text/css"


def test_allowing_gives_credentials_that_work_and_are_shown_once(admin, caller):
    assert "customers (read)" in admin.get("/admin/connect").text
    page = admin.post("/admin/allow")
    client_id, secret = value(page, "Client ID"), value(page, "Client secret")
    assert caller.token(client_id=client_id, client_secret=secret).status_code == 200
    overview = admin.get("/admin/").text
    assert client_id in overview
    assert secret not in overview


def test_declining_connects_nothing(admin, caller):
    before = len(caller.sandbox.access.clients)
    assert "Nothing was connected" in admin.post("/admin/decline", follow_redirects=True).text
    assert len(caller.sandbox.access.clients) == before


def test_disabling_turns_every_call_into_403_until_enabled(admin, caller):
    admin.post("/admin/apps/cid.sandbox/disable")
    assert caller.get("crm/customers").status_code == 403
    admin.post("/admin/apps/cid.sandbox/enable")
    assert caller.get("crm/customers").status_code == 200


def test_new_scopes_hold_only_after_the_upgrade(admin, caller):
    control = caller.sandbox.control
    control.grant(["tn.crm.customers:r"])
    control.publish(["tn.crm.customers:r", "tn.jpm.jobs:r"])
    caller.renew()
    assert caller.get("jpm/jobs").status_code == 403
    assert "version 2 is available" in admin.get("/admin/").text
    admin.post("/admin/apps/cid.sandbox/upgrade")
    caller.renew()
    assert caller.get("jpm/jobs").status_code == 200


def test_two_secrets_are_good_at_a_time(admin, caller):
    first = value(admin.post("/admin/apps/cid.sandbox/secret"), "Client secret")
    assert caller.token().status_code == 200
    assert caller.token(client_secret=first).status_code == 200
    second = value(admin.post("/admin/apps/cid.sandbox/secret"), "Client secret")
    assert caller.token(client_secret=second).status_code == 200
    assert caller.token(client_secret=first).status_code == 200
    assert caller.token().status_code == 400


def test_an_unknown_page_is_404(admin):
    assert admin.get("/admin/nothing").status_code == 404
    assert admin.post("/admin/apps/cid.unknown/disable").status_code == 404
