from django.urls import reverse

from portal import login
from portal.models import User

LOGIN = "admin:login"


def attempt(client, username, password, **extra):
    return client.post(reverse(LOGIN), {"username": username, "password": password}, **extra)


def test_guessing_is_slowed_down_and_the_right_password_then_waits_too(client, owner):
    for _ in range(login.TRIES):
        assert "enter a correct" in attempt(client, "owner", "wrong").content.decode()
    reply = attempt(client, "owner", "owner-password")
    assert reply.status_code == 200
    assert "Wait ten minutes" in reply.content.decode()


def test_guessing_at_one_name_does_not_lock_out_others_or_other_addresses(client, owner, colleague):
    for _ in range(login.TRIES):
        attempt(client, "owner", "wrong")
    assert attempt(client, "owner", "owner-password", REMOTE_ADDR="10.0.0.9").status_code == 302
    assert attempt(client, "colleague", "colleague-password").status_code == 302


def test_someone_without_a_role_is_told_what_to_do(client, db):
    User.objects.create_user("nobody", password="nobody-password")
    reply = attempt(client, "nobody", "nobody-password")
    assert "Ask the person who invited you" in reply.content.decode()


def test_a_person_with_any_role_gets_in(client, viewer):
    assert attempt(client, "viewer", "viewer-password")["Location"] == reverse("admin:index")


def test_someone_whose_last_role_is_taken_is_out_at_once(client_for, viewer):
    client = client_for(viewer)
    assert client.get(reverse("admin:index")).status_code == 200
    viewer.grants.all().delete()
    assert client.get(reverse("admin:index")).status_code == 302
