"""A session ends when nobody uses it, when it is old, and when what its person may do has changed."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from portal.models import Role, RoleGrant, User

HOME = "/admin/"


@pytest.fixture
def clock(db):
    with time_machine.travel("2026-11-22T08:00:00Z", tick=False) as moved:
        yield moved


def is_in(client):
    return client.get(HOME).status_code == 200


def test_it_ends_after_half_an_hour_without_use(clock, client_for, owner):
    client = client_for(owner)
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        assert is_in(client)
    clock.shift(timedelta(minutes=31))
    assert not is_in(client)


def test_it_ends_after_twelve_hours_however_busy_it_was(clock, client_for, owner):
    client = client_for(owner)
    for _ in range(29):
        assert is_in(client)
        clock.shift(timedelta(minutes=25))
    assert not is_in(client)


def test_logging_in_gives_it_a_new_id(client, owner):
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["trunkline"] = planted = session.session_key
    client.post(reverse("account_login"), {"username": "owner", "password": "owner-password"})
    assert client.cookies["trunkline"].value != planted
    assert is_in(client)


def given(user, tenant):
    RoleGrant.objects.create(user=user, role=Role.VIEWER, tenant=tenant)


def taken(user, tenant):
    user.grants.first().delete()


def switched_off_and_on(user, tenant):
    for active in (False, True):
        row = User.objects.get(pk=user.pk)
        row.is_active = active
        row.save()


def new_password(user, tenant):
    row = User.objects.get(pk=user.pk)
    row.set_password("a wholly new pass phrase")
    row.save()


@pytest.mark.parametrize("change", [given, taken, switched_off_and_on, new_password])
def test_it_ends_with_what_its_person_may_do(client_for, colleague, other_tenant, owner, tenant, change):
    RoleGrant.objects.create(user=colleague, role=Role.FINANCE, tenant=tenant)
    theirs, another = client_for(colleague), client_for(owner)
    assert is_in(theirs)
    change(colleague, other_tenant)
    assert not is_in(theirs)
    assert is_in(another)


def test_an_older_copy_of_a_person_does_not_bring_ended_sessions_back(client_for, colleague, other_tenant):
    theirs, older = client_for(colleague), User.objects.get(pk=colleague.pk)
    given(colleague, other_tenant)
    older.save()
    assert not is_in(theirs)


def test_who_changes_the_password_stays_logged_in_here_and_nowhere_else(client_for, owner):
    here, elsewhere = client_for(owner), client_for(owner)
    new = "a wholly new pass phrase"
    data = {"old_password": "owner-password", "new_password1": new, "new_password2": new}
    assert here.post(reverse("admin:password_change"), data).status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)


def test_people_see_where_they_are_logged_in_and_end_all_others(client, owner):
    browsers = [client, type(client)()]
    for number, browser in enumerate(browsers):
        data = {"username": "owner", "password": "owner-password"}
        browser.post(reverse("account_login"), data, HTTP_USER_AGENT=f"Browser {number}")
    page = client.get(reverse("usersessions_list")).content.decode()
    assert "Browser 0" in page
    assert "Browser 1" in page
    client.post(reverse("usersessions_list"))
    assert is_in(client)
    assert not is_in(browsers[1])


def test_cookies_are_for_this_host_over_https_alone():
    """As the settings choose them where the portal is served over https."""
    said = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "INSECURE_HTTP": "0"},
        capture_output=True,
        check=True,
    )
    found = json.loads(said.stdout)
    assert all(name.startswith("__Host-") for name in found["names"])
    assert all(found["flags"])
    assert found["same_site"] == ["Lax", "Lax"]


LOOK = """
import json
from portal import settings as s
from django.conf import settings as d
print(json.dumps({
    "names": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.DEVICE_COOKIE_NAME],
    "flags": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY],
    "same_site": [d.SESSION_COOKIE_SAMESITE, d.CSRF_COOKIE_SAMESITE],
}))
"""
