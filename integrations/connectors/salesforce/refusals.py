"""What a refused request for a token means: who must act, and where they click."""

from collections.abc import Mapping

import orjson

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.transport import Call, Reply

_AGAIN = "Open the connection and press “Connect with Salesforce”, then log in there again."
_CASES: Mapping[str, tuple[str, str]] = {
    "invalid_grant": (
        "dead_grant",
        "Salesforce no longer accepts this connection's log-in: it was revoked, has expired, or its user was "
        f"deactivated. {_AGAIN}",
    ),
    "invalid_client": (
        "invalid_client",
        "Salesforce did not accept the app's consumer key or secret. Compare both with the External Client App in "
        "Setup > External Client App Manager > the app > Settings, and store them again.",
    ),
    "invalid_client_id": (
        "invalid_client",
        "Salesforce does not know the app's consumer key: it is mistyped, the app is younger than ten minutes, or the "
        "environment is the wrong one (production or sandbox).",
    ),
    "redirect_uri_mismatch": (
        "redirect_uri",
        "The app does not list this portal's callback address. Add the address shown on the connection's page under "
        "Callback URL in the External Client App, then connect again.",
    ),
    "invalid_scope": (
        "invalid_scope",
        "The app may not give out the scopes that Trunkline needs. Add “Manage user data via APIs (api)” and “Perform "
        "requests at any time (refresh_token)” to the External Client App, then connect again.",
    ),
    "unsupported_grant_type": (
        "grant_type",
        "The app does not allow this way in. Switch it on in the External Client App under OAuth Settings > Flow "
        "Enablement, then connect again.",
    ),
    "inactive_user": (
        "inactive_user",
        f"The user that Trunkline works as is not active in Salesforce any more. {_AGAIN}",
    ),
    "inactive_org": (
        "inactive_org",
        "The Salesforce org is locked or closed. Its admin talks to Salesforce.",
    ),
}
_WORDS: Mapping[str, str] = {
    "no client credentials user enabled": "The app names no user to run as. In the External Client App, under Policies > "
    "OAuth Policies, enable the Client Credentials Flow and choose the integration user.",
    "request not supported on this domain": "Client credentials work at the org's own domain only. Fill in My Domain, "
    "such as acme.my.salesforce.com.",
    "user hasn't approved this consumer": "The user has not approved the app. In the External Client App's policies, "
    "choose “Admin approved users are pre-authorized” and assign the user's profile or permission set.",
    "user is not admin approved to access this app": "The user may not use the app. Assign its profile or permission set "
    "in the External Client App's policies.",
    "audience is invalid": "The environment is the wrong one: choose production or sandbox as the org is.",
}


def classify(call: Call, reply: Reply) -> RemoteError:
    """What a refused request for a token means. Never quotes more than Salesforce's own error words."""
    word, told = _said(reply)
    details = f"{call.place}: {reply.status} {word} {told}".rstrip()
    status = reply.status
    if (
        status in {408, 429}
        or status >= 500
        or word in {"rate_limit_exceeded", "server_error", "unknown_error"}
    ):
        limited = status == 429 or word == "rate_limit_exceeded"
        reason = "rate_limited" if limited else "token_endpoint_down"
        message = "Salesforce gives out no tokens at the moment. Trunkline tries again by itself."
        wait = 300.0 if limited else None
        return RemoteError(Who.RETRY_LATER, reason, message, details=details, status=status, retry_after=wait)
    if 300 <= status < 400:
        message = (
            "Salesforce's token address answers with a redirect, which is not followed. Check the address."
        )
        return RemoteError(Who.FIX_CONFIGURATION, "redirected", message, details=details, status=status)
    reason, message = _CASES.get(word, ("", ""))
    message = _WORDS.get(told.lower(), message)
    if message:
        return RemoteError(
            Who.FIX_CONFIGURATION, reason or word, message, details=details, status=status, relink=True
        )
    message = "Salesforce refused the request for a token. Show the details of this error to support."
    return RemoteError(Who.OUR_BUG, word or "token_refused", message, details=details, status=status)


def no_grant() -> RemoteError:
    """There is nothing to ask for a token with."""
    message = f"Nobody has logged in to Salesforce for this connection yet, or the app gives no refresh token. {_AGAIN}"
    return RemoteError(Who.FIX_CONFIGURATION, "no_grant", message, relink=True)


def _said(reply: Reply) -> tuple[str, str]:
    """The error word and its description; empty where there are none, so that nothing else leaks."""
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    word, told = str(found.get("error", "")), str(found.get("error_description", ""))
    return (word if word.isascii() and len(word) <= 40 else ""), told[:120]
