"""S21 and S37: malformed bodies and headers at the doors for machines, and how often they may be knocked at."""

import itertools
import json

import pytest
from django.test import Client

from integrations.api import clients
from integrations.models import Hook, Run, WebhookAddress
from integrations.webhooks import inbox
from reconciliation.models import Customer, Job
from tests.attacks.counts import scaled
from tests.attacks.nasty import NASTY
from tests.integrations.test_find import connect
from tests.integrations.test_webhooks_in import KEY, signed
from tests.reconciliation import shop

pytestmark = pytest.mark.django_db

DEEP = b"[" * 20_000 + b"]" * 20_000
BODIES = {
    "nothing": b"",
    "a blank": b" ",
    "no UTF-8": b"\xff\xfe\xfa",
    "a mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "NUL": b"\x00",
    "NUL in a text": b'{"eventType": "a\\u0000b", "data": {"id": "\\u0000"}}',
    "raw NUL": b'{"a": "\x00"}',
    "lone surrogate": b'{"eventType": "\\ud800"}',
    "deep lists": DEEP,
    "deep objects": b'{"a":' * 12_000 + b"1" + b"}" * 12_000,
    "unclosed": b'{"data": {"id": ',
    "keys twice": b'{"data": {"id": 1}, "data": {"id": 2}, "data": 3}',
    "NaN": b'{"data": {"id": NaN}}',
    "Infinity": b'{"data": {"id": -Infinity}}',
    "1e400": b'{"data": {"id": 1e400}}',
    "above 2^63": b'{"data": {"id": 92233720368547758079223372036854775807}}',
    "minus": b'{"data": {"id": -0}}',
    "a list": b"[1, 2]",
    "a text": b'"x"',
    "a number": b"7",
    "null": b"null",
    "true": b"true",
    "empty": b"{}",
    "wrong types": b'{"eventType": {"a": 1}, "data": [1], "id": {"x": null}}',
    "data null": b'{"data": null, "eventType": null}',
    "id a list": b'{"data": {"id": [1, [2]]}}',
    "id an object": b'{"data": {"id": {"id": 1}}}',
    "id a text": b'{"data":{"id":"x"}}',
    "endless text": b'{"eventType": "' + b"x" * 50_000 + b'"}',
    "endless key": b'{"' + b"k" * 50_000 + b'": 1}',
    "unknown event": b'{"eventType": "moon.landed", "data": {"id": 1}}',
    "prototype": b'{"__proto__": {"x": 1}, "__class__": "x"}',
    "a form": b"a=1&b=2",
    "XML": b"<a/>",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
}
TYPES = (
    "application/json", "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "multipart/form-data", "application/json; charset=utf-16", "application/json; charset=nonsense",
    "application/xml", "x" * 300,
)  # fmt: skip
SIGNATURES = (
    None, "", "x", "0" * 64, "z" * 64, "sha256=", "sha256=" + "0" * 63, "☃" * 32, "v0=" + "0" * 64, "t=" + "9" * 300,
    "v1=a,v1=b", "\t", "0" * 5000, "=" * 44, "AAAA", "null", "0" * 64 + "\x00",
)  # fmt: skip


@pytest.fixture
def address(tenant):
    return WebhookAddress.objects.create(connection=connect(tenant), key=KEY)


def test_no_malformed_webhook_breaks_anything_and_none_unsigned_is_followed(address, count, monkeypatch):
    monkeypatch.setattr(inbox, "A_MINUTE", 10**6)
    browser, answers = Client(raise_request_exception=False), []
    url = f"/webhooks/servicetitan/{address.token}"
    for what, body in BODIES.items():
        for type_, signature in itertools.zip_longest(TYPES, SIGNATURES):
            given = {} if signature is None else {"x-servicetitan-signature": signature}
            reply = browser.generic(
                "POST", url, body, content_type=type_ or "application/json", headers=given
            )
            answers.append((what, signature, reply.status_code))
            refused = (400, 401, 413) if type_ and type_.startswith("multipart") else (401,)
            assert reply.status_code in ((400, 413) if len(body) > inbox.LARGEST else refused), answers[-1]
    assert not Hook.objects.exclude(state=Hook.State.REFUSED).exists()
    assert Hook.objects.count() <= inbox.REFUSED_KEPT + 1
    assert inbox.follow() == 0
    assert not Run.objects.exists()
    count("S21", "malformed webhooks without a good signature", len(answers), "5xx or followed")


def test_a_malformed_webhook_that_is_well_signed_is_kept_and_breaks_nothing(address, count, monkeypatch):
    monkeypatch.setattr(inbox, "A_MINUTE", 10**6)
    browser, tried = Client(raise_request_exception=False), 0
    url = f"/webhooks/servicetitan/{address.token}"
    for body, event in itertools.product(
        BODIES.values(), ("", "job.completed", NASTY[7], "x" * 5000, "☃", "..//%00")
    ):
        headers = {
            "x-servicetitan-signature": signed(body),
            **({"x-servicetitan-event": event} if event else {}),
        }
        reply = browser.generic("POST", url, body, content_type="application/json", headers=headers)
        tried += 1
        assert reply.status_code == (413 if len(body) > inbox.LARGEST else 200), (
            body[:40],
            event,
            reply.exc_info,
        )
    inbox.follow()
    kept = Hook.objects.count()
    browser.generic(
        "POST",
        url,
        b"{}",
        content_type="application/json",
        headers={"x-servicetitan-signature": signed(b"{}")},
    )
    assert Hook.objects.count() == kept, "the same once more is a duplicate"
    count("S21", "malformed webhooks with a good signature", tried, "5xx")


def a_booking(tenant):
    kinds = {kind: shop.item(tenant, kind).pk for kind in ("job_type", "business_unit", "campaign")}
    payer = shop.customer(tenant)
    window = {"start": "2027-03-04T09:00:00Z", "end": "2027-03-04T12:00:00Z"}
    place = {"id": shop.location(tenant, payer).pk}
    return {**kinds, "customer": {"id": payer.pk}, "location": place, "arrival_window": window}


@pytest.fixture
def caller(tenant, settings):
    settings.API_CALLS_A_MINUTE = 10**6
    _, token = clients.create(tenant, "website")
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})


def test_no_malformed_call_breaks_the_api(caller, tenant, count):
    tried = 0
    for what, body in BODIES.items():
        for type_ in TYPES:
            for key in (
                {},
                {
                    "Idempotency-Key": NASTY[tried % len(NASTY)]
                    .encode("ascii", "ignore")
                    .decode()
                    .strip("\r\n")
                    or "k"
                },
            ):
                headers = {name: value.replace("\r", "").replace("\n", "") for name, value in key.items()}
                reply = caller.generic(
                    "POST", "/api/v1/jobs", body, content_type=type_ or "application/json", headers=headers
                )
                tried += 1
                assert 400 <= reply.status_code < 500, (what, type_, reply.status_code, reply.exc_info)
                assert reply["Content-Type"] == "application/problem+json"
    assert (Job.objects.count(), Customer.objects.count()) == (0, 0)
    count("S21", "malformed calls of the API", tried, "5xx or stored")


def test_no_nasty_member_of_a_right_booking_breaks_the_api(caller, tenant, count):
    good = a_booking(tenant)
    odd = (*NASTY, None, [], {}, True, -1, 0, 2**63, 10**30, 1.5, ["x"] * 50, {"id": {"id": 1}}, "\ud800")
    members = (
        ("summary",), ("customer_po",), ("job_type",), ("priority",), ("lead_source",), ("customer",), ("customer", "id"),
        ("customer", "name"), ("customer", "phone"), ("customer", "email"), ("location",), ("location", "id"),
        ("location", "address"), ("arrival_window",), ("arrival_window", "start"), ("arrival_window", "end"),
    )  # fmt: skip
    tried = 0
    for at, member in enumerate(members):
        for value in odd[at % 9 :: scaled(9, 1)]:
            body = json.loads(json.dumps(good))
            place = body
            for name in member[:-1]:
                place = place[name]
            place[member[-1]] = value
            reply = caller.generic("POST", "/api/v1/jobs", json.dumps(body), content_type="application/json")
            tried += 1
            assert reply.status_code in (201, 400, 413, 422), (
                member,
                value,
                reply.status_code,
                reply.exc_info,
            )
    for number in (*NASTY, "9" * 19, "-1", "1.0", "0x1", "\uff11"):
        reply = caller.get(f"/api/v1/jobs/{number.replace(chr(0), '')}".replace("#", ""))
        tried += 1
        assert reply.status_code in (400, 404, 405), (number, reply.status_code)
    count("S21", "nasty members of a right booking", tried, "5xx")


@pytest.mark.parametrize(
    "token",
    ["", "x", "tl_", "tl_" + "x" * 43, "tl_☃", "\x00", "x" * 9000, "Bearer x", "tl_' OR 1=1 --", "null"],
)
def test_no_odd_token_opens_the_api_or_breaks_it(token, tenant, count):
    clients.create(tenant, "website")
    for scheme in ("Bearer ", "bearer ", "Basic ", "", "Token "):
        reply = Client(raise_request_exception=False).get(
            "/api/v1/jobs/1", headers={"Authorization": f"{scheme}{token}"}
        )
        assert reply.status_code == 401, (scheme, token)
    count("S21", "odd tokens", 5, "let in or 5xx")


def test_more_calls_than_a_minute_allows_are_turned_away(tenant, settings, count):
    settings.API_CALLS_A_MINUTE = 20
    _, token = clients.create(tenant, "website")
    browser = Client(headers={"Authorization": f"Bearer {token}"})
    statuses = [browser.get("/api/v1/jobs/1").status_code for _ in range(60)]
    assert statuses.count(404) <= 40, "at most two minutes' worth, where the minute ended meanwhile"
    assert statuses.count(429) >= 20
    assert browser.get("/api/v1/jobs/1").headers.get("Retry-After")
    count("S37", "calls of the API beyond its limit", 60 - 20, "taken")


def test_more_webhooks_than_a_minute_allows_are_turned_away_and_not_stored(address, monkeypatch, count):
    monkeypatch.setattr(inbox, "A_MINUTE", 20)
    url = f"/webhooks/servicetitan/{address.token}"
    statuses = []
    for number in range(60):
        body = json.dumps({"eventId": number}).encode()
        reply = Client().generic(
            "POST",
            url,
            body,
            content_type="application/json",
            headers={"x-servicetitan-signature": signed(body)},
        )
        statuses.append(reply.status_code)
    assert Hook.objects.count() == statuses.count(200) <= 40
    assert statuses.count(429) >= 20
    count("S37", "webhooks beyond the limit of their address", 60 - 20, "taken")
