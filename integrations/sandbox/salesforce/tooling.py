"""`tooling/sobjects/CustomField`: what an app may do to make its own external-id field, and to ask for it."""

from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.ids import make_id
from integrations.sandbox.salesforce.replies import as_json, object_of
from integrations.sandbox.salesforce.schema import Field

TYPES = {
    "Text": "string", "Number": "double", "Currency": "currency", "Percent": "percent", "Checkbox": "boolean",
    "Date": "date", "DateTime": "datetime", "Email": "email", "Phone": "phone", "Url": "url", "Picklist": "picklist",
    "LongTextArea": "textarea", "TextArea": "textarea", "Lookup": "reference",
}  # fmt: skip
MOST_KEYS = 25
DEFAULT_LENGTHS = {"Email": 80, "Phone": 40, "Url": 255, "Picklist": 255, "TextArea": 255, "Lookup": 18}


def answer(call: Call, parts: list[str]) -> Response:
    """Raises Refused."""
    if parts != ["sobjects", "CustomField"]:
        raise missing()
    call.allow("POST")
    body = object_of(call.request)
    object_name, _, name = str(body.get("FullName", "")).partition(".")
    sobject = call.org.schema.find(object_name)
    if sobject is None or not name.endswith("__c"):
        raise Refused(
            "INVALID_FIELD", "FullName must name an object and a field that ends in __c", fields=["FullName"]
        )
    if sobject.find(name):
        sentence = f"There is already a field named {name} on {sobject.name}."
        raise Refused("DUPLICATE_DEVELOPER_NAME", sentence, fields=["DeveloperName"])
    field = _field(name, body.get("Metadata") or {})
    if field.external_id and sum(one.external_id for one in sobject.fields.values()) >= MOST_KEYS:
        raise Refused("LIMIT_EXCEEDED", f"{sobject.name} has {MOST_KEYS} external id fields already.")
    sobject.add(field)
    return as_json(
        {"id": make_id("00N", sobject.version), "success": True, "errors": [], "warnings": [], "infos": []},
        201,
    )


def _field(name: str, told: dict[str, Any]) -> Field:
    kind = told.get("type")
    if kind not in TYPES or not told.get("label"):
        raise Refused(
            "FIELD_INTEGRITY_EXCEPTION", "Metadata needs a label and a known type", fields=["Metadata"]
        )
    external = bool(told.get("externalId"))
    values = told.get("valueSet", {}).get("valueSetDefinition", {}).get("value", [])
    refers = (told["referenceTo"],) if told.get("referenceTo") else ()
    return Field(
        name, TYPES[kind], told["label"], told.get("length") or DEFAULT_LENGTHS.get(kind, 0),
        told.get("precision", 0), told.get("scale", 0), required=bool(told.get("required")), custom=True,
        values=tuple(value.get("fullName") or value["label"] for value in values), refers=refers,
        relationship=f"{name[:-3]}__r" if refers else None, external_id=external, id_lookup=external,
        unique=bool(told.get("unique")), default=False if kind == "Checkbox" else None,
    )  # fmt: skip
