"""COMQUS, who is logged on; and the head that query objects put before what they found."""

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Node, Reply, build, built
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema("Key Option Filter")


def system_information(call: Call) -> Node:
    company, session = call.company, call.session
    return build(
        "SystemInformation",
        built(
            CssStyle="", Language="05", DecFormat="1", DateFormat="01", Role="01", Version="8.0.021",
            CompanyId=company.code, CompanyName=company.name, OperatorCode=session.operator, ReportDate=call.today,
            UseSeparatorOnReports="Y", SeparatorToUse=",",
        ),
    )  # fmt: skip


def logged_on(call: Call) -> Reply:
    """One `User` a session. The names in it are inferred."""
    root_of(call.document or "<Query/>", "Query", "XmlIn")
    users = [build("User", built(Operator=one.operator, Company=one.company)) for one in call.others()]
    return Reply("UserQuery", [system_information(call), *users])
