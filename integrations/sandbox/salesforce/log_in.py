"""Everything around a log-in but the grants: revoke, introspect, userinfo, identity, discovery, and the SOAP log-in."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from werkzeug.wrappers import Request, Response

from integrations.sandbox.salesforce import authorize_page, grants
from integrations.sandbox.salesforce.access import Access, Session
from integrations.sandbox.salesforce.errors import missing
from integrations.sandbox.salesforce.grants import LogInRefused, user_with_password
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.replies import as_json, refusal

OAUTH = "/services/oauth2/"
TOKEN = f"{OAUTH}token"
SOAP = "/services/Soap/u/"
Answer = Callable[[Org, Access, Request], Response]


def answer(org: Org, access: Access, request: Request) -> Response:
    """Raises LogInRefused, or Refused for a page that does not exist."""
    path = request.path.rstrip("/")
    if path.startswith("/id/"):
        return _identity(org, access, request)
    if path.startswith(SOAP):
        return _soap(org, access, request)
    if path in PAGES:
        try:
            return PAGES[path](org, access, request)
        except LogInRefused as refused:
            return refused.reply()
    return refusal(missing())


def _revoke(org: Org, access: Access, request: Request) -> Response:
    token = request.values.get("token", "")
    if not access.revoke(token):
        raise LogInRefused("unsupported_token_type", "this token type is not supported")
    return Response(b"", 200, content_type="text/html; charset=UTF-8")


def _introspect(org: Org, access: Access, request: Request) -> Response:
    form = request.form
    if form.get("client_id") != access.app.client_id or form.get("client_secret") != access.app.client_secret:
        raise LogInRefused("invalid_client", "invalid client credentials", 401)
    session = access.sessions.get(form.get("token", ""))
    if session is None or session.expires <= access.now():
        return as_json({"active": False})
    user = org.store["User"].rows[session.user_id]
    issued = int(session.issued)
    return as_json({
        "active": True, "scope": session.scope, "client_id": access.app.client_id, "username": user["Username"],
        "sub": f"{_base(request)}/id/{org.id}/{session.user_id}", "token_type": "access_token",
        "exp": int(session.expires), "iat": issued, "nbf": issued,
    })  # fmt: skip


def _base(request: Request) -> str:
    return request.host_url.rstrip("/")


def _session(access: Access, request: Request) -> Session | Response:
    header = request.headers.get("Authorization", "")
    if not header:
        return Response("Missing_OAuth_Token", 403, content_type="text/html; charset=UTF-8")
    found = access.session(header)
    return found or Response("Bad_OAuth_Token", 403, content_type="text/html; charset=UTF-8")


def _userinfo(org: Org, access: Access, request: Request) -> Response:
    session = _session(access, request)
    if isinstance(session, Response):
        return session
    user = org.store["User"].rows[session.user_id]
    return as_json({
        "sub": f"{_base(request)}/id/{org.id}/{user['Id']}", "user_id": user["Id"], "organization_id": org.id,
        "preferred_username": user["Username"], "nickname": user["Alias"], "name": user["Name"],
        "email": user["Email"], "email_verified": True, "given_name": user.get("FirstName"),
        "family_name": user["LastName"], "zoneinfo": user["TimeZoneSidKey"], "urls": _urls(request, org, user),
        "active": user["IsActive"], "user_type": "STANDARD", "language": "en_US", "locale": "en_US",
        "utcOffset": -28_800_000, "updated_at": user["LastModifiedDate"],
    })  # fmt: skip


def _identity(org: Org, access: Access, request: Request) -> Response:
    session = _session(access, request)
    if isinstance(session, Response):
        return session
    parts = request.path.strip("/").split("/")
    if len(parts) != 3 or parts[1] not in {org.id, org.id[:15]}:
        return Response("Wrong_Org", 403, content_type="text/html; charset=UTF-8")
    user = org.store["User"].rows[session.user_id]
    return as_json({
        "id": f"{_base(request)}/id/{org.id}/{user['Id']}", "asserted_user": True, "user_id": user["Id"],
        "organization_id": org.id, "username": user["Username"], "nick_name": user["Alias"],
        "display_name": user["Name"], "email": user["Email"], "email_verified": True,
        "first_name": user.get("FirstName"), "last_name": user["LastName"], "timezone": user["TimeZoneSidKey"],
        "photos": {"picture": None, "thumbnail": None}, "mobile_phone": user.get("MobilePhone"),
        "is_lightning_login_user": False, "status": {"created_date": None, "body": None},
        "urls": _urls(request, org, user), "active": user["IsActive"], "user_type": "STANDARD",
        "language": "en_US", "locale": "en_US", "utcOffset": -28_800_000,
        "last_modified_date": user["LastModifiedDate"], "is_app_installed": True,
    })  # fmt: skip


def _urls(request: Request, org: Org, user: Mapping[str, Any]) -> dict[str, str]:
    base, data = _base(request), f"{_base(request)}/services/data/v{{version}}/"
    return {
        "enterprise": f"{base}/services/Soap/c/{{version}}/{org.id[:15]}",
        "partner": f"{base}{SOAP}{{version}}/{org.id[:15]}",
        "rest": data, "sobjects": f"{data}sobjects/", "search": f"{data}search/", "query": f"{data}query/",
        "tooling_rest": f"{data}tooling/", "profile": f"{base}/{user['Id']}", "custom_domain": base,
    }  # fmt: skip


def _discovery(org: Org, access: Access, request: Request) -> Response:
    base = _base(request)
    names = {"authorization": "authorize", "token": "token", "revocation": "revoke", "userinfo": "userinfo",
             "introspection": "introspect"}  # fmt: skip
    return as_json({
        "issuer": base,
        **{f"{name}_endpoint": f"{base}{OAUTH}{path}" for name, path in names.items()},
        "scopes_supported": list(access.app.scopes),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    })  # fmt: skip


def _soap(org: Org, access: Access, request: Request) -> Response:
    """`login` of the partner API, as clients with a user name and password call it."""
    try:
        tree = fromstring(request.get_data(), forbid_dtd=True)
        said = {element.tag.rpartition("}")[2]: element.text or "" for element in tree.iter()}
    except (ParseError, DefusedXmlException):
        said = {}
    user_id = user_with_password(org, said.get("username", ""), said.get("password", ""))
    if user_id is None:
        sentence = "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
        fault = (
            "<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode>"
            f"<faultstring>{sentence}</faultstring><detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN"
            f"</sf:exceptionCode><sf:exceptionMessage>{sentence.partition(': ')[2]}</sf:exceptionMessage>"
            "</sf:LoginFault></detail></soapenv:Fault>"
        )
        return _envelope(fault, 500)
    session = access.open(user_id, "api web id")
    url = f"{_base(request)}{request.path}/{org.id[:15]}"
    result = {"metadataServerUrl": url, "passwordExpired": "false", "sandbox": "true", "serverUrl": url,
              "sessionId": session.token, "userId": user_id}  # fmt: skip
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in result.items())
    return _envelope(f"<loginResponse><result>{inner}</result></loginResponse>", 200)


def _envelope(inner: str, status: int) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/'
        'envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    return Response(text, status, content_type="text/xml; charset=UTF-8")


PAGES: Mapping[str, Answer] = {
    TOKEN: grants.answer,
    f"{OAUTH}authorize": authorize_page.answer,
    f"{OAUTH}style.css": authorize_page.style,
    f"{OAUTH}revoke": _revoke,
    f"{OAUTH}introspect": _introspect,
    f"{OAUTH}userinfo": _userinfo,
    "/.well-known/openid-configuration": _discovery,
}
