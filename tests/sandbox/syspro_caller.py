"""A client of the SYSPRO sandbox in this process."""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from werkzeug.test import Client as Browser
from werkzeug.test import TestResponse

from integrations.sandbox.syspro import ENET, ODATA, Sandbox, credentials

Xml = etree._Element


@dataclass
class CompanyCaller:
    """Logs on, and sends documents of business objects."""

    sandbox: Sandbox
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.sandbox)
        self.control = self.sandbox.control
        self.token = self.log_on().strip()

    def log_on(self, **changed: str) -> str:
        known = credentials(self.sandbox)
        good = {
            "Operator": known["operator"],
            "OperatorPassword": known["operator_password"],
            "CompanyId": known["company"],
            "CompanyPassword": known["company_password"],
        }
        return self.text("Logon", **{**good, **changed})

    def call(self, verb: str, **query: str) -> TestResponse:
        return self.browser.get(f"{ENET}/{verb}", query_string=query)

    def text(self, verb: str, **query: str) -> str:
        """What e.net says, without its framing; it is 200 whatever that is."""
        reply = self.call(verb, **query)
        assert reply.status_code == 200, reply.get_data()
        return reply.get_data().decode("cp1252")

    def query(self, name: str, document: str, verb: str = "Query/Query") -> Xml:
        return xml(self.text(verb, UserId=self.token, BusinessObject=name, XmlIn=document))

    def post(self, name: str, root: str, items: str, **parameters: str) -> Xml:
        return xml(self.post_text(name, root, items, **parameters))

    def post_text(self, name: str, root: str, items: str, **parameters: str) -> str:
        inside = "".join(f"<{key}>{value}</{key}>" for key, value in parameters.items())
        return self.text(
            "Transaction/Post",
            UserId=self.token,
            BusinessObject=name,
            XmlParameters=f"<{root}><Parameters>{inside}</Parameters></{root}>",
            XmlIn=f"<{root}>{items}</{root}>",
        )

    def post_invoice(self, parameters: dict[str, str] | None = None, **changed: Any) -> Xml:
        return self.post("APSTIN", "PostApInvoice", invoice(**changed), **(parameters or {}))

    def odata(self, path: str, **options: str) -> TestResponse:
        known = credentials(self.sandbox)
        return self.browser.get(
            f"{ODATA}/HPA/{path}",
            query_string={f"${name}": value for name, value in options.items()},
            auth=(known["odata_user"], known["odata_password"]),
        )

    def rows(self, table: str, **options: str) -> list[dict[str, Any]]:
        reply = self.odata(table, **options)
        assert reply.status_code == 200, reply.json
        return reply.json["value"]


def xml(text: str) -> Xml:
    assert not text.startswith("ERROR"), text
    return etree.fromstring(text.encode("cp1252"))


def members(**values: Any) -> str:
    """Elements; a value may be elements already, or None for an element left out."""
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)


def line(account: str, value: str) -> str:
    return members(LedgerDistribution=members(LedgerCode=account, LedgerValue=value))


def invoice(lines: str | None = None, **changed: Any) -> str:
    """An item of APSTIN, of 110.00 with 10.00 tax in it, that SYSPRO takes as it is."""
    good = {
        "Supplier": "1", "TransactionCode": "I", "Invoice": "INV-1", "TransactionValue": "110.00",
        "InvoiceDate": "2026-09-14", "TaxBasis": "E", "TaxCode": "A", "TaxValue": "10.00",
    }  # fmt: skip
    return f"<Item>{members(**{**good, **changed})}{line('30-4500', '100.00') if lines is None else lines}</Item>"


def errors(reply: Xml) -> dict[str, str]:
    """Sentences by the element that they stand beside."""
    return {one.getparent().tag: one.text or "" for one in reply.iter("ErrorDescription")}


def said(reply: Xml, path: str) -> str:
    return (reply.findtext(f".//{path}") or "").strip()
