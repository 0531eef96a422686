"""SYSPRO's row in the registry: what a person types in, and where it is found."""

from collections.abc import Collection, Mapping
from typing import Any

from integrations.connectors.base import Connector, Limiter, Memory, Seat, TokenStore
from integrations.connectors.hosts import CUSTOM
from integrations.connectors.seats import ProcessSeat
from integrations.connectors.spec import AddressField, ConnectorSpec, CredentialField, Environment
from integrations.connectors.syspro import hosts
from integrations.connectors.syspro.client import SYSTEM, SysproConnector, settings_of
from integrations.connectors.syspro.entities import ENTITIES
from integrations.connectors.syspro.odata import DATE, TIMESTAMP


def _code(text: str) -> str:
    """A code of SYSPRO's: it becomes a part of addresses."""
    if not (text.isascii() and text.replace("_", "").replace("-", "").isalnum() and len(text) <= 20):
        raise ValueError("A code has letters and digits alone, at most 20. Copy it again, nothing else.")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("It must be one line without control characters. Copy it again, nothing else.")
    return text


def _setting(name: str, label: str, help_text: str, *choices: tuple[str, str]) -> CredentialField:
    """How the company wants it; the first choice is the usual one."""
    return CredentialField(name, label, help_text, required=False, default=choices[0][0], choices=choices)


def seat_of(credentials: Mapping[str, str]) -> str:
    """Whose second log-on ends the first: the operator's, whichever the company."""
    return credentials["operator"].lower()


def build(
    credentials: Mapping[str, str],
    *,
    environment: str,
    token_store: TokenStore,  # a session is no token: it lives as long as the connector
    limiter: Limiter,
    api_url: str = "",
    auth_url: str = "",
    allowed_hosts: Collection[str] = (),
    memory: Memory | None = None,
    seat: Seat | None = None,
    **tuning: Any,
) -> Connector:
    """A connector for one company; see `spec.Build`. Without a `seat` it shares one with its own process alone."""
    found = hosts.check_address(environment, api_url=api_url, auth_url=auth_url, allowed=allowed_hosts)
    return SysproConnector(
        settings_of(credentials),
        found,
        seat=seat or ProcessSeat(f"{found.api_url} {seat_of(credentials)}"),
        limiter=limiter,
        **tuning,
    )


SYSPRO = ConnectorSpec(
    system=SYSTEM,
    label="SYSPRO",
    fields=(
        CredentialField(
            "operator",
            "Operator",
            "The code of a SYSPRO operator that nobody else uses: whoever logs on as the same operator ends Trunkline's "
            "session. Operator Maintenance; its licence needs the e.net areas that are used.",
            validate=_code,
        ),
        CredentialField(
            "operator_password",
            "Operator's password",
            "Set in Operator Maintenance. It must not expire.",
            secret=True,
            validate=_printable,
        ),
        CredentialField(
            "company",
            "Company",
            "The company's code, as it is chosen when logging on to SYSPRO, such as EDU1.",
            validate=_code,
        ),
        CredentialField(
            "company_password",
            "Company password",
            "Only where the company has one: live companies often do although their test companies do not.",
            secret=True,
            required=False,
            validate=_printable,
        ),
        CredentialField(
            "odata_user",
            "OData user",
            "The user name of the operator's OData credentials. Needed wherever there is an OData address.",
            required=False,
            validate=_printable,
        ),
        CredentialField(
            "odata_password",
            "OData password",
            "Beside the OData user. The OData service reads it when it starts: restart it after a change.",
            secret=True,
            required=False,
            validate=_printable,
        ),
        CredentialField(
            "ledger_company",
            "Company of the ledger",
            "Only where several companies share one ledger: whose accounts of GenMaster are read. Empty: all of them.",
            required=False,
            validate=_code,
        ),
        _setting(
            "odata_dates",
            "Dates in OData questions",
            "How the OData site wants a date. If reading ends in “did not understand the question”, choose the other.",
            (TIMESTAMP, "as a time: 2025-03-01T00:00:00Z"),
            (DATE, "as a day: 2025-03-01"),
        ),
        _setting(
            "post_large",
            "Documents go",
            "The body is better: an address may be cut, and stands in the web server's log.",
            ("yes", "in the body of PostLD"),
            ("no", "in the address of a GET (old services)"),
        ),
        _setting(
            "posting_period",
            "Posting period",
            "The period that documents are posted into, whatever their date: of accounts payable for invoices, of "
            "stock for adjustments.",
            ("C", "the current one"),
            ("P", "the previous one"),
            ("B", "the one before the previous"),
        ),
        _setting(
            "ignore_warnings",
            "A document that SYSPRO warns of",
            "A supplier on hold, for one.",
            ("N", "is refused"),
            ("W", "is posted, and the warning is shown"),
        ),
    ),
    environments=(Environment(CUSTOM, "The company's own server"),),
    addresses=(
        AddressField(
            "e.net address",
            f"Of the e.net service, up to and with {hosts.ENET_PATH}; its port is the company's choice.",
        ),
        AddressField(
            "OData address",
            f"Of the OData service, up to and with {hosts.ODATA_PATH}. Left empty, everything is read through e.net, "
            "which takes the operator's time.",
        ),
    ),
    entities=ENTITIES,
    build=build,
    check_address=hosts.check_address,
    rate=20.0,  # no limit of SYSPRO's: what the company's server is spared
    account_field="company",
    switch_off=(
        "SYSPRO has no call that ends access. The SYSPRO administrator disables the operator in Operator Maintenance and "
        "restarts the OData service; until then the credentials would still work for whoever has a copy of them."
    ),
    late_effect=120.0,
    scoped=False,
    interval=15,
    seat_of=seat_of,
)
