"""Webhooks: signed, tried again on the published schedule, and given up after its end."""

import base64
import hashlib
import hmac

import orjson
import pytest
from werkzeug.wrappers import Request, Response

from integrations.sandbox.server import running
from integrations.sandbox.servicetitan.webhooks import RETRIES, Delivery, Subscription, send

KEY = "0123456789abcdef0123456789abcdef"


class Receiver:
    """Answers with the given statuses in turn, the last for ever, and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.seen = list(statuses), []

    def __call__(self, environ, start_response):
        request = Request(environ)
        self.seen.append((request.get_data(), dict(request.headers)))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Response(b"", status)(environ, start_response)


def test_nobody_listening_is_tried_at_each_time_of_the_schedule_and_given_up():
    waits = []
    delivery = Delivery("customers.updated", b"{}")
    send(
        Subscription("http://127.0.0.1:1/", KEY), delivery, pause=lambda seconds: bool(waits.append(seconds))
    )
    assert tuple(waits) == RETRIES == (10.0, 30.0, 60.0, 300.0)
    assert delivery.statuses == [0] * 5
    assert not delivery.delivered


def test_a_refusal_is_tried_again_until_it_is_taken_with_the_same_bytes():
    receiver = Receiver(500, 503, 204)
    delivery = Delivery("jobs.updated", b'{"eventId":"1"}')
    with running(receiver) as url:
        send(Subscription(url, KEY), delivery, pause=lambda seconds: False)
    assert delivery.statuses == [500, 503, 204]
    assert {body for body, _ in receiver.seen} == {delivery.body}


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_the_signature_is_hmac_sha256_of_the_raw_body(encoding):
    receiver = Receiver(200)
    with running(receiver) as url:
        send(
            Subscription(url, KEY, header="X-ST-Signature", encoding=encoding),
            Delivery("jobs.updated", b"[1]"),
        )
    body, headers = receiver.seen[0]
    digest = hmac.new(KEY.encode(), body, hashlib.sha256).digest()
    assert headers["X-St-Signature"] == (
        digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    )


def test_a_change_tells_the_subscriber_which_row(caller):
    control, receiver = caller.sandbox.control, Receiver(200)
    row_id = control.rows("customers")[0]["id"]
    with running(receiver) as url:
        control.subscribe(url, KEY)
        control.change("customers", row_id, name="Ada")
        assert control.deliveries[0].done.wait(5)
    sent = orjson.loads(receiver.seen[0][0])
    assert (sent["eventType"], sent["tenantId"], sent["data"]) == (
        "customers.updated",
        900001,
        {"id": row_id},
    )
