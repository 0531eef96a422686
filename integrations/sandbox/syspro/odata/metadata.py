"""`$metadata`: the tables and columns as OData's schema language has them."""

from lxml import etree

from integrations.sandbox.syspro.columns import Kind, Table
from integrations.sandbox.syspro.odata.filters import type_of
from integrations.sandbox.syspro.tables import TABLES

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
NAMESPACE = "SYSPROOData"


def metadata(dates: str) -> bytes:
    root = etree.Element(f"{{{EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": EDMX})
    services = etree.SubElement(root, f"{{{EDMX}}}DataServices")
    own = {None: EDM}  # the stubs forget that a namespace may come without a prefix
    schema = etree.SubElement(services, f"{{{EDM}}}Schema", {"Namespace": NAMESPACE}, nsmap=own)  # type: ignore[arg-type]
    for table in TABLES.values():
        _entity_type(schema, table, dates)
    container = etree.SubElement(schema, f"{{{EDM}}}EntityContainer", {"Name": "Container"})
    for name in TABLES:
        members = {"Name": name, "EntityType": f"{NAMESPACE}.{name}"}
        etree.SubElement(container, f"{{{EDM}}}EntitySet", members)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _entity_type(schema: etree._Element, table: Table, dates: str) -> None:
    entity = etree.SubElement(schema, f"{{{EDM}}}EntityType", {"Name": table.name})
    key = etree.SubElement(entity, f"{{{EDM}}}Key")
    for name in table.keys:
        etree.SubElement(key, f"{{{EDM}}}PropertyRef", {"Name": name})
    for column in table.columns.values():
        members = {"Name": column.name, "Type": type_of(column, dates)}
        if column.kind is not Kind.DATE:
            members["MaxLength" if column.kind is Kind.TEXT else "Scale"] = str(column.size)
        etree.SubElement(entity, f"{{{EDM}}}Property", members)
