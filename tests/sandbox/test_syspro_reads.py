"""Reading the SYSPRO sandbox: COMFND's conditions, and the OData site with its filters, pages and refusals."""

from decimal import Decimal

import orjson
import pytest
from lxml import etree

from integrations.sandbox.syspro import ODATA
from tests.sandbox.syspro_caller import said

NAMES = {"1": "Alpha Pipe", "2": "Beta Pipe", "3": "Alpha Wire", "WALTERS": "O'Neil & Sons"}


@pytest.fixture
def stocked(make_company):
    """Four suppliers with names, and an invoice of each numeric one."""
    company = make_company(suppliers=0)
    for code, name in NAMES.items():
        company.control.add_supplier(code, name)
    for number, (code, total) in enumerate((("1", "10.00"), ("2", "20.50"), ("3", "9.99")), 1):
        company.control.add_invoice(code, f"V{number}", total)
        company.control.advance(86_400)
    company.token = company.log_on().strip()
    return company


def find(company, table: str, *expressions: str, **more: str) -> list[dict[str, str]]:
    where = "".join(f"<Expression>{one}</Expression>" for one in expressions)
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    reply = company.query(
        "COMFND", f"<Query><TableName>{table}</TableName>{inside}<Where>{where}</Where></Query>"
    )
    rows = [{cell.tag: cell.text or "" for cell in row} for row in reply.findall("Row")]
    assert said(reply, "RowsReturned") == str(len(rows))
    return rows


def fits(
    column: str, condition: str, value: str, before: str = "", opened: str = "", closed: str = ""
) -> str:
    joined = f"<AndOr>{before}</AndOr>" if before else ""
    return (
        f"{joined}<OpenBracket>{opened}</OpenBracket><Column>{column}</Column><Condition>{condition}</Condition>"
        f"<Value>{value}</Value><CloseBracket>{closed}</CloseBracket>"
    )


def where(expression: str) -> str:
    return (
        f"<Query><TableName>ApInvoice</TableName><Where><Expression>{expression}</Expression></Where></Query>"
    )


def refusal(company, document: str) -> str:
    return company.text("Query/Query", UserId=company.token, BusinessObject="COMFND", XmlIn=document)


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        ([fits("SupplierName", "LIKE", "Alpha*")], ["Alpha Pipe", "Alpha Wire"]),
        ([fits("SupplierName", "LIKE", "?eta Pipe")], ["Beta Pipe"]),
        ([fits("SupplierName", "EQ", "alpha pipe")], []),
        ([fits("Supplier", "EQ", "1")], []),
        ([fits("Supplier", "GE", "WALTERS")], ["O'Neil &amp; Sons"]),
        ([fits("OnHold", "NE", "N")], []),
        # and binds closer than or
        ([fits("SupplierName", "EQ", "Beta Pipe"), fits("SupplierName", "LIKE", "Alpha*", "Or"),
          fits("SupplierName", "LIKE", "*Wire", "And")], ["Beta Pipe", "Alpha Wire"]),
        ([fits("SupplierName", "EQ", "Beta Pipe", opened="(("), fits("SupplierName", "LIKE", "Alpha*", "Or", closed=")"),
          fits("SupplierName", "LIKE", "*Pipe", closed=")")], ["Alpha Pipe", "Beta Pipe"]),
    ],
)  # fmt: skip
def test_comfnd_finds_what_fulfils_its_conditions(stocked, expressions, names):
    found = [row["SupplierName"] for row in find(stocked, "ApSupplier", *expressions)]
    assert found == [name.replace("&amp;", "&") for name in names]


def test_comfnd_compares_numbers_and_days_as_such_and_pads_numbers(stocked):
    rows = find(
        stocked, "ApInvoice", fits("OrigInvValue", "GT", "9.99"), fits("JournalDate", "LT", "2030-01-01")
    )
    assert [row["OrigInvValue"] for row in rows] == [f"{total:>16}" for total in ("10.00", "20.50")]


def test_comfnd_gives_columns_order_and_so_many_rows(stocked):
    columns = "<Column>Invoice</Column><Column>OrigInvValue</Column>"
    rows = find(
        stocked, "ApInvoice", Columns=columns, OrderBy="<Column>OrigInvValue</Column>", ReturnRows="2"
    )
    assert [list(row) for row in rows] == [["Invoice", "OrigInvValue"]] * 2
    assert [row["Invoice"] for row in rows] == ["V3", "V1"]
    falling = find(stocked, "ApInvoice", Sequence='<Column Name="OrigInvValue" Orderby="D"/>')
    assert [row["Invoice"] for row in falling] == ["V2", "V1", "V3"]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("<Query><TableName>apinvoice</TableName></Query>", "ERROR: Invalid object name 'apinvoice'."),
        ("<Query><TableName>ApInvoice</TableName><Columns><Column>PostDate</Column></Columns></Query>",
         "ERROR: Invalid column name 'PostDate'."),
        (where(fits("Invoice", "IS", "x")), "ERROR: Invalid condition 'IS'"),
        (where(fits("Invoice", "EQ", "x", opened="(")), "ERROR: The brackets of the Where clause do not match"),
        (where(fits("Invoice", "EQ", "x", closed=")")), "ERROR: The brackets of the Where clause do not match"),
        (where(fits("JournalDate", "EQ", "x")), "ERROR: Value 'x' cannot be compared with column 'JournalDate'"),
    ],
)  # fmt: skip
def test_comfnd_refuses_what_the_database_would(stocked, document, sentence):
    assert refusal(stocked, document) == sentence


# --- OData ---


def test_odata_lets_nobody_in_without_its_own_credentials(stocked):
    reply = stocked.browser.get(f"{ODATA}/HPA/ApInvoice")
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, 'Basic realm="SYSPRO OData"')
    assert stocked.browser.get(f"{ODATA}/HPA/ApInvoice", auth=("ODATA", "wrong")).status_code == 401
    assert stocked.browser.get(f"{ODATA}/HPA/$metadata").status_code == 401


@pytest.mark.parametrize("path", [f"{ODATA}/HPA/PostDates", f"{ODATA}/OTHER/ApInvoice", "/elsewhere"])
def test_odata_knows_its_company_and_its_tables(stocked, path):
    reply = stocked.browser.get(path, auth=("ODATA", "sandbox-odata"))
    assert (reply.status_code, reply.json["error"]["code"]) == (404, "")
    assert reply.json["error"]["message"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SupplierName eq 'Alpha Pipe'", "1"),
        ("SupplierName eq 'O''Neil & Sons'", "W"),
        ("SupplierName eq 'alpha pipe'", ""),
        ("SupplierName ne 'Alpha Pipe'", "23W"),
        ("startswith(SupplierName,'Alpha')", "13"),
        ("contains( SupplierName , 'Pipe' ) and not startswith(SupplierName,'Beta')", "1"),
        ("SupplierName eq 'Beta Pipe' or contains(SupplierName,'Wire') and OnHold eq 'N'", "23"),
        ("(SupplierName eq 'Beta Pipe' or contains(SupplierName,'Wire')) and OnHold eq 'Y'", ""),
        ("not (Supplier gt '000000000000002' or Supplier lt '000000000000002')", "2"),
        ("CurrentBalance gt 9.99 and CurrentBalance le 20.5", "12"),
        ("CurrentBalance eq 0", "W"),
        ("CurrentBalance ge -1 and Supplier eq 'WALTERS'", "W"),
    ],
)
def test_odata_filters(stocked, text, found):
    rows = stocked.rows("ApSupplier", filter=text)
    assert "".join(row["Supplier"].lstrip("0")[:1] for row in rows) == found


def test_odata_dates_are_time_stamps_or_days_and_literals_must_be_alike(make_company):
    for kind, value, other in (
        ("timestamp", "2026-09-21T00:00:00Z", "2026-09-21"),
        ("date", "2026-09-21", "2026-09-21T00:00:00Z"),
    ):
        company = make_company(odata_dates=kind)
        company.post_invoice(InvoiceDate="2026-09-21")
        [row] = company.rows("ApInvoice", filter=f"InvoiceDate ge {value} and Invoice eq 'INV-1'")
        assert (row["InvoiceDate"], row["Invoice"]) == (value, "INV-1")
        assert company.rows("ApInvoice", filter=f"InvoiceDate gt {value}") == []
        refused = company.odata("ApInvoice", filter=f"InvoiceDate ge {other}")
        assert refused.status_code == 400 and "incompatible types" in refused.json["error"]["message"]


def test_odata_has_no_date_where_there_is_none(stocked):
    stocked.control.put("ApInvoice", {"Supplier": "000000000000001", "Invoice": "V1", "DueDate": ""})
    [row] = stocked.rows("ApInvoice", filter="DueDate eq null")
    assert (row["Invoice"], row["DueDate"]) == ("V1", None)
    assert [
        one["Invoice"] for one in stocked.rows("ApInvoice", filter="DueDate lt 2100-01-01T00:00:00Z")
    ] == ["V2", "V3"]


def test_odata_amounts_keep_their_decimals(stocked):
    body = stocked.odata("ApInvoice", select="OrigInvValue").get_data()
    assert [row["OrigInvValue"] for row in orjson.loads(body)["value"]] == [10, 20.5, 9.99]
    assert b'{"OrigInvValue":10.00},{"OrigInvValue":20.50}' in body


def test_odata_selects_orders_counts_and_pages(stocked):
    reply = stocked.odata(
        "ApInvoice", select="Invoice,Supplier", orderby="OrigInvValue desc", top="1", skip="1", count="true"
    )
    assert reply.json == {
        "@odata.context": f"http://localhost{ODATA}/HPA/$metadata#ApInvoice(Invoice,Supplier)",
        "@odata.count": 3,
        "value": [{"Invoice": "V1", "Supplier": "000000000000001"}],
    }
    rows = stocked.rows("ApSupplier", orderby="OnHold,SupplierName desc", select="SupplierName")
    assert [row["SupplierName"] for row in rows] == sorted(NAMES.values(), reverse=True)


def test_odata_never_gives_more_than_its_cap_and_does_not_say_so(make_company):
    company = make_company(suppliers=7, odata_most=3)
    reply = company.odata("ApSupplier", top="100", orderby="Supplier", select="Supplier")
    assert set(reply.json) == {"@odata.context", "value"}
    assert [row["Supplier"][-1] for row in reply.json["value"]] == ["1", "2", "3"]
    assert len(company.rows("ApSupplier", skip="6")) == 1
    assert make_company().control.site.most == 5000


@pytest.mark.parametrize(
    ("options", "said_so"),
    [
        ({"filter": "PostDate ge 2026-01-01T00:00:00Z"}, "Could not find a property named 'PostDate'"),
        ({"filter": "Invoice eq"}, "incompatible"),
        ({"filter": "Invoice eq 'V1'  'V2'"}, "unexpected ''V2''"),
        ({"filter": "(Invoice eq 'V1'"}, "')' expected"),
        ({"filter": "Invoice is 'V1'"}, "an operator expected instead of 'is'"),
        ({"filter": "Invoice eq 1"}, "incompatible types"),
        ({"filter": "OrigInvValue eq '1'"}, "incompatible types"),
        ({"filter": "contains(OrigInvValue,'1')"}, "No function signature"),
        ({"filter": "Invoice eq 'V1"}, "Syntax error at position"),
        ({"select": "Nothing"}, "Could not find a property named 'Nothing'"),
        ({"orderby": "Invoice up"}, "$orderby=Invoice up"),
        ({"top": "many"}, "Invalid value 'many' for $top"),
        ({"expand": "Lines"}, "'$expand' is not supported"),
    ],
)
def test_odata_refuses_with_400_and_a_message(stocked, options, said_so):
    reply = stocked.odata("ApInvoice", **options)
    assert reply.status_code == 400
    assert said_so in reply.json["error"]["message"]


def test_odata_is_read_only(stocked):
    reply = stocked.browser.post(f"{ODATA}/HPA/ApInvoice", auth=("ODATA", "sandbox-odata"), json={})
    assert reply.status_code == 405


def test_odata_describes_its_tables(stocked):
    reply = stocked.odata("$metadata")
    root = etree.fromstring(reply.get_data())
    ns = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
    kinds = {
        one.get("Name"): one.get("Type") for one in root.find(".//e:EntityType[@Name='ApInvoice']", ns).iter()
    }
    assert (kinds["OrigInvValue"], kinds["InvoiceDate"], kinds["Supplier"]) == (
        "Edm.Decimal", "Edm.DateTimeOffset", "Edm.String",
    )  # fmt: skip
    sets = {one["name"] for one in stocked.odata("").json["value"]}
    assert {"ApInvoice", "ApSupplier", "ApSupplierAddr", "GenMaster"} <= sets
    assert sets == {one.get("Name") for one in root.iterfind(".//e:EntitySet", ns)}


def test_a_key_width_of_seven_is_that_of_syspro_6(make_company):
    company = make_company(key_width=7)
    company.post_invoice(Supplier="0000001")
    assert [row["Supplier"] for row in company.rows("ApInvoice", filter="Invoice eq 'INV-1'")] == ["0000001"]
    assert company.control.row("ApInvoice", "1", "INV-1")["MthInvBal1"] == Decimal("110.00")
