"""What is read from Salesforce and written there: one declaration per object, parents before what belongs to them.

An account, of a business or of a person, is a customer; a contact is a person at one. Owners are users. Customers have
another home: Salesforce says what it knows of them, and the portal's value stands where both have changed.
"""

from collections.abc import Collection, Mapping
from typing import Any

from integrations.connectors.entity import Entity, FieldMap, Find, Reference, Removal, Write
from integrations.connectors.salesforce.bulk import MOST

BATCH, AT_ONCE = 200, 8
_RECORD = "https://login.salesforce.com/{id}"
_OWNER = Reference("OwnerId", "owner", prefix="005")  # a queue (00G) owns as well, and is no user
_CUSTOMER = Reference("AccountId", "customer")
_PERSON = Reference("ContactId", "person")


def _object(
    name: str,
    api_name: str,
    mapping: tuple[FieldMap, ...],
    *,
    active: str | None = None,
    deleted: str | None = "IsDeleted",
    **more: Any,
) -> Entity:
    return Entity(
        name=name,
        scope=api_name,
        feed=api_name,
        mapping=mapping,
        id="Id",
        created="CreatedDate",
        modified="SystemModstamp",
        active=active,
        deleted=deleted,
        sort=None,
        max_page_size=2000,
        deep_link=_RECORD,
        **more,
    )


def _upserted(api_name: str, members: tuple[str, ...], needed: tuple[str, ...], **more: Any) -> Write:
    """Rows that carry our external id."""
    return Write(
        scope=api_name,
        create=api_name,
        update=api_name,
        members=frozenset(members),
        needed=frozenset(needed),
        find=Find.UPSERT,
        batch=BATCH,
        bulk=MOST,
        at_once=AT_ONCE,
        **more,
    )


def custom_object(
    entity: str,
    api_name: str,
    mapping: tuple[FieldMap, ...],
    *,
    members: Collection[str],
    needed: tuple[str, ...],
    optional: Mapping[str, str],
    copies: Mapping[str, str] | None = None,
    **more: Any,
) -> Entity:
    """An object of the org's own, as its describe says it is.

    Where its rows are copies of the portal's, `copies` are the references that they need. Such a row is taken away with
    its record; one that is deleted there by hand says nothing about it.
    """
    if copies is None:
        return _object(
            entity,
            api_name,
            mapping,
            write=_upserted(api_name, tuple(members), needed, optional=optional),
            **more,
        )
    write = _upserted(
        api_name,
        tuple(members),
        needed,
        optional=optional,
        references=copies,
        remove=Removal(f"sobjects/{api_name}/{{id}}"),
    )
    return _object(
        entity, api_name, mapping, write=write, deleted=None, known_only=True, of_record=False, **more
    )


def _joining(
    api_name: str, members: tuple[str, ...], references: Mapping[str, str], remove: Removal | None = None
) -> Write:
    """Rows that only join two others, and carry no id of ours: the same two joined are one row."""
    return Write(
        scope=api_name,
        create=api_name,
        update=api_name,
        members=frozenset(members),
        references=references,
        find=Find.SIBLINGS,
        alike=tuple(references.values()),
        remove=remove,
    )


_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_ADDRESS_FIELDS = ("street", "city", "state", "postal_code", "country")


def _address(prefix: str) -> tuple[FieldMap, ...]:
    return tuple(
        FieldMap(f"{prefix}{part}", name) for part, name in zip(_ADDRESS, _ADDRESS_FIELDS, strict=True)
    )


OWNER = _object(
    "owner",
    "User",
    (FieldMap("Name", "name"), FieldMap("Email, Username, Title, UserType", "details", "members")),
    active="IsActive",
    deleted=None,
    feed_params={"kind": "UserType = 'Standard'"},
)
CAMPAIGN = _object(
    "campaign",
    "Campaign",
    (
        FieldMap("Name", "name"),
        FieldMap("Type, Status, StartDate, EndDate, IsActive", "details", "members"),
    ),
    write=_upserted("Campaign", ("Name",), ("Name",)),
)
CUSTOMER = _object(
    "customer",
    "Account",
    (
        FieldMap("Name", "name"),
        # A business account may well stand for a household: what is known of a customer's kind is kept.
        FieldMap("IsPersonAccount", "kind", "customer_kind", mode="if_empty"),
        *_address("Billing"),
        FieldMap("BillingLatitude", "latitude", "number"),
        FieldMap("BillingLongitude", "longitude", "number"),
    ),
    merged_to="MasterRecordId",
    of_record=False,
    write=_upserted(
        "Account",
        ("Name", "Phone", *(f"Billing{part}" for part in _ADDRESS)),
        ("Name",),
        create_members=frozenset({"IsPersonAccount"}),
        variants={"person_account": "a person account if residential, else a business account"},
        only_as={"IsPersonAccount": "person_account"},
    ),
)
_PERSON_TEXTS = {
    "Salutation": "salutation",
    "FirstName": "first_name",
    "LastName": "last_name",
    "Title": "title",
    "Email": "email",
    "Phone": "phone",
    "MobilePhone": "mobile",
}
PERSON = _object(
    "person",
    "Contact",
    (
        *(FieldMap(remote, name) for remote, name in _PERSON_TEXTS.items()),
        *_address("Mailing"),
        FieldMap("DoNotCall", "do_not_call", "boolean"),
        FieldMap("HasOptedOutOfEmail", "do_not_email", "boolean"),
    ),
    references={"customer": _CUSTOMER, "owner": _OWNER},
    write=_upserted(
        "Contact",
        (*_PERSON_TEXTS, *(f"Mailing{part}" for part in _ADDRESS), "DoNotCall", "HasOptedOutOfEmail"),
        ("LastName",),
        references={"customer": "AccountId"},
    ),
)
OPPORTUNITY = _object(
    "opportunity",
    "Opportunity",
    (
        FieldMap("Name", "name"),
        FieldMap("StageName", "stage"),
        FieldMap("Amount", "amount", "decimal"),
        FieldMap("Probability", "probability", "decimal"),
        FieldMap("CloseDate", "closes_on", "date"),
        FieldMap("Type", "kind"),
        FieldMap("LeadSource", "lead_source"),
        FieldMap("NextStep", "next_step"),
        FieldMap("Description", "description"),
        FieldMap("IsClosed", "is_closed", "boolean"),
        FieldMap("IsWon", "is_won", "boolean"),
    ),
    references={
        "customer": _CUSTOMER,
        "campaign": Reference("CampaignId", "campaign"),
        "owner": _OWNER,
    },
    write=_upserted(
        "Opportunity",
        ("Name", "StageName", "Amount", "Probability", "CloseDate", "Type", "LeadSource", "NextStep", "Description"),
        ("Name", "StageName", "CloseDate"),
        references={"customer": "AccountId"},
    ),
)  # fmt: skip
OPPORTUNITY_ROLE = _object(
    "opportunity_role",
    "OpportunityContactRole",
    (FieldMap("Role", "role"), FieldMap("IsPrimary", "is_primary", "boolean")),
    references={
        "opportunity": Reference("OpportunityId", "opportunity", required=True),
        "person": Reference("ContactId", "person", required=True),
    },
    write=_joining(
        "OpportunityContactRole",
        ("Role", "IsPrimary"),
        {"opportunity": "OpportunityId", "person": "ContactId"},
    ),
)
CASE = _object(
    "case",
    "Case",
    (
        FieldMap("CaseNumber", "number"),
        FieldMap("Subject", "subject"),
        FieldMap("Description", "description"),
        FieldMap("Status", "status"),
        FieldMap("Priority", "priority"),
        FieldMap("Origin", "origin"),
        FieldMap("Type", "kind"),
        FieldMap("Reason", "reason"),
        FieldMap("IsClosed", "is_closed", "boolean"),
        FieldMap("ClosedDate", "closed_at", "timestamp"),
    ),
    references={"customer": _CUSTOMER, "person": _PERSON, "owner": _OWNER},
    write=_upserted(
        "Case",
        ("Subject", "Description", "Status", "Priority", "Origin", "Type", "Reason"),
        (),
        references={"customer": "AccountId", "person": "ContactId"},
        optional={"owner": "OwnerId"},
    ),
)
CAMPAIGN_MEMBER = _object(
    "campaign_member",
    "CampaignMember",
    (FieldMap("Status", "status"), FieldMap("HasResponded", "has_responded", "boolean")),
    references={"campaign": Reference("CampaignId", "campaign", required=True), "person": _PERSON},
    write=_joining(
        "CampaignMember",
        ("Status",),
        {"campaign": "CampaignId", "person": "ContactId"},
        remove=Removal("sobjects/CampaignMember/{id}"),
    ),
)
TASK = _object(
    "task",
    "Task",
    (
        FieldMap("Subject", "subject"),
        FieldMap("Status", "status"),
        FieldMap("Priority", "priority"),
        FieldMap("ActivityDate", "due_on", "date"),
        FieldMap("TaskSubtype", "kind"),
        FieldMap("Description", "description"),
        FieldMap("IsClosed", "is_closed", "boolean"),
    ),
    references={
        "customer": _CUSTOMER,
        "person": Reference("WhoId", "person", prefix="003"),
        "opportunity": Reference("WhatId", "opportunity", prefix="006"),
        "case": Reference("WhatId", "case", prefix="500"),
        "owner": _OWNER,
    },
)

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        OWNER, CAMPAIGN, CUSTOMER, PERSON, OPPORTUNITY, OPPORTUNITY_ROLE, CASE, CAMPAIGN_MEMBER, TASK,
    )
}  # fmt: skip
