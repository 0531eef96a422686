"""A mail server that takes mail, refuses it, or falls silent once it has it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """`mails` are the texts that came; `mood` is take, refuse (the recipient) or vanish (after the text)."""

    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.mood = "take"
        super().__init__(("127.0.0.1", 0), Session)

    @property
    def port(self) -> int:
        return self.server_address[1]


class Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say("220 here")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"RCPT" and self.server.mood == "refuse":
                self.say("550 nobody of that name")
            elif word == b"DATA":
                self.say("354 go on")
                self.server.mails.append(self.text())
                if self.server.mood == "vanish":
                    return
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def text(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def served() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
