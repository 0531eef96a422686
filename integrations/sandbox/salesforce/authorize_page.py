"""`/services/oauth2/authorize`: the page on which a person logs in and allows the app, or does not.

GET shows the form, POST answers it: the browser goes back to the app with `code` and `state`, or with `access_denied`.
A request whose client or callback is wrong is told so on the page, never redirected.
"""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import pages
from integrations.sandbox.pages import Look
from integrations.sandbox.salesforce.access import CODE_LIFE, PASSWORD, USERNAME, Access, Code
from integrations.sandbox.salesforce.grants import user_with_password
from integrations.sandbox.salesforce.org import Org

LOOK = Look(style="/services/oauth2/style.css", where="at login.salesforce.com")
SCOPES: Mapping[str, str] = {
    "api": "Manage user data via APIs", "refresh_token": "Perform requests at any time",
    "offline_access": "Perform requests at any time", "id": "Access the identity URL service",
    "openid": "Access unique user identifiers", "full": "Full access", "web": "Manage user data via Web browsers",
    "profile": "Access basic information", "email": "Access the email address",
}  # fmt: skip
KEPT = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


class NotForUs(Exception):
    """The request itself is wrong, so nobody is sent anywhere."""


def answer(org: Org, access: Access, request: Request) -> Response:
    asked = request.form if request.method == "POST" else request.args
    try:
        _check(access, asked)
    except NotForUs as wrong:
        error, _, sentence = str(wrong).partition(":")
        return LOOK.page(
            "OAuth Error", f"<p><code>error={escape(error)}</code></p><p>{escape(sentence)}</p>", 400
        )
    unknown = {*asked.get("scope", "api").split()} - {*access.app.scopes, "offline_access"}
    if unknown:
        return _back(asked, error="invalid_scope", error_description="the requested scope is not allowed")
    if request.method != "POST":
        return LOOK.page("Log in and allow access", _form(asked))
    if request.form.get("answer") != "allow":
        return _back(asked, error="access_denied", error_description="end-user denied authorization")
    user_id = user_with_password(org, asked.get("username", ""), asked.get("password", ""))
    if user_id is None:
        wrong_words = (
            "Please check your username and password. If you still can't log in, contact your administrator."
        )
        return LOOK.page("Log in and allow access", f'<p role="alert">{wrong_words}</p>{_form(asked)}', 200)
    code = Code(user_id, asked["redirect_uri"], asked.get("scope") or "api", asked.get("code_challenge", ""),
                access.now() + CODE_LIFE)  # fmt: skip
    return _back(asked, code=access.authorize(code))


def _check(access: Access, asked: Mapping[str, str]) -> None:
    """Raises NotForUs."""
    callback = asked.get("redirect_uri", "")
    if asked.get("client_id") != access.app.client_id:
        raise NotForUs("invalid_client_id:client identifier invalid")
    registered = access.app.callbacks
    if not urlsplit(callback).scheme.startswith("http") or (registered and callback not in registered):
        raise NotForUs("redirect_uri_mismatch:redirect_uri must match configuration")
    if asked.get("response_type") != "code":
        raise NotForUs("unsupported_response_type:response type not supported")
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        raise NotForUs("invalid_request:code challenge method not supported")
    if access.app.needs_pkce and not asked.get("code_challenge"):
        raise NotForUs("invalid_request:missing required code challenge")


def _back(asked: Mapping[str, str], **said: str) -> Response:
    callback = asked["redirect_uri"]
    if asked.get("state"):
        said["state"] = asked["state"]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in said.items())
    return redirect(f"{callback}{'&' if '?' in callback else '?'}{query}", 302)


def _form(asked: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">' for name in KEPT if name in asked
    )
    wanted = dict.fromkeys(SCOPES.get(scope, scope) for scope in asked.get("scope", "api").split())
    scopes = "".join(f"<li>{escape(text)}</li>" for text in wanted)
    where = escape(urlsplit(asked["redirect_uri"]).netloc)
    return (
        f"<p><strong>Trunkline</strong> ({where}) asks for access to this org:</p>"
        f"<ul>{scopes}</ul>"
        f'<form method="post" action="/services/oauth2/authorize">{hidden}'
        '<p><label for="username">Username</label><br>'
        f'<input id="username" name="username" autocomplete="username" value="{escape(USERNAME)}" required></p>'
        '<p><label for="password">Password</label><br>'
        f'<input id="password" name="password" type="password" autocomplete="current-password"'
        f' value="{escape(PASSWORD)}" required></p>'
        '<p><button class="main" name="answer" value="allow">Log in and allow</button> '
        '<button class="bad" name="answer" value="deny" formnovalidate>Deny</button></p></form>'
    )


def style(org: Org, access: Access, request: Request) -> Response:
    return pages.style()
