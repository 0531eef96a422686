"""`/services/oauth2/token`: authorization code with PKCE, refresh, client credentials, JWT bearer, user and password.

Each answers with a session, or with the object of error and description that log-ins (and only they) use.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from integrations.sandbox.salesforce.access import (
    PASSWORD,
    SECURITY_TOKEN,
    Access,
    Code,
    Session,
    challenge_of,
)
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.replies import as_json

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Form = MultiDict[str, str]


class LogInRefused(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def reply(self) -> Response:
        return as_json({"error": self.error, "error_description": self.description}, self.status)


def answer(org: Org, access: Access, request: Request) -> Response:
    """Raises LogInRefused."""
    if request.method != "POST":
        raise LogInRefused("invalid_request", "must use HTTP POST")
    form = request.form.copy()
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        form["client_id"], form["client_secret"] = basic.username or "", basic.password or ""
    kind = form.get("grant_type", "")
    if kind not in GRANTS:
        raise LogInRefused("unsupported_grant_type", "grant type not supported")
    return GRANTS[kind](org, access, form, request)


def _check_client(access: Access, form: Form) -> None:
    if form.get("client_id", "") != access.app.client_id:
        raise LogInRefused("invalid_client_id", "client identifier invalid")
    if not secrets.compare_digest(form.get("client_secret", ""), access.app.client_secret):
        raise LogInRefused("invalid_client", "invalid client credentials")


def _check_user(org: Org, user_id: str) -> None:
    if not org.store["User"].rows[user_id].get("IsActive"):
        raise LogInRefused("inactive_user", "user is inactive")


def _authorization_code(org: Org, access: Access, form: Form, request: Request) -> Response:
    code = access.take_code(form.get("code", ""))
    if code is None:
        raise LogInRefused("invalid_grant", "invalid authorization code")
    _check_client(access, form)
    if code.expires <= access.now():
        raise LogInRefused("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != code.callback:
        raise LogInRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
    _check_verifier(code, form.get("code_verifier"))
    _check_user(org, code.user_id)
    scopes = code.scope.split()
    grant = (
        access.approve(code.user_id, code.scope) if {"refresh_token", "offline_access"} & {*scopes} else ""
    )
    session = access.open(code.user_id, code.scope.replace("offline_access", "refresh_token"), grant)
    return _session(access, request, session, refresh_token=grant)


def _check_verifier(code: Code, verifier: str | None) -> None:
    if code.challenge and not verifier:
        raise LogInRefused("invalid_grant", "invalid code verifier")
    if verifier and (not code.challenge or not 43 <= len(verifier) <= 128):
        raise LogInRefused("invalid_request", "invalid code verifier")
    if verifier and challenge_of(verifier) != code.challenge:
        raise LogInRefused("invalid_request", "invalid code verifier")


def _refresh(org: Org, access: Access, form: Form, request: Request) -> Response:
    _check_client(access, form)
    token = form.get("refresh_token", "")
    grant = access.grants.get(token)
    if grant is None:
        raise LogInRefused("invalid_grant", "expired access/refresh token")
    _check_user(org, grant.user_id)
    if not access.app.rotates:
        return _session(access, request, access.open(grant.user_id, grant.scope, token))
    access.revoke(token)
    fresh = access.approve(grant.user_id, grant.scope)
    session = access.open(grant.user_id, grant.scope, fresh)
    return _session(access, request, session, refresh_token=fresh)


def _client_credentials(org: Org, access: Access, form: Form, request: Request) -> Response:
    _check_client(access, form)
    if access.app.runs_as is None:
        raise LogInRefused("invalid_grant", "no client credentials user enabled")
    _check_user(org, access.app.runs_as)
    return _session(access, request, access.open(access.app.runs_as, "api id"))


def _jwt_bearer(org: Org, access: Access, form: Form, request: Request) -> Response:
    claims = _claims(access, form.get("assertion", ""), request)
    if claims.get("iss") != access.app.client_id:
        raise LogInRefused("invalid_client_id", "client identifier invalid")
    found = org.store["User"].by_key("Username", claims.get("sub", ""))
    if not found:
        raise LogInRefused("invalid_grant", "user hasn't approved this consumer")
    _check_user(org, found[0])
    return _session(access, request, access.open(found[0], "api id"), signed=False)


def _claims(access: Access, assertion: str, request: Request) -> dict[str, Any]:
    if not access.app.certificate:
        raise LogInRefused("invalid_client", "invalid client credentials")
    audiences = ["https://login.salesforce.com", "https://test.salesforce.com", request.host_url.rstrip("/")]
    try:
        return jwt.decode(assertion, access.app.certificate, algorithms=["RS256"], audience=audiences)
    except jwt.InvalidAudienceError:
        raise LogInRefused("invalid_grant", "audience is invalid") from None
    except jwt.InvalidSignatureError:
        raise LogInRefused("invalid_client", "invalid client credentials") from None
    except jwt.PyJWTError:
        raise LogInRefused("invalid_grant", "invalid assertion") from None


def _password(org: Org, access: Access, form: Form, request: Request) -> Response:
    _check_client(access, form)
    user_id = user_with_password(org, form.get("username", ""), form.get("password", ""))
    if user_id is None:
        raise LogInRefused("invalid_grant", "authentication failure")
    return _session(access, request, access.open(user_id, "api id"))


def user_with_password(org: Org, username: str, password: str) -> str | None:
    """The id of the user who logs in so; the security token may follow the password."""
    found = org.store["User"].by_key("Username", username)
    good = password in {PASSWORD, PASSWORD + SECURITY_TOKEN}
    if not found or not good or not org.store["User"].rows[found[0]].get("IsActive"):
        return None
    return found[0]


def _session(
    access: Access, request: Request, session: Session, *, refresh_token: str = "", signed: bool = True
) -> Response:
    base = request.host_url.rstrip("/")
    identity, issued = f"{base}/id/{access.org_id}/{session.user_id}", str(int(session.issued * 1000))
    body = {"access_token": session.token, "scope": session.scope, "instance_url": base, "id": identity,
            "token_type": "Bearer"}  # fmt: skip
    if signed:
        body |= {"signature": access.signature(identity, issued), "issued_at": issued}
    if refresh_token:
        body["refresh_token"] = refresh_token
    return as_json(body)


GRANTS: Mapping[str, Callable[[Org, Access, Form, Request], Response]] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh,
    "client_credentials": _client_credentials,
    JWT_BEARER: _jwt_bearer,
    "password": _password,
}
