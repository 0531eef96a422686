"""What the platform fills in by itself: names, closed and won, the parent of a case, primary roles, campaign counts.

A `before` hook completes the row about to be stored; an `after` hook writes what it entails to other rows.
"""

from integrations.sandbox.salesforce.errors import RowRefused
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.org import Hooks, Org
from integrations.sandbox.salesforce.store import Row

STAGES: dict[str, tuple[int, str]] = {
    "Prospecting": (10, "Pipeline"), "Qualification": (10, "Pipeline"), "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"), "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"), "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Pipeline"), "Closed Won": (100, "Closed"), "Closed Lost": (0, "Omitted"),
}  # fmt: skip
MIRRORED = {"PersonEmail": "Email", "PersonMobilePhone": "MobilePhone", "PersonHomePhone": "HomePhone",
            "PersonTitle": "Title", "PersonBirthdate": "Birthdate", "FirstName": "FirstName",
            "LastName": "LastName", "Salutation": "Salutation", "Phone": "Phone"}  # fmt: skip


def full_name(row: Row) -> str | None:
    return " ".join(filter(None, (row.get("FirstName"), row.get("LastName")))) or None


def person(org: Org, row: Row, before: Row | None) -> None:
    row["Name"] = full_name(row)


def account(org: Org, row: Row, before: Row | None) -> None:
    kind = org.store["RecordType"].rows.get(row.get("RecordTypeId") or "")
    is_person = bool(kind and kind.get("IsPersonType"))
    if not is_person:
        if "IsPersonAccount" in row and any(row.get(name) for name in ("FirstName", "LastName")):
            raise RowRefused(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "Account: bad field names on insert/update call: LastName, FirstName",
                ["LastName", "FirstName"],
            )
        return
    if not row.get("LastName"):
        raise RowRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"])
    row["IsPersonAccount"], row["Name"] = True, full_name(row)


def person_contact(org: Org, row: Row, before: Row | None) -> None:
    """Each person account has a contact behind it."""
    if not row.get("IsPersonAccount"):
        return
    values = {theirs: row.get(ours) for ours, theirs in MIRRORED.items() if row.get(ours) is not None}
    contacts = org.store["Contact"]
    stamps = {name: row[name] for name in ("LastModifiedDate", "SystemModstamp", "LastModifiedById")}
    if behind := row.get("PersonContactId"):
        contacts.put({**contacts.rows[behind], **values, **stamps, "Name": row["Name"]})
        return
    made = org.seed("Contact", AccountId=row["Id"], IsPersonAccount=True, OwnerId=row["OwnerId"], **values)
    org.store["Account"].rows[row["Id"]]["PersonContactId"] = made["Id"]


def opportunity(org: Org, row: Row, before: Row | None) -> None:
    stage = row.get("StageName")
    if stage is None or row.get("CloseDate") is None:
        return
    moved = before is None or before.get("StageName") != stage
    chance, forecast = STAGES.get(stage, (None, "Pipeline"))
    if moved:
        given = before is None and row.get("Probability") is not None
        if not given and chance is not None:
            row["Probability"] = float(chance)
        row["ForecastCategory"] = row["ForecastCategoryName"] = forecast
        row["LastStageChangeDate"] = row["SystemModstamp"] if before else None
    row["IsClosed"], row["IsWon"] = forecast in {"Closed", "Omitted"}, forecast == "Closed"
    if row.get("Amount") is not None:
        row["ExpectedRevenue"] = round(row["Amount"] * (row.get("Probability") or 0) / 100, 2)
    year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
    row["FiscalYear"], row["FiscalQuarter"] = year, (month + 2) // 3
    row["Fiscal"] = f"{year} {(month + 2) // 3}"


def first_role(org: Org, row: Row, before: Row | None) -> None:
    """An opportunity made for a contact gets it as its primary contact role."""
    if before is None and row.get("ContactId"):
        org.seed(
            "OpportunityContactRole", OpportunityId=row["Id"], ContactId=row["ContactId"], IsPrimary=True
        )


def one_primary(org: Org, row: Row, before: Row | None) -> None:
    if not row.get("IsPrimary") or (before and before.get("IsPrimary")):
        return
    table = org.store["OpportunityContactRole"]
    for other in table.where("OpportunityId", row["OpportunityId"]):
        if other["Id"] != row["Id"] and other.get("IsPrimary"):
            table.put({**other, "IsPrimary": False, "SystemModstamp": row["SystemModstamp"]})


def case(org: Org, row: Row, before: Row | None) -> None:
    if "CaseNumber" not in row:
        row["CaseNumber"] = f"{1000 + org.store['Case'].number() + 1:08d}"
    row.pop("Comments", None)
    contact = org.store["Contact"].rows.get(row.get("ContactId") or "")
    if contact:
        if before is None and not row.get("AccountId"):
            row["AccountId"] = contact.get("AccountId")
        for ours, theirs in (
            ("Email", "Email"),
            ("Phone", "Phone"),
            ("Mobile", "MobilePhone"),
            ("Fax", "Fax"),
        ):
            row[f"Contact{ours}"] = contact.get(theirs)
    row["IsClosed"] = row.get("Status") == "Closed"
    was = bool(before and before.get("IsClosed"))
    row["ClosedDate"] = (row.get("ClosedDate") if was else row["SystemModstamp"]) if row["IsClosed"] else None


def campaign_member(org: Org, row: Row, before: Row | None) -> None:
    whose = [name for name in ("ContactId", "LeadId") if row.get(name)]
    if len(whose) != 1:
        sentence = (
            "Required fields are missing: [ContactId]" if not whose else "Only one of ContactId and LeadId"
        )
        code = "REQUIRED_FIELD_MISSING" if not whose else "FIELD_INTEGRITY_EXCEPTION"
        raise RowRefused(code, sentence, ["ContactId"])
    member_id, campaign = row[whose[0]], row.get("CampaignId")
    if before is None and campaign:
        for other in org.store["CampaignMember"].where("LeadOrContactId", member_id):
            if other["CampaignId"] == campaign:
                raise RowRefused("DUPLICATE_VALUE", "Already a campaign member.")
    someone = org.store.row(long_id(member_id)) or {}
    row.update({name: someone.get(name) for name in ("Name", "FirstName", "LastName", "Email", "Phone")})
    row["LeadOrContactId"], row["Type"] = member_id, whose[0].removesuffix("Id")
    owner = org.store["Account"].rows.get(someone.get("AccountId") or "") or {}
    row["CompanyOrAccount"] = someone.get("Company") or owner.get("Name")
    statuses = org.store["CampaignMemberStatus"].where("CampaignId", campaign)
    answered = {s["Label"] for s in statuses if s.get("HasResponded")} if statuses else {"Responded"}
    row["HasResponded"] = row.get("Status") in answered
    if row["HasResponded"] and not row.get("FirstRespondedDate"):
        row["FirstRespondedDate"] = row["SystemModstamp"][:10]


def member_statuses(org: Org, row: Row, before: Row | None) -> None:
    """A new campaign has the statuses Sent and Responded."""
    if before is None:
        for place, (label, answered) in enumerate((("Sent", False), ("Responded", True)), 1):
            org.seed("CampaignMemberStatus", CampaignId=row["Id"], Label=label, SortOrder=place,
                     IsDefault=place == 1, HasResponded=answered)  # fmt: skip


def task(org: Org, row: Row, before: Row | None) -> None:
    row["IsClosed"] = row.get("Status") == "Completed"
    row["IsHighPriority"] = row.get("Priority") == "High"
    if row["IsClosed"] and not (before and before.get("IsClosed")):
        row["CompletedDateTime"] = row["SystemModstamp"]
    about = org.store.row(row.get("WhatId") or "") or org.store.row(row.get("WhoId") or "") or {}
    is_account = about.get("Id", "").startswith(org.store["Account"].sobject.prefix)
    row["AccountId"] = about.get("Id") if is_account else about.get("AccountId")


def line_item(org: Org, row: Row, before: Row | None) -> None:
    entry = org.store["PricebookEntry"].rows.get(row.get("PricebookEntryId") or "") or {}
    row.update({name: entry.get(name) for name in ("Product2Id", "Name", "ProductCode")})
    row["ListPrice"] = entry.get("UnitPrice")
    count = row.get("Quantity") or 0
    if row.get("UnitPrice") is None and row.get("TotalPrice") is None:
        raise RowRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", ["UnitPrice"])
    if row.get("UnitPrice") is None:
        row["UnitPrice"] = round(row["TotalPrice"] / count, 2) if count else None
    row["Subtotal"] = round((row["UnitPrice"] or 0) * count, 2)
    row["TotalPrice"] = round(row["Subtotal"] * (1 - (row.get("Discount") or 0) / 100), 2)


def line_total(org: Org, row: Row, before: Row | None) -> None:
    table = org.store["Opportunity"]
    parent = table.rows[row["OpportunityId"]]
    lines = org.store["OpportunityLineItem"].where("OpportunityId", row["OpportunityId"])
    total = round(sum(line["TotalPrice"] for line in lines), 2)
    table.put(
        {**parent, "Amount": total, "HasOpportunityLineItem": True, "SystemModstamp": row["SystemModstamp"]}
    )


def price_entry(org: Org, row: Row, before: Row | None) -> None:
    product = org.store["Product2"].rows.get(row.get("Product2Id") or "") or {}
    row["Name"], row["ProductCode"] = product.get("Name"), product.get("ProductCode")
    if before is not None:
        return
    book = org.store["Pricebook2"].rows.get(row.get("Pricebook2Id") or "") or {}
    same = org.store["PricebookEntry"].where("Product2Id", row.get("Product2Id"))
    if any(entry["Pricebook2Id"] == book.get("Id") for entry in same):
        raise RowRefused("DUPLICATE_VALUE", "This price definition already exists in this price book")
    books = org.store["Pricebook2"].rows
    if (
        book
        and not book.get("IsStandard")
        and not any(books[e["Pricebook2Id"]].get("IsStandard") for e in same)
    ):
        raise RowRefused("STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product")


HOOKS = Hooks(
    before={
        "Account": account, "Contact": person, "Lead": person, "User": person, "Opportunity": opportunity, "Case": case,
        "CampaignMember": campaign_member, "Task": task, "OpportunityLineItem": line_item, "PricebookEntry": price_entry,
    },
    after={
        "Account": person_contact, "Opportunity": first_role, "OpportunityContactRole": one_primary,
        "Campaign": member_statuses, "OpportunityLineItem": line_total,
    },
)  # fmt: skip
