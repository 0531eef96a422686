"""S20 and S25: files that go out and must not compute, and files that come in and must not break anything."""

import csv
import io
import json
import re
import tracemalloc
import zipfile
from decimal import Decimal

import openpyxl
import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from integrations.admin.flow_reconciliation import written
from integrations.connectors.syspro import wire
from integrations.models import MappingVersion, SyncRule
from integrations.tables import files as tables
from integrations.tables.catalogue import TABLES
from reconciliation import customer_imports
from reconciliation.exports import FORMATS, entity_names, plan_for
from reconciliation.import_files import BadFile, CustomerFile, opened
from reconciliation.models import Customer, CustomerImport
from tests.admin.objects import OBJECTS
from tests.attacks.counts import scaled

FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', '=IMPORTXML("http://x","//a")',
    "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1", "\x00=1+1", "\x0b=1+1", "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff201",
    " =1+1", "\xa0=1+1", "\u200f=1+1", "\u202e=1+1", "\ufeff=1+1", "\u200b=1+1", "\xad=1+1", "\u2066=1+1", "=\n1+1",
    "-2+3+cmd|' /C calc'!A0", '+"x"', "@\t1", "=DDE(1)", "-", "=", "+1-800", "\x1f=1",
)  # fmt: skip
TEXTS = ('";=1', 'x"\n=1+1', "%0A=1", "a\n=1", "', =1", "it's", "12-34", "x=1", "'=1")
"""Odd, but no formulas as they stand: they come through as they are, in one cell."""
HARMLESS = ("+15125550143", "-5", "-12.50", "+3", "0042")
INVISIBLE = "".join(map(chr, (*range(33), 0x7F, 0xA0, 0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x2030))))
INVISIBLE += "".join(map(chr, (*range(0x2060, 0x2070), 0xFEFF)))
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def computes(cell: str) -> bool:
    """Whether some spreadsheet would take this cell for a formula, with what it drops in front taken off."""
    bare = cell.lstrip(INVISIBLE)
    return (
        bare[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") or cell[:1] in ("\t", "\r", "\x00")
    ) and not PLAIN_NUMBER.fullmatch(cell)


def test_the_judge_knows_a_formula_from_a_number():
    assert all(computes(text) for text in FORMULAS)
    assert not any(computes(text) for text in (*HARMLESS, *TEXTS, "", "Ana"))


VALUES = {"decimal": Decimal("-12.50"), "number": -3, "integer": -7, "boolean": True}
SHOWN = {"decimal": "-12.50", "number": "-3", "integer": "-7", "boolean": "true"}


@pytest.mark.parametrize("name", entity_names())
def test_no_export_holds_a_formula_and_numbers_stay_numbers(name, count):
    columns = plan_for(name).columns
    texts = [at for at, column in enumerate(columns) if column.kind in ("id", "text", "json")]
    given = (*FORMULAS, *TEXTS, *HARMLESS)
    rows = [
        tuple(VALUES.get(column.kind, None if column.kind == "timestamp" else text) for column in columns)
        for text in given
    ]
    body = b"".join(FORMATS["csv"].encode(columns, [rows])).decode("utf-8-sig")
    head, *lines = csv.reader(io.StringIO(body, newline=""))
    assert head == [column.name for column in columns]
    assert len(lines) == len(given)
    for text, line in zip(given, lines, strict=True):
        for at in texts:
            assert not computes(line[at]), f"{name}.{head[at]} holds {line[at]!r}"
            if columns[at].kind != "json":
                assert line[at] == (text if not computes(text) else f"'{text}"), "a text was changed"
        for at, column in enumerate(columns):
            assert line[at] == SHOWN.get(column.kind, line[at])
    count("S20", "CSV: formulas x text columns of every export", len(FORMULAS) * len(texts), "live")


@pytest.mark.parametrize("name", entity_names()[:: scaled(6, 1)])
def test_no_workbook_holds_a_formula(name, count):
    columns = plan_for(name).columns
    rows = [
        tuple(VALUES.get(c.kind, None if c.kind == "timestamp" else text) for c in columns)
        for text in FORMULAS
    ]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(FORMATS["xlsx"].encode(columns, [rows]))))
    cells = [cell for row in book.active.iter_rows(min_row=2) for cell in row if cell.value is not None]
    for cell in cells:
        kind = columns[cell.column - 1].kind
        assert cell.data_type == {"decimal": "n", "number": "n", "integer": "n", "boolean": "b"}.get(
            kind, "s"
        )
        assert cell.value == VALUES.get(kind, cell.value)
    count("S20", "XLSX: formulas x text columns", sum(cell.data_type == "s" for cell in cells), "live")


def cells_of(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


@pytest.mark.django_db
def test_no_other_file_holds_a_formula(tenant, tmp_path, count):
    """The checks of flows, mapping tables, refused lines of an import."""
    cells = cells_of(written([[text] * 3 for text in FORMULAS]).decode("utf-8-sig"))
    file, refused = tmp_path / "in.csv", tmp_path / "refused.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("id", "name", "x"), *((text, "", text) for text in FORMULAS if "\x00" not in text)]
        )
    call_command(
        "import_customers",
        tenant.slug,
        str(file),
        "--errors",
        str(refused),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    cells += cells_of(refused.read_text())
    assert len(cells) > 100
    assert not [cell for cell in cells if computes(cell)]
    count("S20", "other CSV files", len(cells), "live")


# --- S25: files that come in ------------------------------------------------------------------------------------------

ROW = b"id,name,street,city,state,postal_code\n1,Ana,1 Main St,Austin,TX,78701\n"


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(name, content)
    return out.getvalue()


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><l>&j;</l>"
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>'
FILES = {
    "a zip bomb": zipped("customers.csv", b"0" * 20_000_000),
    "a workbook": zipped("xl/worksheets/sheet1.xml", BILLION_LAUGHS),
    "a gzip": b"\x1f\x8b" + b"x" * 100,
    "an old workbook": b"\xd0\xcf\x11\xe0" + b"x" * 500,
    "a PDF": b"%PDF-1.7 x",
    "XML with entities": BILLION_LAUGHS,
    "XML that reads a file": OUTSIDE,
    "nothing": b"",
    "blanks": b" \n \n",
    "NULs": b"\x00" * 5000,
    "UTF-16": ROW.decode().encode("utf-16"),
    "UTF-16 without a mark": ROW.decode().encode("utf-16-le"),
    "UTF-32": ROW.decode().encode("utf-32"),
    "Windows-1252": ROW.replace(b"Ana", b"Jos\xe9"),
    "Shift JIS": ROW.decode().replace("Ana", "山田").encode("shift_jis"),
    "broken UTF-8": ROW.replace(b"Ana", b"\xff\xfe\xc3\x28"),
    "lone surrogates": ROW.replace(b"Ana", b"\xed\xa0\x80"),
    "NUL in a cell": ROW.replace(b"Ana", b"A\x00na"),
    "an endless cell": b'id,name\n1,"' + b"x" * 300_000,
    "an endless line": b"id,name\n" + b"a," * 100_000,
    "a quote that is never closed": b'id,name\n1,"Ana\n2,Bob\n',
    "one column 10,000 times": b",".join([b"name"] * 10_000) + b"\n" + b"x," * 9_999,
    "formulas": b"id,name\n"
    + b"".join(b'%d,"%s"\n' % (n, t.replace('"', '""').encode()) for n, t in enumerate(FORMULAS, 1)),
    "ids of 10,000 digits": b"id,name\n" + b"9" * 10_000 + b",Ana\n",
    "no line ends": b"id,name" * 1000,
    "only a head": b"id,name\n",
    "a JSON bomb": b"[" * 200_000,
    "huge JSON": b'{"format":' + b'[[[[[[[[[["x"]]]]]]]]]],' * 20_000 + b'"x":1}',
    "JSON with a number without end": b'{"version": ' + b"9" * 100_000 + b"}",
    "JSON NaN": b'{"version": NaN}',
    "JSON of something else": b'{"format": {"x": []}, "version": [1], "lines": {"0": null}}',
}
NAMES = (
    "../../etc/passwd", "..\\..\\x.csv", "/etc/passwd", "x\x00.csv", "a\r\nContent-Type: text/html\r\n\r\n<xprobe>.csv",
    "<xprobe>.csv", "=cmd.csv", "." * 300, "x" * 3000 + ".csv", "CON", "\u202evsc.exe", "-rf.csv", " ",
    '".csv', "%2e%2e%2fx",
)  # fmt: skip


@pytest.fixture
def browser(owner, client_for):
    client = client_for(owner)
    client.raise_request_exception = False
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("what", FILES)
def test_a_hostile_file_is_refused_or_read_as_what_it_says(browser, tenant, what, count):
    rule = OBJECTS["integrations.syncrule"](tenant)
    before = (MappingVersion.objects.count(), SyncRule.objects.count())
    table = next(iter(TABLES))
    places = {
        "customers": (reverse("admin:reconciliation_customerimport_new"), {"tenant": tenant.pk}),
        "mapping": (reverse("admin:integrations_syncrule_exchange", args=[rule.pk]), {"import": "1"}),
        "table": (
            f"{reverse('admin:integrations_tablerow_import_table')}?tenant={tenant.pk}&table={table}",
            {"look": "1"},
        ),
    }
    for place, (url, data) in places.items():
        reply = browser.post(url, {**data, "file": SimpleUploadedFile("x.csv", FILES[what])})
        assert reply.status_code in (200, 302), f"{what} as {place}: {reply.status_code} {reply.exc_info}"
    for row in CustomerImport.objects.all():
        page = browser.get(reverse("admin:reconciliation_customerimport_columns", args=[row.pk]))
        assert page.status_code == 200, f"{what}: {page.exc_info}"
        browser.post(
            reverse("admin:reconciliation_customerimport_columns", args=[row.pk]),
            {"start": "1", "column-0": "id", "column-1": "name"},
        )
        customer_imports.work(row.pk)
        row.refresh_from_db()
        assert row.state in ("done", "failed", "draft"), what
    assert (MappingVersion.objects.count(), SyncRule.objects.count()) == before
    assert not any("\x00" in name for name in Customer.objects.values_list("name", flat=True))
    count("S25", "hostile files into every upload", len(places), "5xx or half taken")


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_name_is_no_more_than_a_name(browser, tenant, name, settings, tmp_path, count):
    settings.EXPORT_DIR = tmp_path
    url = reverse("admin:reconciliation_customerimport_new")
    reply = browser.post(url, {"tenant": tenant.pk, "file": SimpleUploadedFile(name, ROW)})
    assert reply.status_code in (200, 302), reply.exc_info
    for row in CustomerImport.objects.all():
        assert not {"/", "\\", "\x00", "\n"} & set(row.name)
        assert (
            "<xprobe"
            not in browser.get(
                reverse("admin:reconciliation_customerimport_change", args=[row.pk])
            ).content.decode()
        )
    assert not list(tmp_path.iterdir())
    count("S25", "hostile file names", 1, "used as a path or shown as code")


@pytest.mark.django_db
def test_a_file_beyond_the_limit_is_refused_before_it_is_read(browser, tenant, settings, count):
    settings.IMPORT_MAX_BYTES = 1_000_000
    body = ROW + b"2,Bob\n" * 170_000
    reply = browser.post(
        reverse("admin:reconciliation_customerimport_new"),
        {"tenant": tenant.pk, "file": SimpleUploadedFile("x.csv", body)},
    )
    assert reply.status_code == 200
    assert "1 MB" in reply.content.decode()
    assert not CustomerImport.objects.exists()
    table = reverse("admin:integrations_tablerow_import_table")
    big = SimpleUploadedFile("x.csv", b"key,target\n" + b"a,b\n" * (tables.LARGEST // 4))
    assert (
        browser.post(f"{table}?tenant={tenant.pk}&table={next(iter(TABLES))}", {"file": big}).status_code
        == 200
    )
    count("S25", "files beyond the limit", 2, "taken")


def test_a_million_lines_are_read_in_bounded_memory(count):
    lines = scaled(100_000, 1_000_000)
    text = "id,name\n" + "".join(f"{n},Customer {n}\n" for n in range(lines))
    content = text.encode()
    tracemalloc.start()
    try:
        file = CustomerFile(opened(content))
        read = sum(1 for row in file.rows() if row.line)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read == lines
    assert peak < 15 * len(content), f"{peak:,} bytes for a file of {len(content):,}"
    count("S25", "lines of one file, in bounded memory", lines, "lost")


@pytest.mark.parametrize(
    "body",
    [
        BILLION_LAUGHS,
        OUTSIDE,
        b"<!DOCTYPE x><x/>",
        b"<x>" * 100_000,
        b'"' * 9,
    ],
)
def test_xml_with_entities_is_not_read(body, count):
    try:
        wire.parsed(wire.unwrapped(body))
    except wire.Unreadable:
        count("S25", "XML with entities, documents types, endless depth", 1, "read")
    else:
        pytest.fail("it was read")


def test_what_an_upload_holds_is_no_pickle_and_no_object():
    """The formats taken are CSV and JSON, and JSON makes nothing but plain values."""
    assert type(orjson.loads(b'{"__class__": "os.system", "__reduce__": ["x"]}')) is dict
    with pytest.raises(BadFile):
        opened(b"")
    assert json.loads("{}") == {}
