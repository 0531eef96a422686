"""Describes: the schema as the API tells it, with the key sets of a real org. Pure."""

from typing import Any

from integrations.sandbox.salesforce.schema import NUMBERS, TEXTS, Field, Schema, SObject

MASTER_RECORD_TYPE = "012000000000000AAA"
SOAP = {
    "boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime", "id": "tns:ID",
    "reference": "tns:ID", "address": "urn:address", **dict.fromkeys(NUMBERS - {"int"}, "xsd:double"),
}  # fmt: skip
REPLICATED = frozenset({"OpportunityStage", "CaseStatus", "Organization"})


def brief(sobject: SObject, base: str) -> dict[str, Any]:
    """An object in the global describe. `base` is `/services/data/v62.0`."""
    url = f"{base}/sobjects/{sobject.name}"
    writeable = any(field.createable and not field.system for field in sobject.fields.values())
    yes = {"layoutable", "queryable", "retrieveable", "searchable", "triggerable"}
    names = (
        "activateable", "customSetting", "deepCloneable", "deprecatedAndHidden", "feedEnabled", "hasSubtypes",
        "isInterface", "isSubtype", "layoutable", "mruEnabled", "queryable", "retrieveable", "searchable", "triggerable",
    )  # fmt: skip
    return {
        **{name: name in yes for name in names},
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": writeable,
        "custom": sobject.custom,
        "deletable": sobject.deletable,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "mergeable": "MasterRecordId" in sobject.fields,
        "name": sobject.name,
        "replicateable": sobject.name not in REPLICATED,
        "undeletable": sobject.deletable,
        "updateable": writeable,
        "urls": {
            "compactLayouts": f"{url}/describe/compactLayouts",
            "rowTemplate": f"{url}/{{ID}}",
            "approvalLayouts": f"{url}/describe/approvalLayouts",
            "describe": f"{url}/describe",
            "quickActions": f"{url}/quickActions",
            "layouts": f"{url}/describe/layouts",
            "sobject": url,
        },
    }


def full(schema: Schema, sobject: SObject, base: str, record_types: list[dict[str, Any]]) -> dict[str, Any]:
    """`record_types` are the RecordType rows of the object."""
    return {
        **brief(sobject, base),
        "actionOverrides": [],
        "childRelationships": [
            _child(name, child, field)
            for child, field in schema.pointing_at(sobject.name)
            for name in [field.children]
        ],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(sobject, field) for field in sobject.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(sobject, base, record_types),
        "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {sobject.plural}", "name": "everything"}],
    }


def _child(name: str | None, child: SObject, field: Field) -> dict[str, Any]:
    return {
        "cascadeDelete": field.required,
        "childSObject": child.name,
        "deprecatedAndHidden": False,
        "field": field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": name,
        "restrictedDelete": False,
    }


def _record_types(sobject: SObject, base: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    url = f"{base}/sobjects/{sobject.name}/describe/layouts"
    master = {"Id": MASTER_RECORD_TYPE, "Name": "Master", "DeveloperName": "Master"}
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": row is master and not rows,
            "developerName": row["DeveloperName"],
            "master": row is master,
            "name": row["Name"],
            "recordTypeId": row["Id"],
            "urls": {"layout": f"{url}/{row['Id']}"},
        }
        for row in [*rows, master]
    ]


def describe_field(sobject: SObject, field: Field) -> dict[str, Any]:
    plain_no = (
        "aiPredictionField", "calculated", "cascadeDelete", "dependentPicklist", "deprecatedAndHidden",
        "displayLocationInDecimal", "encrypted", "formulaTreatNullNumberAsZero", "highScaleNumber", "htmlFormatted",
        "restrictedDelete", "searchPrefilterable", "writeRequiresMasterRead",
    )  # fmt: skip
    empty = (
        "calculatedFormula", "controllerName", "defaultValueFormula", "filteredLookupInfo", "inlineHelpText", "mask",
        "maskType", "referenceTargetField", "relationshipOrder",
    )  # fmt: skip
    long_text = field.type == "textarea" and field.length > 255
    person_name = field.name == "Name" and "IsPersonAccount" in sobject.fields
    is_number = field.type in NUMBERS
    return {
        **dict.fromkeys(plain_no, False),
        **dict.fromkeys(empty),
        "aggregatable": field.type not in {"boolean", "address"} and not long_text,
        "autoNumber": field.auto_number,
        "byteLength": field.length * 3 if field.type not in {"id", "reference"} else field.length,
        "caseSensitive": False,
        "compoundFieldName": field.compound,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultedOnCreate": _is_defaulted(field),
        "digits": field.precision if field.type == "int" else 0,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filterable": not long_text and field.type != "address",
        "groupable": field.type not in {"currency", "double", "percent", "datetime", "address"}
        and not long_text,
        "idLookup": field.id_lookup,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == _name_field(sobject),
        "namePointing": len(field.refers) > 1,
        "nillable": (not field.required and field.type not in {"boolean", "id"} and not field.system)
        or person_name,
        "permissionable": not field.required and not field.system,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == field.default,
                "label": value,
                "validFor": None,
                "value": value,
            }
            for value in field.values
        ],
        "polymorphicForeignKey": len(field.refers) > 1,
        "precision": field.precision if is_number and field.type != "int" else 0,
        "queryByDistance": False,
        "referenceTo": list(field.refers),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "soapType": SOAP.get(field.type, "xsd:string" if field.type in TEXTS else "xsd:anyType"),
        "sortable": not long_text and field.type != "address",
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
    }


def _is_defaulted(field: Field) -> bool:
    return field.default is not None or field.auto_number or field.name in {"Id", "OwnerId"} or (
        field.system and not field.createable
    )  # fmt: skip


def _name_field(sobject: SObject) -> str:
    for name in ("Name", "CaseNumber", "Subject", "MasterLabel", "Label"):
        if name in sobject.fields:
            return name
    return "Id"
