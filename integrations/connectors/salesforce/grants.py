"""Tokens from Salesforce: by a person's log-in, by client credentials, or by a signed assertion.

The route of a log-in: `begin` (address with PKCE and state) -> the person agrees at Salesforce -> code -> `finish`
-> first token with its refresh token (the grant). The route of a later token: the way's form -> POST -> token, with
the instance to use it at and, where the org rotates them, the next grant.

The POST is sent by our own client, so that it is bounded, retried and never redirected. Salesforce tells no expiry: a
token is used until it is refused.
"""

import base64
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from integrations.connectors.base import Token
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.http import HttpClient, Policy
from integrations.connectors.salesforce import hosts
from integrations.connectors.salesforce.refusals import classify, no_grant
from integrations.connectors.spec import WAY, Addresses, Begun
from integrations.connectors.transport import Call

BY_LOG_IN, BY_CLIENT, BY_CERTIFICATE = "log_in", "client_credentials", "certificate"
SCOPES = ["api", "refresh_token", "id"]
ASSUMED_LIFE = timedelta(hours=12)
AT_A_DESK = Policy(attempts=2, budget=20.0)
"""For calls that a person waits for."""
_ASSERTION_LIFE = 170
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class SalesforceLogIn:
    """Implements `spec.LogIn`: authorization code with PKCE and state."""

    def begin(self, credentials: Mapping[str, str], addresses: Addresses, redirect_uri: str) -> Begun:
        origin = hosts.log_in_origin(credentials, addresses)
        session = OAuth2Session(
            credentials["client_id"], redirect_uri=redirect_uri, scope=SCOPES, pkce="S256"
        )
        # oauthlib builds no address without TLS; an allowed host without it is a sandbox on this machine.
        url, state = session.authorization_url(f"https://{urlsplit(origin).netloc}{hosts.AUTHORIZE}")
        return Begun(url.replace("https:", f"{urlsplit(origin).scheme}:", 1), state, session._code_verifier)

    def finish(
        self,
        credentials: Mapping[str, str],
        addresses: Addresses,
        redirect_uri: str,
        code: str,
        verifier: str,
    ) -> Token:
        body = WebApplicationClient(credentials["client_id"]).prepare_request_body(
            code=code, redirect_uri=redirect_uri, code_verifier=verifier, **_secret(credentials)
        )
        http = HttpClient(classify, policy=AT_A_DESK)
        try:
            token = _ask(http, credentials, addresses, body, repeatable=False)
        finally:
            http.close()
        if not token.grant:
            raise no_grant()
        return token


def fetch(http: HttpClient, credentials: Mapping[str, str], addresses: Addresses, grant: str) -> Token:
    """The next access token, by the connection's way. Raises RemoteError."""
    match credentials.get(WAY):
        case "client_credentials":
            form = {"grant_type": "client_credentials", **_client(credentials)}
        case "certificate":
            form = {"grant_type": _JWT, "assertion": assertion(credentials, addresses, time.time())}
        case _:
            if not grant:
                raise no_grant()
            form = {"grant_type": "refresh_token", "refresh_token": grant, **_client(credentials)}
    return _ask(http, credentials, addresses, urlencode(form), repeatable=True)


def revoke(credentials: Mapping[str, str], addresses: Addresses, grant: str) -> None:
    """End a grant at Salesforce; one that is unknown there is ended already. Raises RemoteError."""
    if not grant:
        return
    url = hosts.log_in_origin(credentials, addresses) + hosts.REVOKE
    http = HttpClient(classify, policy=AT_A_DESK)
    try:
        form = urlencode({"token": grant})
        http.send(Call("POST", url, form=form, repeatable=True, empty_ok=True, paced=False), dict)
    except RemoteError as error:
        if error.status != 400:
            raise
    finally:
        http.close()


def _client(credentials: Mapping[str, str]) -> dict[str, str]:
    return {"client_id": credentials["client_id"], **_secret(credentials)}


def _secret(credentials: Mapping[str, str]) -> dict[str, str]:
    secret = credentials.get("client_secret", "")
    return {"client_secret": secret} if secret else {}


def _ask(
    http: HttpClient, credentials: Mapping[str, str], addresses: Addresses, form: str, *, repeatable: bool
) -> Token:
    url = hosts.log_in_origin(credentials, addresses) + hosts.TOKEN
    answer = http.send(
        Call("POST", url, form=form, repeatable=repeatable, paced=False), dict, classify=classify
    )
    try:
        return token_of(answer.data, credentials, addresses)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, AddressRefused):
            raise RemoteError(Who.FIX_CONFIGURATION, "foreign_address", str(error)) from None
        message = "Salesforce answered the request for a token with something else. Check the environment and address."
        raise RemoteError(
            Who.FIX_CONFIGURATION, "no_token", message, details=f"{url}: {type(error).__name__}"
        ) from None


def token_of(found: Mapping[str, Any], credentials: Mapping[str, str], addresses: Addresses) -> Token:
    """Read a token's reply. Raises ValueError, KeyError or TypeError for what is none, AddressRefused."""
    value = found["access_token"]
    if type(value) is not str or not value.isprintable() or not value.strip():
        raise ValueError("no usable token")
    identity = str(found.get("id") or "")
    _check_signature(found, identity, credentials.get("client_secret", ""))
    return Token(
        value,
        datetime.now(UTC) + ASSUMED_LIFE,
        tuple(sorted(str(found.get("scope") or "").split())),
        address=hosts.instance(str(found["instance_url"]), addresses),
        grant=str(found.get("refresh_token") or ""),
        account_id=identity.rstrip("/").split("/")[-2] if identity.count("/") > 3 else "",
    )


def _check_signature(found: Mapping[str, Any], identity: str, secret: str) -> None:
    """The reply's own proof that `id` belongs to it, where it brings one that can be checked."""
    signature, issued = found.get("signature"), found.get("issued_at")
    if not (signature and issued and secret):
        return
    made = hmac.new(secret.encode(), f"{identity}{issued}".encode(), sha256).digest()
    if not hmac.compare_digest(base64.b64encode(made).decode(), str(signature)):
        raise ValueError("the signature does not fit")


def assertion(credentials: Mapping[str, str], addresses: Addresses, now: float) -> str:
    """A signed statement of who asks: RS256, good for some three minutes. Raises RemoteError."""
    claims = {
        "iss": credentials["client_id"],
        "sub": credentials["username"],
        "aud": hosts.log_in_origin(credentials, addresses),
        "exp": int(now) + _ASSERTION_LIFE,
    }
    signed = b".".join(_base64url(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    key = private_key(credentials["private_key"])
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return b".".join((signed, _base64url(signature))).decode()


def private_key(text: str) -> RSAPrivateKey:
    """The key of a PEM text. Raises RemoteError."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        message = (
            "The private key cannot be read. Paste the whole PEM text of an RSA key without a pass phrase."
        )
        raise RemoteError(Who.FIX_CONFIGURATION, "bad_key", message)
    return key


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
