"""Who may call: the app, the merchants' credentials for it, tokens and scopes.

Route of a call: app key -> token -> tenant -> app enabled -> scope. The first that fails decides the answer.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from integrations.sandbox.servicetitan.replies import Refused
from integrations.sandbox.servicetitan.resources import READ_SCOPES, WRITE_SCOPES

TENANT = 900001
APP_KEY = "ak1.sandbox"
CLIENT_ID = "cid.sandbox"
CLIENT_SECRET = "cs1.sandbox"
APPLICATION_GUID = "5a9db0c5-7a1d-4c0e-9a51-000000900001"
ALL_SCOPES: tuple[str, ...] = tuple(sorted((*READ_SCOPES, *WRITE_SCOPES)))


@dataclass(slots=True)
class Client:
    """One merchant's credentials for the app. Two secrets may be good at a time, for rotation."""

    id: str
    tenant: int
    secrets: list[str] = field(repr=False)
    scopes: tuple[str, ...] = ALL_SCOPES
    enabled: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    client: Client
    scopes: tuple[str, ...]
    expires: float


class Access:
    def __init__(self, now: Callable[[], float], token_life: float, tenant: int = TENANT) -> None:
        self._now, self.token_life = now, token_life
        self._lock = Lock()
        self._tokens: dict[str, Token] = {}
        self.tenant = tenant
        self.app_key = APP_KEY
        self.app_scopes: tuple[str, ...] = ALL_SCOPES
        self.app_version = 1
        self.clients = {CLIENT_ID: Client(CLIENT_ID, tenant, [CLIENT_SECRET])}

    def publish(self, scopes: tuple[str, ...]) -> None:
        """The developer edits the app's scopes: a new version, which each merchant has yet to accept."""
        self.app_scopes, self.app_version = scopes, self.app_version + 1

    def upgrade(self, client_id: str) -> None:
        """The merchant's admin accepts the app's newest version; id and secret stay."""
        client = self.clients[client_id]
        client.scopes, client.version = self.app_scopes, self.app_version

    def allow(self) -> tuple[Client, str]:
        """The merchant's admin presses Allow: fresh credentials, whose secret is shown this once."""
        client = Client(
            f"cid.{secrets.token_hex(12)}", self.tenant, [], self.app_scopes, version=self.app_version
        )
        self.clients[client.id] = client
        return client, self.new_secret(client.id)

    def new_secret(self, client_id: str) -> str:
        """Generate a secret; the newest two stay good."""
        secret = f"cs1.{secrets.token_hex(24)}"
        client = self.clients[client_id]
        client.secrets = [*client.secrets[-1:], secret]
        return secret

    def token(self, client_id: str, client_secret: str) -> Token | None:
        """A fresh token, or None for credentials that are not good. A disabled app gets none either."""
        client = self.clients.get(client_id)
        good = client is not None and any(secrets.compare_digest(s, client_secret) for s in client.secrets)
        if client is None or not good:
            return None
        token = Token(f"eyJ{secrets.token_urlsafe(48)}", client, client.scopes, self._now() + self.token_life)
        with self._lock:
            for value in [old.value for old in self._tokens.values() if old.expires <= self._now()]:
                del self._tokens[value]
            self._tokens[token.value] = token
        return token

    def expire_tokens(self) -> None:
        with self._lock:
            self._tokens.clear()

    def check(self, authorization: str, app_key: str, tenant: int, scope: str) -> Token:
        """Raises Refused 401 or 403."""
        scheme, _, rest = authorization.strip().partition(" ")
        value = rest.strip() if scheme.lower() == "bearer" and rest else authorization.strip()
        with self._lock:
            token = self._tokens.get(value)
        if app_key != self.app_key:
            raise Refused(401, "The application key is missing or unknown.")
        if token is None or token.expires <= self._now():
            raise Refused(401, "The access token is missing, unknown or expired.")
        if token.client.tenant != tenant:
            raise Refused(403, "The access token belongs to another tenant.")
        if not token.client.enabled:
            raise Refused(403, "The application is disabled for this tenant.")
        if scope not in token.scopes:
            raise Refused(403, f"The scope {scope} was not granted.")
        return token
