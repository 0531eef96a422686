"""Who may call: the connected app, users, authorization codes, access and refresh tokens.

Route of a log-in: grant (grants.py) -> `Session` with an access token -> `check` on each call. Tokens slide: a call
within the session's life begins it anew.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from integrations.sandbox.salesforce.errors import Refused

CLIENT_ID = "3MVG9sandbox.Trunkline"
CLIENT_SECRET = "5A9DB0C57A1D4C0E"
USERNAME, PASSWORD, SECURITY_TOKEN = "integration@hartwell.example", "sandbox-password", "securitytoken"
CODE_LIFE = 900.0
MOST_APPROVALS = 5


@dataclass(slots=True)
class App:
    """The connected (or external client) app. `certificate` is the PEM public key of JWT bearers."""

    client_id: str = CLIENT_ID
    client_secret: str = field(default=CLIENT_SECRET, repr=False)
    callbacks: tuple[str, ...] = ()
    certificate: bytes = b""
    needs_pkce: bool = False
    rotates: bool = False
    scopes: tuple[str, ...] = ("api", "refresh_token", "id", "openid", "profile", "email", "web", "full")
    runs_as: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    user_id: str
    callback: str
    scope: str
    challenge: str
    expires: float


@dataclass(slots=True)
class Session:
    token: str = field(repr=False)
    user_id: str
    scope: str
    issued: float
    expires: float
    grant: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A standing approval: what a refresh token stands for."""

    user_id: str
    scope: str


class Access:
    """`now` in Unix seconds; `token_life` in seconds, sliding with use."""

    def __init__(self, now: Callable[[], float], token_life: float, org_id: str) -> None:
        self.now, self.token_life, self.org_id = now, token_life, org_id
        self.app = App()
        self.api_enabled = True
        self._lock = Lock()
        self._codes: dict[str, Code] = {}
        self.sessions: dict[str, Session] = {}
        self.grants: dict[str, Grant] = {}

    def authorize(self, code: Code) -> str:
        text = f"aPrx{secrets.token_urlsafe(40)}=="
        with self._lock:
            self._codes[text] = code
        return text

    def take_code(self, text: str) -> Code | None:
        """The code, which is good once."""
        with self._lock:
            return self._codes.pop(text, None)

    def open(self, user_id: str, scope: str, grant: str = "") -> Session:
        token = f"{self.org_id[:15]}!AQ{secrets.token_urlsafe(70)}"
        now = self.now()
        session = Session(token, user_id, scope, now, now + self.token_life, grant)
        with self._lock:
            self.sessions[token] = session
        return session

    def approve(self, user_id: str, scope: str) -> str:
        """A refresh token. The sixth of a user kills the oldest, silently."""
        text = f"5Aep861{secrets.token_urlsafe(60)}"
        with self._lock:
            own = [token for token, grant in self.grants.items() if grant.user_id == user_id]
            for old in own[: max(0, len(own) + 1 - MOST_APPROVALS)]:
                self._forget(old)
            self.grants[text] = Grant(user_id, scope)
        return text

    def revoke(self, token: str) -> bool:
        """Whether it was one of ours. A refresh token takes its access tokens with it."""
        with self._lock:
            if token in self.grants:
                self._forget(token)
                return True
            return self.sessions.pop(token, None) is not None

    def _forget(self, refresh_token: str) -> None:
        del self.grants[refresh_token]
        for token in [t for t, session in self.sessions.items() if session.grant == refresh_token]:
            del self.sessions[token]

    def revoke_all(self) -> None:
        """The admin withdraws every approval: refreshing answers invalid_grant from now on."""
        with self._lock:
            self.grants.clear()
            self.sessions.clear()

    def expire_tokens(self) -> None:
        """Access tokens die; refresh tokens live on."""
        with self._lock:
            self.sessions.clear()

    def session(self, authorization: str) -> Session | None:
        """The live session of an Authorization header; its life begins anew."""
        _, _, token = authorization.strip().partition(" ")
        with self._lock:
            session = self.sessions.get(token.strip())
            now = self.now()
            if session is None or session.expires <= now:
                return None
            session.expires = now + self.token_life
            return session

    def check(self, authorization: str) -> Session:
        """Raises Refused 401, or 403 where the API is off."""
        scheme = authorization.strip().partition(" ")[0].lower()
        if authorization and scheme not in {"bearer", "oauth"}:
            raise Refused("INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER")
        session = self.session(authorization)
        if session is None:
            raise Refused("INVALID_SESSION_ID", "Session expired or invalid")
        if not self.api_enabled:
            raise Refused("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization", 403)
        return session

    def signature(self, identity: str, issued_at: str) -> str:
        digest = hmac.new(self.app.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
        return base64.b64encode(digest.digest()).decode()


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
