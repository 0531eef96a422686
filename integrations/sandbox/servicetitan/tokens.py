"""The token endpoint: client credentials as a form, a bearer token of 15 minutes back."""

from werkzeug.wrappers import Request, Response

from integrations.sandbox.servicetitan.access import Access
from integrations.sandbox.servicetitan.replies import as_json


def answer(access: Access, request: Request) -> Response:
    if request.method != "POST":
        return as_json({"error": "invalid_request"}, 405)
    if request.mimetype != "application/x-www-form-urlencoded":
        return as_json({"error": "invalid_request"}, 400)
    form = request.form
    if form.get("grant_type") != "client_credentials":
        return as_json({"error": "unsupported_grant_type"}, 400)
    token = access.token(form.get("client_id", ""), form.get("client_secret", ""))
    if token is None:
        return as_json({"error": "invalid_client"}, 400)
    return as_json(
        {
            "access_token": token.value,
            "expires_in": int(access.token_life),
            "token_type": "Bearer",
            "scope": " ".join(token.scopes),
        }
    )
