"""The standard objects of a Sales Cloud org, and what an admin adds for Trunkline. See declaring.py for the lines."""

from integrations.sandbox.salesforce.declaring import declare, fields_of
from integrations.sandbox.salesforce.schema import Schema, SObject
from integrations.sandbox.salesforce.standard_sales import SALES
from integrations.sandbox.salesforce.standard_service import SERVICE
from integrations.sandbox.salesforce.standard_set_up import SET_UP

EXTERNAL_ID = "ServiceTitan_Id__c string 80 ext unique label:ServiceTitan_Id"
KEYED = (
    "Account",
    "Contact",
    "Opportunity",
    "Case",
    "Campaign",
    "CampaignMember",
    "Task",
    "Product2",
    "User",
)
INVOICE = """
Name string 80 key
ServiceTitan_Id__c string 80 ext unique label:ServiceTitan_Id
Account__c reference >Account kids:ST_Invoices__r
Opportunity__c reference >Opportunity kids:ST_Invoices__r
Invoice_Number__c string 30
Invoice_Date__c date
Due_Date__c date
Subtotal__c currency 18,2
Tax__c currency 18,2
Total__c currency 18,2
Balance__c currency 18,2
Status__c picklist 255 = Open|Paid|Void
SYSPRO_Reference__c string 30
"""
PERSON = """
IsPersonAccount boolean ro
PersonContactId reference ro >Contact rel:PersonContact
FirstName string 40
LastName string 80
Salutation picklist 40 = Mr.|Ms.|Mrs.|Dr.|Prof.
PersonEmail email 80
PersonMobilePhone phone 40
PersonHomePhone phone 40
PersonOtherPhone phone 40
PersonAssistantPhone phone 40
address PersonMailing
address PersonOther
PersonBirthdate date
PersonTitle string 80
PersonDepartment string 80
PersonAssistantName string 40
PersonLeadSource picklist 255
PersonHasOptedOutOfEmail boolean
PersonDoNotCall boolean
"""


def standard_schema(*, prepared: bool = True, person_accounts: bool = True) -> Schema:
    """A fresh org's objects. `prepared`: an admin has made the external-id fields and the invoice object."""
    objects = [
        declare(name, prefix, lines, **more) for name, prefix, lines, more in (*SALES, *SERVICE, *SET_UP)
    ]
    schema = Schema(objects)
    if person_accounts:
        _extend(schema.objects["Account"], PERSON)
        _extend(schema.objects["Contact"], "IsPersonAccount boolean ro")
    if prepared:
        for name in KEYED:
            _extend(schema.objects[name], EXTERNAL_ID)
        schema.add(declare("ST_Invoice__c", "a00", INVOICE, label="ST Invoice", custom=True))
    return schema


def _extend(sobject: SObject, lines: str) -> None:
    for field in fields_of(lines):
        sobject.add(field)
