"""Customers, locations, how to reach them, and those who have not booked yet."""

from integrations.connectors.entity import Entity, FieldMap, Find, Parts, Reference, Removal, Write
from integrations.connectors.servicetitan.entities.shared import (
    ANY_ACTIVE,
    SHOP,
    WHOLE_ADDRESS,
    address,
    coordinates,
    required,
)
from integrations.connectors.servicetitan.entities.shared import (
    CUSTOMER as CUSTOMER_ID,
)
from integrations.connectors.servicetitan.entities.shared import (
    LOCATION as LOCATION_ID,
)

_CRM = "/crm/v2/tenant/{tenant}"

CUSTOMER = Entity(
    name="customer",
    scope="tn.crm.customers:r",
    path=f"{_CRM}/customers",
    feed=f"{_CRM}/export/customers",
    params=ANY_ACTIVE,
    merged_to="mergedToId",
    deep_link="https://go.servicetitan.com/#/Customer/{id}",
    write=Write(
        scope="tn.crm.customers:w",
        create=f"{_CRM}/customers",
        update=f"{_CRM}/customers/{{id}}",
        members=frozenset(
            (
                "name",
                "type",
                "address",
                "creditLimit",
                "taxExempt",
                "doNotMail",
                "doNotService",
                "nationalAccount",
                "tagTypeIds",
            )
        ),
        find=Find.KEY,
        whole=WHOLE_ADDRESS,
        needed=frozenset(("name", "address")),
        parts=(
            Parts("location", "locations", "customer", ("name", "street"), needed=True),
            Parts("customer_contact", "contacts", "customer", ("kind", "value")),
        ),
    ),
    mapping=(
        FieldMap("name", "name"),
        FieldMap("type", "kind"),
        *address("address"),
        *coordinates("address"),
        FieldMap("balance", "balance", "decimal"),
        FieldMap("creditLimit", "credit_limit", "decimal"),
        FieldMap("taxExempt", "tax_exempt", "boolean"),
        FieldMap("doNotMail", "do_not_mail", "boolean"),
        FieldMap("doNotService", "do_not_service", "boolean"),
        FieldMap("nationalAccount", "national_account", "boolean"),
        FieldMap("tagTypeIds", "tag_ids", "id_list"),
    ),
)

LOCATION = Entity(
    name="location",
    scope="tn.crm.locations:r",
    path=f"{_CRM}/locations",
    feed=f"{_CRM}/export/locations",
    params=ANY_ACTIVE,
    references={"customer": required(CUSTOMER_ID)},
    merged_to="mergedToId",
    deep_link="https://go.servicetitan.com/#/Location/{id}",
    write=Write(
        scope="tn.crm.locations:w",
        create=f"{_CRM}/locations",
        update=f"{_CRM}/locations/{{id}}",
        members=frozenset(("name", "address", "tagTypeIds")),
        find=Find.KEY,
        whole=WHOLE_ADDRESS,
        references={"customer": "customerId"},
        needed=frozenset(("name", "address")),
        parts=(Parts("location_contact", "contacts", "location", ("kind", "value")),),
    ),
    mapping=(
        FieldMap("name", "name"),
        *address("address"),
        *coordinates("address"),
        FieldMap("taxExempt", "tax_exempt", "boolean"),
        FieldMap("tagTypeIds", "tag_ids", "id_list"),
    ),
)

_CONTACT = (
    FieldMap("type", "kind", "contact_kind"),
    FieldMap("value", "value"),
    FieldMap("type, value", "e164", "contact_e164"),
    FieldMap("type, value", "extension", "contact_extension"),
    FieldMap("type, value", "usable", "contact_usable"),
    FieldMap("memo", "memo"),
    FieldMap("phoneSettings.doNotText", "do_not_text", "boolean"),
)
# A contact's change does not move its customer's modifiedOn, so contacts are read on their own. Their list
# refuses to answer without a filter: the oldest time asks for all.
_SINCE_EVER = {"modifiedOnOrAfter": "1900-01-01T00:00:00Z"}


def _contact_write(parent: str, owners: str) -> Write:
    """Contacts keep no external data: the same kind and value beside each other are one."""
    rows = f"{_CRM}/{owners}/{{parent}}/contacts"
    return Write(
        scope=f"tn.crm.{owners}:w",
        create=rows,
        update=f"{rows}/{{id}}",
        siblings=rows,
        parent=parent,
        members=frozenset(("type", "value", "memo")),
        find=Find.SIBLINGS,
        needed=frozenset(("type", "value")),
        alike=("type", "value"),
        remove=Removal(f"{rows}/{{id}}"),
    )


CUSTOMER_CONTACT = Entity(
    name="customer_contact",
    scope="tn.crm.customers:r",
    path=f"{_CRM}/customers/contacts",
    feed=f"{_CRM}/export/customers/contacts",
    params=_SINCE_EVER,
    references={"customer": required(CUSTOMER_ID)},
    ids=None,
    sort=None,
    mapping=_CONTACT,
    write=_contact_write("customer", "customers"),
)

LOCATION_CONTACT = Entity(
    name="location_contact",
    scope="tn.crm.locations:r",
    path=f"{_CRM}/locations/contacts",
    feed=f"{_CRM}/export/locations/contacts",
    params=_SINCE_EVER,
    references={"location": required(LOCATION_ID)},
    ids=None,
    sort=None,
    mapping=_CONTACT,
    write=_contact_write("location", "locations"),
)

# Leads keep no external data either: one that says the same, made since we began, is ours.
_LEAD_PERSON = (
    "leadCustomerName",
    "leadPhone",
    "leadEmail",
    "leadStreet",
    "leadUnit",
    "leadCity",
    "leadState",
    "leadZip",
    "leadCountry",
)

LEAD = Entity(
    name="lead",
    scope="tn.crm.leads:r",
    path=f"{_CRM}/leads",
    feed=f"{_CRM}/export/leads",
    references={"customer": CUSTOMER_ID, "location": LOCATION_ID, **SHOP},
    write=Write(
        scope="tn.crm.leads:w",
        create=f"{_CRM}/leads",
        update=f"{_CRM}/leads/{{id}}",
        members=frozenset(("priority", "summary", *_LEAD_PERSON)),
        create_members=frozenset(("followUpDate",)),
        find=Find.FEED,
        references={"campaign": "campaignId"},
        optional={
            "customer": "customerId",
            "location": "locationId",
            "business_unit": "businessUnitId",
            "job_type": "jobTypeId",
        },
        needed=frozenset(("summary", "followUpDate")),
        alike=("campaignId", "summary", *_LEAD_PERSON),
        becomes="customer",
    ),
    mapping=(
        FieldMap("status", "status"),
        FieldMap("priority", "priority"),
        FieldMap("summary", "summary"),
        FieldMap("leadCustomerName", "name"),
        FieldMap("leadPhone", "phone"),
        FieldMap("leadEmail", "email"),
        FieldMap("followUpDate", "follow_up_at", "timestamp"),
        FieldMap("leadStreet", "street"),
        FieldMap("leadUnit", "unit"),
        FieldMap("leadCity", "city"),
        FieldMap("leadState", "state"),
        FieldMap("leadZip", "postal_code"),
        FieldMap("leadCountry", "country"),
    ),
)

BOOKING = Entity(
    name="booking",
    scope="tn.crm.bookings:r",
    path=f"{_CRM}/bookings",
    feed=f"{_CRM}/export/bookings",
    references={"job": Reference("jobId", "job"), **SHOP},
    mapping=(
        FieldMap("status", "status"),
        FieldMap("source", "source"),
        FieldMap("name", "name"),
        FieldMap("summary", "summary"),
        FieldMap("priority", "priority"),
        FieldMap("externalId", "reference"),
        FieldMap("start", "starts_at", "timestamp"),
        FieldMap("isFirstTimeClient", "is_first_time", "boolean"),
        *address("address"),
    ),
)
