"""What is written at SYSPRO: a document checked, posted once, and its reply judged.

The route: a body -> checked as a whole (`documents`, and what SYSPRO would find only after it) -> PostLD, or a GET
where the server has none -> the reply judged (`replies`) -> the row's id. What was exchanged (document, reply, journal,
warnings) is kept, so that it stands beside the delivery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from integrations.connectors.entity import Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro.documents import Built, Document, Element, Kind
from integrations.connectors.syspro.replies import Outcome, judged
from integrations.connectors.syspro.session import Session
from integrations.connectors.transport import Call

LONGEST_QUERY = 6000
"""Characters of a query string that surely pass HTTP.SYS."""
_JOURNAL = (("trnyear", "jnlyear"), ("trnmonth", "jnlmonth"), ("journal",), ("entrynumber",))
"""What a reply calls the parts of where it was posted, each by one of these names."""
_NAMESPACES: Any = {None: "http://SYSPROWcfService"}


@dataclass(frozen=True, slots=True)
class Options:
    """How a company wants documents posted."""

    large: bool = True
    period: str = "C"
    warnings: str = "N"


@dataclass(frozen=True, slots=True)
class Posted:
    """What is known of a posting: what was sent, what came, and what a person should know of it."""

    document: str
    reply: str
    outcome: Outcome
    notes: tuple[str, ...]

    def exchange(self) -> Row:
        """As `base.TellsExchanges` says."""
        return {
            "document": self.document,
            "reply": self.reply,
            "reference": "/".join(
                part.lstrip("0")
                for names in _JOURNAL
                if (part := next(filter(None, map(self.outcome.key.get, names)), ""))
            ),
            "warnings": [*self.outcome.warnings, *self.notes],
        }


class Poster:
    """Posts documents through one session."""

    def __init__(self, session: Session, options: Options) -> None:
        self._session, self._options = session, options
        self._has_large = options.large

    def post(
        self, document: Document, body: Row, *, verb: str = "", whole: bool = True, dry: bool = False
    ) -> Posted:
        """Post one item. Raises RemoteError, `unknown` where it may have been posted. `dry` only has it checked."""
        built = checked(document, body, whole=whole)
        chosen = {"PostingPeriod": self._options.period, "IgnoreWarnings": self._options.warnings}
        if document.verb.startswith("Setup") and self._options.warnings != "N":
            chosen["IgnoreWarnings"] = "Y"  # a set-up posts in spite of warnings or refuses; it reports none
        chosen = {name: value for name, value in chosen.items() if name in document.parameters}
        if dry:
            chosen["ValidateOnly"] = "Y"
        if dry and not document.takes_dry_run:
            return Posted(built.text, "", Outcome({}), tuple(built.notes))
        text = ""
        try:
            parameters = document.parameter_xml(**chosen)
            text = self._send(document, verb or document.verb, parameters, built.text, dry=dry)
            outcome = judged(text, document, dry=dry)
        except RemoteError as error:
            error.exchange = Posted(built.text, text, Outcome({}), tuple(built.notes)).exchange()
            raise
        return Posted(built.text, text, outcome, tuple(built.notes))

    def _send(self, document: Document, verb: str, parameters: str, xml: str, *, dry: bool) -> str:
        if self._has_large and verb == "Transaction/Post":
            try:
                return self._session.ask(self._large(document, parameters, xml))
            except RemoteError as error:
                if error.status not in {404, 405}:
                    raise
                self._has_large = False  # this server has no such verb: nothing has reached SYSPRO
        params = {"BusinessObject": document.business_object, "XmlParameters": parameters, "XmlIn": xml}
        if sum(map(len, params.values())) > LONGEST_QUERY:
            message = (
                "The document is too long for the address of a GET. Have documents go in the body of PostLD (the "
                "connection's credentials, More settings); a server without it needs a newer e.net service."
            )
            raise RemoteError(Who.FIX_CONFIGURATION, "too_long", message)
        return self._session.ask(self._session.call(verb, params, repeatable=dry))

    def _large(self, document: Document, parameters: str, xml: str) -> Callable[[str], Call]:
        def body(session: str) -> str:
            root = etree.Element("TransactionPostLD", nsmap=_NAMESPACES)
            etree.SubElement(root, "UserId").text = session
            etree.SubElement(root, "BusinessObject").text = document.business_object
            etree.SubElement(root, "XmlParameters").text = etree.CDATA(parameters)
            etree.SubElement(root, "XmlIn").text = etree.CDATA(xml)
            return etree.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")

        return self._session.posted("Transaction/PostLD", body)


def checked(document: Document, body: Row, *, whole: bool = True) -> Built:
    """The document, with flags as SYSPRO writes them. Raises RemoteError, also for lines that do not add up."""
    sent: Row = {
        name: ("Y" if value else "N") if isinstance(value, bool) else value for name, value in body.items()
    }
    built = document.xml(sent, whole=whole)
    if document.element("LedgerDistribution") is not None and sent.get("LedgerDistribution"):
        _check_balance(sent, sent["LedgerDistribution"])
    return built


def _check_balance(body: Row, lines: list[Row]) -> None:
    """The lines, without tax unless the basis is inclusive, make up the total, which has it."""
    distributed = sum((_money(line.get("LedgerValue")) for line in lines), Decimal(0))
    due = _money(body.get("TransactionValue"))
    if body.get("TaxBasis") != "I":
        due -= _money(body.get("TaxValue")) + _money(body.get("SecondTaxValue"))
    if distributed != due:
        message = (
            f"The lines add up to {distributed}, but the total without tax is {due}. SYSPRO posts only what balances: "
            "correct the lines, the tax or the total, then retry."
        )
        raise RemoteError(Who.FIX_RECORD, "unbalanced", message)


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def words_of(element: Element) -> str:
    """The kind of an element, in the words of every connector."""
    if element.kind is Kind.NUMBER:
        return "decimal"
    if element.kind is Kind.DATE:
        return "date"
    return "choice" if element.choices else "json" if element.kind is Kind.GROUP else "text"
