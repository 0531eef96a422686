"""Logging in to the Salesforce sandbox: every grant, what each refuses, and what the tokens are good for."""

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.sandbox.salesforce.access import PASSWORD, USERNAME
from tests.sandbox.conftest import NOON
from tests.sandbox.salesforce_caller import OAUTH, error

CALLBACK = "https://portal.example/oauth/callback"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def ask(org, **more):
    return {
        "response_type": "code",
        "client_id": org.app["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "api refresh_token id",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }


def answer(org, pressed="allow", **more):
    """What the callback is given after a person has answered the page."""
    form = {**ask(org), "username": USERNAME, "password": PASSWORD, "answer": pressed, **more}
    reply = org.browser.post(f"{OAUTH}/authorize", data=form)
    assert reply.status_code == 302, reply.text
    return {name: value[0] for name, value in parse_qs(urlsplit(reply.location).query).items()}


def exchange(org, **more):
    form = {"code": answer(org)["code"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **more}
    return org.token("authorization_code", **{name: value for name, value in form.items() if value})


def refusal(reply):
    assert reply.status_code == 400
    return reply.json["error"], reply.json["error_description"]


def test_the_page_asks_for_what_the_app_wants_and_nothing_is_redirected_yet(org):
    page = org.browser.get(f"{OAUTH}/authorize", query_string=ask(org))
    assert page.status_code == 200
    assert "Perform requests at any time" in page.text and "portal.example" in page.text
    assert "<script" not in page.text


def test_a_wrong_client_or_callback_is_told_on_the_page(make_org):
    org = make_org(callbacks=[CALLBACK])
    for wrong, error_name in (
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
    ):
        page = org.browser.get(f"{OAUTH}/authorize", query_string=ask(org, **wrong))
        assert page.status_code == 400 and error_name in page.text


def test_who_denies_sends_the_browser_back_with_access_denied(org):
    said = answer(org, pressed="deny")
    assert (said["error"], said["state"]) == ("access_denied", "s1")


def test_a_wrong_password_shows_the_page_again(org):
    form = {**ask(org), "username": USERNAME, "password": "guess", "answer": "allow"}
    page = org.browser.post(f"{OAUTH}/authorize", data=form)
    assert page.status_code == 200 and 'role="alert"' in page.text


def test_a_code_becomes_tokens_whose_signature_binds_the_identity(org):
    said = answer(org)
    assert said["state"] == "s1"
    tokens = org.token(
        "authorization_code", code=said["code"], redirect_uri=CALLBACK, code_verifier=VERIFIER
    ).json
    assert tokens["access_token"].startswith(org.control.org.id[:15] + "!")
    assert tokens["issued_at"] == str(int(NOON * 1000))
    assert tokens["instance_url"] == "http://localhost"
    assert set(tokens["scope"].split()) == {"api", "refresh_token", "id"}
    assert "expires_in" not in tokens and tokens["refresh_token"].startswith("5Aep")
    assert tokens["signature"] == org.control.access.signature(tokens["id"], tokens["issued_at"])


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"code_verifier": ""}, ("invalid_grant", "invalid code verifier")),
        ({"code_verifier": "w" * 60}, ("invalid_request", "invalid code verifier")),
        (
            {"redirect_uri": "https://other.example/"},
            ("redirect_uri_mismatch", "redirect_uri must match configuration"),
        ),
        ({"code": "aPrxmadeup"}, ("invalid_grant", "invalid authorization code")),
        ({"client_secret": "wrong"}, ("invalid_client", "invalid client credentials")),
        ({"client_id": "wrong"}, ("invalid_client_id", "client identifier invalid")),
    ],
)
def test_a_code_is_refused_with(org, more, refused):
    assert refusal(exchange(org, **more)) == refused


def test_a_code_is_good_once_and_for_fifteen_minutes(org):
    code = answer(org)["code"]
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert org.token("authorization_code", **form).status_code == 200
    assert refusal(org.token("authorization_code", **form))[0] == "invalid_grant"
    late = answer(org)["code"]
    org.control.advance(901)
    assert (
        refusal(org.token("authorization_code", **{**form, "code": late}))[1] == "expired authorization code"
    )


def test_no_refresh_token_without_its_scope(org):
    said = answer(org, scope="api id")
    tokens = org.token("authorization_code", code=said["code"], redirect_uri=CALLBACK, code_verifier=VERIFIER)
    assert "refresh_token" not in tokens.json


def test_a_refresh_gives_a_new_access_token_until_the_grant_is_revoked(org):
    token = exchange(org).json["refresh_token"]
    fresh = org.token("refresh_token", refresh_token=token)
    assert fresh.status_code == 200 and "refresh_token" not in fresh.json
    assert org.browser.post(f"{OAUTH}/revoke", data={"token": token}).get_data() == b""
    org.headers = {"Authorization": f"Bearer {fresh.json['access_token']}"}
    assert error(org.get("limits"))[:2] == (401, "INVALID_SESSION_ID"), "its access tokens die with it"
    assert refusal(org.token("refresh_token", refresh_token=token)) == (
        "invalid_grant",
        "expired access/refresh token",
    )
    assert refusal(org.browser.post(f"{OAUTH}/revoke", data={"token": token}))[0] == "unsupported_token_type"


def test_with_rotation_the_old_refresh_token_dies(make_org):
    org = make_org(rotates=True)
    old = exchange(org).json["refresh_token"]
    new = org.token("refresh_token", refresh_token=old).json["refresh_token"]
    assert refusal(org.token("refresh_token", refresh_token=old))[0] == "invalid_grant"
    assert org.token("refresh_token", refresh_token=new).status_code == 200


def test_the_sixth_approval_kills_the_oldest(org):
    tokens = [exchange(org).json["refresh_token"] for _ in range(6)]
    good = [org.token("refresh_token", refresh_token=token).status_code for token in tokens]
    assert good == [400, 200, 200, 200, 200, 200]


def test_an_inactive_user_gets_no_token(org):
    token = exchange(org).json["refresh_token"]
    org.control.deactivate_user(USERNAME)
    assert refusal(org.token("refresh_token", refresh_token=token)) == ("inactive_user", "user is inactive")


def test_client_credentials_take_a_basic_header_too(org):
    basic = base64.b64encode(":".join(org.app.values()).encode()).decode()
    reply = org.browser.post(
        f"{OAUTH}/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert reply.status_code == 200 and "refresh_token" not in reply.json


def test_an_unknown_grant_is_refused(org):
    assert refusal(org.token("magic")) == ("unsupported_grant_type", "grant type not supported")
    assert refusal(org.browser.get(f"{OAUTH}/token")) == ("invalid_request", "must use HTTP POST")


def pem_pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, public


def bearer(org, key, **claims):
    ends = datetime.now(UTC) + timedelta(minutes=2)
    good = {"iss": org.app["client_id"], "sub": USERNAME, "aud": "https://login.salesforce.com", "exp": ends}
    assertion = jwt.encode({**good, **claims}, key, algorithm="RS256")
    return org.token("urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)


def test_a_signed_assertion_logs_in_and_a_bad_one_does_not(make_org):
    key, public = pem_pair()
    org = make_org(certificate=public)
    assert bearer(org, key).status_code == 200
    assert refusal(bearer(org, key, aud="https://elsewhere.example")) == (
        "invalid_grant",
        "audience is invalid",
    )
    assert refusal(bearer(org, key, sub="nobody@x.com"))[1] == "user hasn't approved this consumer"
    assert refusal(bearer(org, key, exp=time.time() - 60)) == ("invalid_grant", "invalid assertion")
    assert refusal(bearer(org, pem_pair()[0])) == ("invalid_client", "invalid client credentials")


def test_an_access_token_slides_with_use_and_dies_without(make_org):
    org = make_org(token_life=600)
    org.control.advance(590)
    assert org.get("limits").status_code == 200
    org.control.advance(590)
    assert org.get("limits").status_code == 200
    org.control.advance(601)
    assert error(org.get("limits")) == (401, "INVALID_SESSION_ID", "Session expired or invalid")
    assert error(org.call("GET", "limits", headers={"Authorization": "Token x"}))[1] == "INVALID_AUTH_HEADER"


def test_who_am_i_is_answered_three_ways(org):
    token = org.headers["Authorization"].partition(" ")[2]
    known = org.browser.post(f"{OAUTH}/introspect", data={"token": token, **org.app}).json
    assert (known["active"], known["username"]) == (True, USERNAME)
    info = org.browser.get(f"{OAUTH}/userinfo", headers=org.headers).json
    identity = org.browser.get(urlsplit(info["sub"]).path, headers=org.headers).json
    assert (identity["organization_id"], identity["username"]) == (info["organization_id"], USERNAME)
    assert identity["urls"]["rest"] == "http://localhost/services/data/v{version}/"
    refused = org.browser.get(urlsplit(info["sub"]).path)
    assert (refused.status_code, refused.text) == (403, "Missing_OAuth_Token")
    org.control.expire_tokens()
    again = org.browser.post(f"{OAUTH}/introspect", data={"token": token, **org.app})
    assert again.json == {"active": False}


def test_an_org_whose_api_is_off_says_so(org):
    org.control.enable_api(False)
    assert error(org.get("limits"))[:2] == (403, "API_DISABLED_FOR_ORG")


def test_versions_need_no_token_and_old_ones_are_gone(org):
    versions = org.browser.get("/services/data").json
    assert versions[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    labels = {one["version"]: one["label"] for one in versions}
    assert (labels["62.0"], labels["59.0"]) == ("Winter '25", "Winter '24")
    org.version = "30.0"
    assert org.get("sobjects").status_code == 410
    org.version = "99.0"
    assert org.get("sobjects").status_code == 404
