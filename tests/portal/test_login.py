import time
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.signals import user_login_failed
from django.urls import reverse

from portal.entrance import throttle
from portal.models import AuditEntry, User

LOGIN = "admin:login"
TRIES = 10
GUESSES = 300


def attempt(client, username, password, **extra):
    return client.post(reverse(LOGIN), {"username": username, "password": password}, **extra)


def words(reply):
    return reply.content.decode()


def test_guessing_is_slowed_down_and_the_right_password_then_waits_too(client, owner):
    for _ in range(TRIES):
        assert "enter a correct" in words(attempt(client, "owner", "wrong"))
    reply = attempt(client, "owner", "owner-password")
    assert reply.status_code == 200
    assert "Wait an hour" in words(reply)


def test_guessing_from_many_addresses_is_counted_at_the_account(client, owner, colleague):
    for number in range(TRIES):
        attempt(client, "owner", "wrong", REMOTE_ADDR=f"10.0.0.{number}")
    assert "Wait an hour" in words(attempt(client, "OWNER", "wrong", REMOTE_ADDR="10.0.1.1"))
    assert attempt(client, "colleague", "colleague-password").status_code == 302


def test_guessing_at_many_accounts_is_counted_at_the_address(client, owner):
    for number in range(100):
        throttle.take([throttle.account(f"name{number}"), throttle.Counter("address", "10.0.0.1", 100)])
    assert "Wait an hour" in words(attempt(client, "owner", "owner-password", REMOTE_ADDR="10.0.0.1"))
    assert attempt(client, "owner", "owner-password", REMOTE_ADDR="10.0.0.2").status_code == 302


def test_an_unknown_name_is_answered_like_a_known_one(client, owner):
    def story(name):
        return [
            (reply.status_code, words(reply).replace(name, "NAME").split("csrfmiddlewaretoken")[0])
            for reply in [attempt(client, name, "wrong") for _ in range(TRIES + 1)]
        ]

    assert story("owner") == story("nobody-has-this")


def test_of_thousands_of_guesses_ten_an_hour_are_looked_at(rf, owner):
    looked_at = []

    def look(**kwargs):
        looked_at.append(time.time())

    user_login_failed.connect(look)
    with time_machine.travel("2026-11-22T00:00:00Z", tick=False) as moved:
        for number in range(GUESSES):
            request = rf.post("/", REMOTE_ADDR=f"10.{number % 50}.0.1")
            if throttle.take(throttle.at_password(request, "owner")):
                user_login_failed.send(sender=None, credentials={"username": "owner"}, request=request)
            moved.shift(timedelta(hours=3) / GUESSES)
    user_login_failed.disconnect(look)
    assert len(looked_at) >= 3 * TRIES
    assert max(sum(at <= other < at + 3600 for other in looked_at) for at in looked_at) == TRIES


def test_the_person_gets_in_on_a_known_device_while_strangers_guess(client, owner):
    assert attempt(client, "owner", "owner-password").status_code == 302
    client.post(reverse("admin:logout"))
    stranger = type(client)()
    for _ in range(TRIES):
        attempt(stranger, "owner", "wrong")
    assert "Wait an hour" in words(attempt(stranger, "owner", "owner-password"))
    assert attempt(client, "owner", "owner-password").status_code == 302


def test_a_known_device_has_no_endless_guesses_either(client, owner):
    attempt(client, "owner", "owner-password")
    client.post(reverse("admin:logout"))
    for _ in range(TRIES):
        attempt(client, "owner", "wrong")
    assert "Wait an hour" in words(attempt(client, "owner", "owner-password"))


def test_a_device_cookie_of_somebody_else_or_of_ones_own_making_is_none(client, owner, colleague):
    attempt(client, "colleague", "colleague-password")
    client.post(reverse("admin:logout"))
    for _ in range(TRIES):
        attempt(client, "owner", "wrong")
    client.cookies["device"] = "made:up:cookie"
    assert "Wait an hour" in words(attempt(client, "owner", "owner-password"))


def test_being_locked_out_stands_in_the_trail_once(client, owner):
    for _ in range(TRIES + 3):
        attempt(client, "owner", "wrong")
    assert AuditEntry.objects.filter(action="log_in.failed").count() == TRIES
    assert AuditEntry.objects.get(action="log_in.locked").actor == owner


def test_it_is_over_after_an_hour(client, owner):
    with time_machine.travel("2026-11-22T00:00:00Z", tick=False) as moved:
        for _ in range(TRIES):
            attempt(client, "owner", "wrong")
        moved.shift(timedelta(minutes=59))
        assert attempt(client, "owner", "owner-password").status_code == 200
        moved.shift(timedelta(minutes=2))
        assert attempt(client, "owner", "owner-password").status_code == 302


def test_someone_without_a_role_is_told_what_to_do(client, db):
    User.objects.create_user("nobody", password="nobody-password")
    reply = attempt(client, "nobody", "nobody-password")
    assert "Ask the person who invited you" in words(reply)


def test_someone_who_was_switched_off_is_answered_like_a_wrong_password(client, owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert "enter a correct" in words(attempt(client, "owner", "owner-password"))


def test_a_person_with_any_role_gets_in(client, viewer):
    assert attempt(client, "viewer", "viewer-password")["Location"] == reverse("admin:index")


@pytest.mark.parametrize(
    ("onward", "arrives"),
    [("/admin/portal/tenant/", "/admin/portal/tenant/"), ("https://evil.example/", "/admin/")],
)
def test_people_arrive_where_they_were_going_and_never_elsewhere(client, viewer, onward, arrives):
    reply = client.post(
        f"{reverse(LOGIN)}?next={onward}",
        {"username": "viewer", "password": "viewer-password", "next": onward},
    )
    assert reply["Location"] == arrives


def test_someone_whose_last_role_is_taken_is_out_at_once(client_for, viewer):
    client = client_for(viewer)
    assert client.get(reverse("admin:index")).status_code == 200
    viewer.grants.all().delete()
    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get(reverse(LOGIN)).status_code == 200
