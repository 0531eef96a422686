"""e.net Solutions over REST: `/SYSPROWCFService/Rest/{verb}` in any case -> session -> business object -> framed text.

All verbs are GETs whose documents and passwords stand in the query string (so nothing here notes a query), but PostLD,
which takes the same in a body.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Reply, built, name_of, parse, parse_bytes, text_of
from integrations.sandbox.syspro.errors import UNKNOWN_OBJECT, EnetError, Infrastructure
from integrations.sandbox.syspro.framing import END
from integrations.sandbox.syspro.objects import OBJECTS, POST
from integrations.sandbox.syspro.reading import is_day

if TYPE_CHECKING:
    from integrations.sandbox.syspro.control import Control

BASE = "/sysprowcfservice/rest/"
LONGEST = 16_384
"""Bytes of a request's line that HTTP.SYS lets through."""
LARGE = "Transaction/PostLD"
NAMESPACE = "http://SYSPROWcfService"
VERSION = "8.0.021"
OF_OBJECTS = ("Query/Query", "Query/Fetch", "Query/Browse", "Query/NextKey", "Query/PreviousKey", "Setup/Add",
              "Setup/Update", "Setup/Delete", "Transaction/Build", POST, LARGE)  # fmt: skip
NAMED_BY_VERB = {"Query/Fetch": "COMFCH", "Query/Browse": "COMBRW"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A call's verb, as the reference spells it, and its parameters by lower-case name."""

    verb: str
    parameters: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.parameters.get(name.lower(), "")

    @property
    def object(self) -> str:
        return NAMED_BY_VERB.get(self.verb) or self.get("BusinessObject").strip().upper()

    @property
    def path(self) -> str:
        """What the call is counted under, and what faults are aimed at: `/Rest/Transaction/Post/APSTIN`."""
        return f"/Rest/{self.verb}/{self.object}".rstrip("/")


def is_enet(path: str) -> bool:
    return path.lower().startswith(BASE)


def asked_by(request: Request) -> Asked:
    """Raises Infrastructure: 404 for another path, 405 for another method, 400 for an address that is too long."""
    verb = VERBS.get(request.path.lower().removeprefix(BASE).rstrip("/"))
    if verb is None:
        raise Infrastructure(404, "Endpoint not found.")
    if request.method != ("POST" if verb == LARGE else "GET"):
        raise Infrastructure(405, "Method not allowed.")
    if len(request.environ.get("QUERY_STRING", "")) + len(request.path) > LONGEST:
        raise Infrastructure(400, "Bad Request - Invalid URL")
    given = _of_body(request) if verb == LARGE else request.args.items()
    return Asked(verb, {name.lower(): value for name, value in given})


def _of_body(request: Request) -> list[tuple[str, str]]:
    """The parameters in the body of PostLD, whose elements have the service's namespace."""
    try:
        root = parse_bytes(request.get_data(), "TransactionPostLD")
    except EnetError:
        raise Infrastructure(400, "The server encountered an error processing the request.") from None
    if root.tag != f"{{{NAMESPACE}}}TransactionPostLD":
        raise Infrastructure(400, "Unable to deserialize XML body with root name 'TransactionPostLD'.")
    return [(name_of(one), text_of(one)) for one in root]


def answer(control: "Control", asked: Asked, *, spoils_ledger: bool = False) -> str:
    """The text that is then framed. Raises EnetError."""
    if plain := PLAIN.get(asked.verb):
        return plain(control, asked)
    session = control.sessions.check(asked.get("UserId"))
    found = OBJECTS.get(asked.object)
    verb = POST if asked.verb == LARGE else asked.verb
    if found is None or verb not in found.verbs or asked.object in control.company.unlicensed:
        raise EnetError(UNKNOWN_OBJECT)
    call = Call(control.company, session, asked.object, verb, asked.get("XmlParameters"), asked.get("XmlIn"),
                control.sessions.live, spoils_ledger, control.strict)  # fmt: skip
    if control.strict:
        found.schema.check(asked.object, call.document, call.parameters)
    return found.answer(call).text() + END


def _log_on(control: "Control", asked: Asked) -> str:
    settings = parse(asked.get("XmlIn"), "XmlIn") if asked.get("XmlIn").strip() else None
    today = text_of(settings, "ClientDate")
    if today and not is_day(today):
        raise EnetError(
            f"Date '{today}' is invalid for XML element 'ClientDate' it must be CCYY-MM-DD format"
        )
    return control.sessions.log_on(
        asked.get("Operator"),
        asked.get("OperatorPassword"),
        asked.get("CompanyId"),
        asked.get("CompanyPassword"),
        today,
        text_of(settings, "FailWhenAlreadyLoggedIn") == "Y",
    )


def _log_off(control: "Control", asked: Asked) -> str:
    control.sessions.log_off(asked.get("UserId"))
    return "0"


def _profile(control: "Control", asked: Asked) -> str:
    session = control.sessions.check(asked.get("UserId"))
    operator = control.sessions.operators[session.operator]
    members = built(Operator=operator.code, OperatorName=operator.name, Company=session.company,
                    CompanyName=control.company.name, Role="01", SystemDate=control.company.today())  # fmt: skip
    return Reply("UserProfile", members).text() + END


PLAIN: Mapping[str, Callable[["Control", Asked], str]] = {
    "Logon": _log_on,
    "Logoff": _log_off,
    "GetLogonProfile": _profile,
    "GetVersion": lambda control, asked: VERSION,
}
VERBS: Mapping[str, str] = {verb.lower(): verb for verb in (*PLAIN, *OF_OBJECTS)}
