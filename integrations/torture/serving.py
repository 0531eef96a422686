"""The web server of a torture: the portal's own application, in a process that may die at any moment."""

import socket
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """What fails is seen by who called."""


class Server(ThreadedWSGIServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who left."""


def application() -> WSGIApplication:
    from django.core.wsgi import get_wsgi_application

    app: WSGIApplication = get_wsgi_application()
    return app


def serve(app: WSGIApplication, listening: socket.socket) -> None:
    host, port = listening.getsockname()
    Server(host, port, app, handler=Handler, fd=listening.fileno()).serve_forever()
