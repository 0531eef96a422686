"""Whatever goes wrong under /api/ is a problem document; tokens open what they should and nothing else."""

import pytest
from django.test import Client

from integrations.api import clients
from integrations.models import ApiClient
from portal.models import AuditEntry
from tests.integrations.bookings import URL, caller_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(tenant):
    return caller_for(tenant)


def is_problem(reply, status: int) -> dict:
    assert (reply.status_code, reply["Content-Type"]) == (status, "application/problem+json"), reply.content
    document = reply.json()
    assert document["status"] == status
    assert {"type", "title", "detail", "instance", "request_id"} <= document.keys()
    assert reply["X-Request-Id"] == document["request_id"]
    assert not reply.cookies
    return document


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Bearer", "Bearer tl_wrong", "Bearer caf\u00e9"])
def test_a_call_without_a_valid_token_is_401_and_says_how(header):
    reply = Client().get(f"{URL}/1", headers={} if header is None else {"Authorization": header})
    is_problem(reply, 401)
    assert reply["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing_at_once(caller):
    assert caller.get(f"{URL}/1").status_code == 404
    assert clients.revoke(caller.client)
    is_problem(caller.get(f"{URL}/1"), 401)
    assert not clients.revoke(caller.client)
    assert AuditEntry.objects.filter(action="api_client.revoked").count() == 1


def test_a_person_who_is_logged_in_gets_nothing_without_a_token(owner, client_for):
    is_problem(client_for(owner).get(f"{URL}/1"), 401)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/nothing", "/api/v2/jobs", f"{URL}/1", f"{URL}/abc", f"{URL}/{10**30}"]
)
def test_what_is_not_there_is_404(caller, path):
    is_problem(caller.get(path), 404)


def test_a_method_that_an_address_does_not_take_is_405_and_names_those_it_takes(caller):
    reply = Client().delete(URL, headers=caller.headers)
    is_problem(reply, 405)
    assert reply["Allow"] == "POST"


def test_a_body_that_is_no_json_is_400(caller):
    is_problem(caller.post("{"), 400)


@pytest.mark.parametrize("body", ["[]", "null", "17", '{"customer": 4}', '"\\ud800"'])
def test_a_body_of_another_shape_is_422_or_400_and_names_fields(caller, body):
    reply = caller.post(body, key="k")
    assert is_problem(reply, reply.status_code)["status"] in {400, 422}
    assert reply.status_code == 400 or reply.json()["errors"]


def test_a_body_that_is_too_large_is_413(tenant, caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    is_problem(caller.post({"summary": "x" * 2000}), 413)


def test_too_many_calls_are_429_and_say_when_to_come_back(caller, settings):
    settings.API_CALLS_A_MINUTE = 2
    replies = [caller.get(f"{URL}/1") for _ in range(5)]
    limited = [reply for reply in replies if reply.status_code == 429]
    assert len(limited) >= 1
    is_problem(limited[0], 429)
    assert 1 <= int(limited[0]["Retry-After"]) <= 60


def test_our_own_failure_is_500_without_a_word_of_what_broke(caller, monkeypatch):
    def breaks(*args):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("integrations.api.jobs.shown", breaks)
    reply = caller.get(f"{URL}/1")
    is_problem(reply, 500)
    assert b"secret of the house" not in reply.content


def test_a_host_that_is_not_ours_is_400(caller):
    is_problem(Client(headers={"Host": "evil.example"}).get(f"{URL}/1"), 400)


def test_the_openapi_document_tells_of_every_call_and_needs_no_token():
    document = Client().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert {(path, verb) for path, verbs in document["paths"].items() for verb in verbs} == {
        (URL, "post"),
        (f"{URL}/{{job_id}}", "get"),
    }
    post = document["paths"][URL]["post"]
    assert [parameter["name"] for parameter in post["parameters"]] == ["Idempotency-Key"]
    assert set(post["responses"]) >= {"201", "401", "409", "422", "429"}


def test_only_a_hash_of_a_token_is_kept(tenant):
    client, token = clients.create(tenant, "Website")
    row = ApiClient.objects.values().get(pk=client.pk)
    assert token not in str(row)
    assert token.startswith(row["prefix"])
    assert len(token) > len(row["prefix"]) + 30
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_call_notes_when_its_token_was_used(tenant, caller):
    caller.get(f"{URL}/1")
    caller.client.refresh_from_db()
    assert caller.client.last_used_at is not None
