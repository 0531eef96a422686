"""Single exchanges over real sockets: connections kept, bodies unpacked, sizes bounded."""

import gzip
import socket
from collections.abc import Callable
from contextlib import contextmanager
from threading import Thread

import pytest

from integrations.connectors.errors import RemoteError
from integrations.connectors.transport import Call, Limits, Transport


@contextmanager
def replying(reply: bytes):
    """A server that gives the same bytes to every request; yields its address and the connections it had."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve(peer: socket.socket) -> None:
        try:
            while peer.recv(65536):
                peer.sendall(reply)
                if b"Connection: close" in reply:
                    break
        except OSError:
            pass
        peer.close()

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            connections.append(peer)
            Thread(target=serve, args=(peer,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x", connections
    finally:
        listener.close()


def http(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def transport() -> Callable[..., Transport]:
    return lambda **limits: Transport(Limits(read=2.0, **limits))


def refusal(transport: Transport, url: str) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        transport.exchange(Call("GET", url, repeatable=True), {}, 5.0)
    transport.close()
    return caught.value


def test_a_small_reply_that_unpacks_to_a_huge_one_is_given_up(transport):
    bomb = gzip.compress(b"0" * 10_000_000)
    with replying(http(bomb, "Content-Encoding: gzip")) as (url, _):
        assert refusal(transport(max_bytes=1_000_000), url).reason == "reply_too_large"


def test_a_body_that_is_not_what_its_encoding_says_is_a_broken_connection(transport):
    with replying(http(b"not gzip at all", "Content-Encoding: gzip")) as (url, _):
        assert refusal(transport(), url).reason == "connection_lost"


def test_a_body_shorter_than_promised_is_a_broken_connection(transport):
    with replying(http(b'{"data": []}', "Connection: close", length=500)) as (url, _):
        assert refusal(transport(), url).reason == "connection_lost"


def test_an_answer_that_is_not_http_is_a_broken_connection(transport):
    with replying(b"220 mail.example.test ESMTP\r\n") as (url, _):
        assert refusal(transport(), url).reason == "connection_lost"


def test_an_unknown_host_is_unreachable(transport):
    assert refusal(transport(), "http://no-such-host.invalid/").reason == "unreachable"


def test_a_packed_body_is_unpacked(transport):
    packed = gzip.compress(b'{"data": [1]}')
    with replying(http(packed, "Content-Encoding: gzip")) as (url, _):
        reply = transport().exchange(Call("GET", url), {}, 5.0)
    assert reply.body == b'{"data": [1]}'


def test_a_body_in_chunks_is_put_together(transport):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with replying(chunked) as (url, _):
        reply = transport().exchange(Call("GET", url), {}, 5.0)
    assert reply.body == b"abcde"


def test_a_connection_is_kept_for_the_next_call(transport):
    client = transport()
    with replying(http(b"x" * 300_000)) as (url, connections):
        for _ in range(5):
            assert len(client.exchange(Call("GET", url), {}, 5.0).body) == 300_000
        assert len(connections) == 1
    client.close()
