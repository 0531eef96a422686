"""A threaded HTTP/1.1 server for the sandboxes, on werkzeug's.

Werkzeug's own handler closes every connection after one reply; clients that pool connections (and every
benchmark) need them kept, so this handler reads the whole request, answers with a Content-Length and goes on.
"""

import io
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from integrations.sandbox.tls import Pair

ABORT = "sandbox.abort"
"""Set in the WSGI environ by an application that wants the connection reset (`reset`) or cut short (`cut`)."""


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._read_body(environ))
        environ["wsgi.input_terminated"] = True
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers]
            return started.append

        body = b"".join(self.server.app(environ, start_response))
        if environ.get(ABORT) == "reset":
            self._reset()
            return
        self._send(started[0], started[1], body, cut=environ.get(ABORT) == "cut")

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):  # a chunked body: werkzeug has wrapped it
            return bytes(environ["wsgi.input"].read())
        return self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes, *, cut: bool) -> None:
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if cut:
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _reset(self) -> None:
        """Close with a TCP reset, as a crashing peer would, instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # the connection was reset on purpose or the client left

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing is logged, malformed requests neither: some systems take passwords in the query string."""


class Server(ThreadedWSGIServer):
    request_queue_size = 1024
    daemon_threads = True
    block_on_close = False

    def shutdown_request(self, request: Any) -> None:
        try:
            super().shutdown_request(request)
        except OSError:
            return


def make_server(host: str, port: int, app: WSGIApplication, tls: Pair | None = None) -> Server:
    server = Server(host, port, app, handler=Handler, ssl_context=tls)
    if isinstance(server.socket, ssl.SSLSocket):
        # Shake hands in the caller's thread, not in the one that accepts. The stubs leave the member out.
        server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
    return server


@dataclass(frozen=True, slots=True)
class Running:
    """A served application: its address, the certificate it shows (a path, with TLS only), and how to stop it."""

    url: str
    server: Server
    certificate: str = ""

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def start_in_thread(
    app: WSGIApplication, host: str = "127.0.0.1", port: int = 0, tls: Pair | None = None
) -> Running:
    """`tls`: paths of a certificate and its key, for https."""
    server = make_server(host, port, app, tls)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    scheme = "https" if tls else "http"
    return Running(f"{scheme}://{host}:{server.server_port}", server, tls[0] if tls else "")


@contextmanager
def running(
    app: WSGIApplication, host: str = "127.0.0.1", port: int = 0, tls: Pair | None = None
) -> Iterator[str]:
    """Serve `app` for the length of a `with` block; gives the base URL."""
    served = start_in_thread(app, host, port, tls)
    try:
        yield served.url
    finally:
        served.stop()
