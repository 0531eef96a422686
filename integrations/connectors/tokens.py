"""Access tokens by the client-credentials grant: fetched once however many ask, renewed before they end."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import orjson
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from integrations.connectors.base import Token
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.http import HttpClient
from integrations.connectors.transport import Call, Reply

RENEW_BEFORE = timedelta(seconds=60)
_ASSUMED_LIFE = 300.0


def now_utc() -> datetime:
    return datetime.now(UTC)


def renew_at(token: Token, fetched_at: datetime) -> datetime:
    """When to fetch the next one: 60 s before the end, or half-way through a life shorter than 120 s."""
    return token.expires_at - min(RENEW_BEFORE, (token.expires_at - fetched_at) / 2)


class InProcessTokenStore:
    """A `TokenStore` for the threads of one process."""

    def __init__(self, clock: Callable[[], datetime] = now_utc, grant: str = "") -> None:
        self._clock = clock
        self._grant = grant
        self._lock = Lock()
        self._held: tuple[Token, datetime] | None = None
        self._failures = 0
        self._failure: RemoteError | None = None

    def current(self, fetch: Callable[[], Token], *, stale: str | None = None) -> Token:
        failures = self._failures
        if (token := self._usable(stale)) is not None:
            return token
        with self._lock:
            if (token := self._usable(stale)) is not None:
                return token
            if self._failures != failures and self._failure is not None:
                raise self._failure  # the fetch that this caller waited for failed: it failed for all
            return self._fetch(fetch)

    def grant(self) -> str:
        return self._grant

    def _usable(self, stale: str | None) -> Token | None:
        held = self._held
        if held is None or held[0].value == stale or self._clock() >= held[1]:
            return None
        return held[0]

    def _fetch(self, fetch: Callable[[], Token]) -> Token:
        try:
            token = fetch()
        except RemoteError as error:
            self._failure = error
            self._failures += 1
            raise
        self._grant = token.grant or self._grant
        self._held = (token, renew_at(token, self._clock()))
        return token


def fetch_by_client_credentials(
    http: HttpClient, url: str, client_id: str, client_secret: str, system: str
) -> Token:
    """Ask `url` for a token. Raises RemoteError; neither it nor any log holds the credentials.

    The POST is sent by our own client, so that it is bounded, retried and never redirected; oauthlib builds
    the form and reads the reply.
    """
    oauth = BackendApplicationClient(client_id)
    form = oauth.prepare_request_body(include_client_id=True, client_secret=client_secret)
    call = Call("POST", url, form=form, repeatable=True, paced=False)
    answer = http.send(call, dict, classify=lambda call, reply: _classify(call, reply, system))
    try:
        return _token(oauth.parse_request_body_response(orjson.dumps(answer.data).decode()))
    except (OAuth2Error, TypeError, ValueError, AttributeError) as error:
        message = f"{system} answered the request for a token with something else. Check the token address."
        details = f"{call.place}: {type(error).__name__}"
        raise RemoteError(Who.FIX_CONFIGURATION, "no_token", message, details=details) from None


def _token(found: Mapping[str, Any]) -> Token:
    """Raises ValueError for a reply without a usable token."""
    value, life, scope = found["access_token"], found.get("expires_in"), found.get("scope") or ""
    if type(value) is not str or not value.isprintable() or not value.strip():
        raise ValueError("no usable token")
    seconds = float(life) if life else _ASSUMED_LIFE
    scopes = scope.split() if isinstance(scope, str) else [str(part) for part in scope]
    return Token(value, datetime.fromtimestamp(time.time() + seconds, UTC), tuple(scopes))


def _classify(call: Call, reply: Reply, system: str) -> RemoteError:
    """What a refused request for a token means."""
    error = _oauth_error(reply)
    details = f"{call.place}: {reply.status} {error}".rstrip()
    status = reply.status
    if status in {408, 429} or status >= 500:
        reason = "rate_limited" if status == 429 else "token_endpoint_down"
        message = f"{system} gives out no tokens at the moment. Trunkline tries again by itself."
        wait = reply.headers.get("Retry-After", "")
        return RemoteError(
            Who.RETRY_LATER,
            reason,
            message,
            details=details,
            status=status,
            retry_after=float(wait) if wait.isdigit() else None,
        )
    if error in {"invalid_client", "unauthorized_client", "access_denied"} or status in {401, 403}:
        message = (
            f"{system} did not accept the client id or the client secret. Compare both with the ones shown in "
            f"{system} for this tenant and environment, or have a new secret made, and store them again."
        )
        return RemoteError(
            Who.FIX_CONFIGURATION, "invalid_client", message, details=details, status=status, relink=True
        )
    if 300 <= status < 400:
        message = (
            f"{system}'s token address answers with a redirect, which is not followed. Check the address."
        )
        return RemoteError(Who.FIX_CONFIGURATION, "redirected", message, details=details, status=status)
    if status == 404:
        message = (
            "There is no token endpoint at this address. Check the connection's environment and address."
        )
        return RemoteError(
            Who.FIX_CONFIGURATION, "no_token_endpoint", message, details=details, status=status
        )
    message = f"{system} refused the request for a token. Show the details of this error to support."
    return RemoteError(Who.OUR_BUG, error or "token_refused", message, details=details, status=status)


def _oauth_error(reply: Reply) -> str:
    """The short error word of an OAuth reply; empty where there is none, so that nothing else leaks."""
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    word = found.get("error") if isinstance(found, dict) else None
    return word if isinstance(word, str) and word.isascii() and len(word) <= 40 else ""
