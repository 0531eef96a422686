"""One attempt of one call: bytes out, the whole reply back, bounded in time and size.

Redirects are not followed (credentials would travel with them). Every way in which a connection can fail
becomes a `RemoteError` that says whether the call may have taken effect. Query strings, in which some systems want
passwords, are in no log, whoever writes it.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import local
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from integrations.connectors.errors import RemoteError, Who

CHUNK = 262_144
_QUERY = re.compile(r"\?[^\s'\"]*")


class _WithoutQueries(logging.Filter):
    """Cuts query strings out of what a library logs of its calls."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), None
        return True


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_WithoutQueries())


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent. `json`, `form`, `csv` and `xml` exclude each other.

    `text` is for replies that are text, `raw` for those whose bytes are wanted as they came. `extra` are headers of
    this call alone. `repeatable` marks calls that may be sent twice without harm; `empty_ok` is for writes that answer
    nothing; `paced` is False for calls outside the remote's rate limit (a token endpoint).
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: str | None = field(default=None, repr=False)
    csv: str | None = field(default=None, repr=False)
    xml: str | None = field(default=None, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    empty_ok: bool = False
    text: bool = False
    raw: bool = False
    paced: bool = True

    @property
    def place(self) -> str:
        """Method and path, without host and query: fit for a log."""
        return f"{self.method} {urlsplit(self.url).path}"

    def body(self) -> bytes | None:
        for written in (self.form, self.csv, self.xml):
            if written is not None:
                return written.encode()
        return None if self.json is None else orjson.dumps(self.json)

    def headers(self) -> dict[str, str]:
        accepted = "*/*" if self.raw else "text/csv" if self.text else "application/json"
        found = {"Accept": accepted, "User-Agent": "Trunkline/1"}
        if self.csv is not None:
            found["Content-Type"] = "text/csv; charset=UTF-8"
        elif self.form is not None:
            found["Content-Type"] = "application/x-www-form-urlencoded"
        elif self.xml is not None:
            found["Content-Type"] = "application/xml"
        elif self.json is not None:
            found["Content-Type"] = "application/json"
        return {**found, **self.extra}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: status, headers (any case), whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes of one attempt. `read` outlasts the remote's own time-out, so that it is heard."""

    connect: float = 6.0
    read: float = 105.0
    max_bytes: int = 96 * 1024 * 1024


class Transport:
    """Sends single attempts. Safe to use from many threads: each has a session and its connections."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._local = local()
        self._sessions: WeakSet[requests.Session] = WeakSet()

    def close(self) -> None:
        """Close every thread's connections."""
        for session in list(self._sessions):
            session.close()

    def exchange(self, call: Call, credentials: Mapping[str, str], seconds: float) -> Reply:
        """Send `call` once and read its reply within `seconds`. Raises RemoteError.

        What requests raises is dropped, not chained: its text has the whole address, query and all.
        """
        deadline = self._clock() + seconds
        opened = self._opened(call, credentials, seconds)
        if isinstance(opened, RemoteError):
            raise opened
        try:
            found = self._whole(opened, call, deadline)
        finally:
            opened.close()  # gives the connection back if the body was read to its end, else drops it
        if isinstance(found, RemoteError):
            raise found
        return found

    def _opened(
        self, call: Call, credentials: Mapping[str, str], seconds: float
    ) -> requests.Response | RemoteError:
        try:
            return self._session().request(
                call.method,
                call.url,
                params=dict(call.params),
                data=call.body(),
                headers={**call.headers(), **credentials},
                timeout=(min(self.limits.connect, seconds), min(self.limits.read, seconds)),
                allow_redirects=False,
                stream=True,
                proxies=self._proxies(call.url),
            )
        except requests.RequestException as error:
            return _not_answered(call, error)

    def _whole(self, response: requests.Response, call: Call, deadline: float) -> Reply | RemoteError:
        try:
            return Reply(response.status_code, response.headers, self._read(response, call, deadline))
        except (requests.RequestException, HTTPError, OSError) as error:
            return _cut_off(call, error)

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # a .netrc must never replace our Authorization header
            adapter = HTTPAdapter(pool_connections=4, pool_maxsize=2)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
            self._sessions.add(session)
            self._local.proxies = {}
        return session

    def _proxies(self, url: str) -> dict[str, str]:
        """The environment's proxies, read once per host: looking them up costs as much as sending."""
        host = urlsplit(url).netloc
        cache: dict[str, dict[str, str]] = self._local.proxies
        if host not in cache:
            cache[host] = dict(get_environ_proxies(url))
        return cache[host]

    def _read(self, response: requests.Response, call: Call, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.limits.max_bytes:
                raise _too_large(call, self.limits.max_bytes)
            if self._clock() > deadline:
                raise _timed_out(call, "the reply was still coming when its time was over")
        return b"".join(parts)


def _not_answered(call: Call, error: requests.RequestException) -> RemoteError:
    details = f"{call.place}: {type(error).__name__}"
    if isinstance(error, requests.exceptions.SSLError):
        message = "The system's certificate was refused. Check the address, and this machine's clock."
        return RemoteError(Who.FIX_CONFIGURATION, "certificate_refused", message, details=details)
    if _never_connected(error):
        message = "The system could not be reached. Trunkline tries again by itself."
        return RemoteError(Who.RETRY_LATER, "unreachable", message, details=details)
    if isinstance(error, requests.Timeout):
        return _timed_out(call, type(error).__name__)
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return _cut_off(call, error)
    message = "The call could not be put together. Check the connection's credentials for stray characters."
    return RemoteError(Who.FIX_CONFIGURATION, "bad_request_parts", message, details=details)


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


def _timed_out(call: Call, why: str) -> RemoteError:
    message = "The system did not answer in time. Trunkline tries again by itself."
    details = f"{call.place}: {why}"
    return RemoteError(Who.RETRY_LATER, "timeout", message, details=details, unknown=not call.repeatable)


def _cut_off(call: Call, error: Exception) -> RemoteError:
    if isinstance(error, (ReadTimeoutError, requests.Timeout, TimeoutError)):
        return _timed_out(call, type(error).__name__)
    message = "The connection to the system broke. Trunkline tries again by itself."
    details = f"{call.place}: {type(error).__name__}"
    return RemoteError(
        Who.RETRY_LATER, "connection_lost", message, details=details, unknown=not call.repeatable
    )


def _too_large(call: Call, most: int) -> RemoteError:
    message = "The system sent a reply larger than Trunkline takes. Use a smaller page size."
    details = f"{call.place}: more than {most} bytes"
    return RemoteError(Who.OUR_BUG, "reply_too_large", message, details=details, unknown=not call.repeatable)
