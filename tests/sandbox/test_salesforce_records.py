"""Rows of the Salesforce sandbox one by one: describes, writes, what is refused and in which words."""

import pytest

from tests.sandbox.salesforce_caller import error


def describe(org, name):
    told = org.get(f"sobjects/{name}/describe").json
    return {one["name"]: one for one in told["fields"]}


def test_the_objects_of_the_flows_are_described(org):
    names = {one["name"]: one for one in org.get("sobjects").json["sobjects"]}
    wanted = {"Account", "Contact", "Opportunity", "OpportunityContactRole", "Case", "Campaign", "CampaignMember",
              "Task", "User", "ST_Invoice__c"}  # fmt: skip
    assert wanted <= set(names)
    assert (names["Account"]["keyPrefix"], names["ST_Invoice__c"]["custom"]) == ("001", True)


def test_a_describe_tells_what_a_mapping_needs(org):
    fields = describe(org, "Opportunity")
    stage, key = fields["StageName"], fields["ServiceTitan_Id__c"]
    assert (stage["label"], stage["type"], stage["length"], stage["nillable"]) == (
        "Stage",
        "picklist",
        255,
        False,
    )
    assert "Closed Won" in [value["value"] for value in stage["picklistValues"]]
    assert (key["externalId"], key["unique"], key["custom"], key["length"]) == (True, True, True, 80)
    assert (fields["Amount"]["precision"], fields["Amount"]["scale"]) == (18, 2)
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert not fields["IsWon"]["createable"] and not fields["SystemModstamp"]["updateable"]
    required = {name for name, one in fields.items()
                if not one["nillable"] and one["createable"] and not one["defaultedOnCreate"]}  # fmt: skip
    assert required == {"Name", "StageName", "CloseDate"}


def test_children_are_told_with_their_relationship_names(org):
    told = org.get("sobjects/Account/describe").json["childRelationships"]
    assert ("Contact", "AccountId", "Contacts") in [
        (one["childSObject"], one["field"], one["relationshipName"]) for one in told
    ]


def test_an_org_that_nobody_prepared_has_no_external_id(make_org):
    org = make_org(prepared=False, person_accounts=False)
    assert "ServiceTitan_Id__c" not in describe(org, "Account")
    assert "IsPersonAccount" not in describe(org, "Account")
    assert org.get("sobjects/ST_Invoice__c/describe").status_code == 404


def test_a_field_made_through_tooling_works_as_a_key(make_org):
    org = make_org(prepared=False)
    metadata = {"type": "Text", "label": "ServiceTitan Id", "length": 80, "externalId": True, "unique": True}
    field = {"FullName": "Account.ServiceTitan_Id__c", "Metadata": metadata}
    assert org.call("POST", "tooling/sobjects/CustomField", field).status_code == 201
    assert describe(org, "Account")["ServiceTitan_Id__c"]["externalId"]
    assert org.call("PATCH", "sobjects/Account/ServiceTitan_Id__c/a-1", {"Name": "A"}).status_code == 201
    again = org.call("POST", "tooling/sobjects/CustomField", field)
    assert error(again)[1] == "DUPLICATE_DEVELOPER_NAME"


def test_fields_and_objects_come_and_go_by_control_verbs(org):
    org.control.add_field("Account", "Tier__c picklist 255 restricted = Gold|Silver")
    org.control.add_object("Plan__c", "Account__c reference >Account kids:Plans__r")
    account = org.create("Account", Name="A", Tier__c="Gold")
    plan = org.create("Plan__c", Name="P", Account__c=account)
    assert org.get(f"sobjects/Account/{account}/Plans__r").json["records"][0]["Id"] == plan
    bad = org.call("POST", "sobjects/Account", {"Name": "B", "Tier__c": "Lead"})
    assert error(bad) == (
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Tier: bad value for restricted picklist field: Lead",
    )
    org.control.remove_field("Account", "Tier__c")
    gone = org.call("PATCH", f"sobjects/Account/{account}", {"Tier__c": "Gold"})
    assert error(gone)[1:] == ("INVALID_FIELD", "No such column 'Tier__c' on sobject of type Account")


@pytest.mark.parametrize(
    ("name", "values", "code", "fields"),
    [
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ("Contact", {"LastName": "x", "Email": "foo"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "x", "AccountId": "003Dn0000000001IAA"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "001Dn000000zzzzAAA"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "001Dn000000zzzz"}, "INVALID_CROSS_REFERENCE_KEY", []),
        ("Contact", {"LastName": "x", "CreatedDate": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ["CreatedDate"]),
        ("Account", {"Name": "x", "AnnualRevenue": 1e19}, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"]),
        ("Account", {"Name": "x", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "x", "Foo__c": 1}, "INVALID_FIELD", None),
    ],
)  # fmt: skip
def test_a_row_is_refused_with_the_code_and_fields_of_the_reference(org, name, values, code, fields):
    reply = org.call("POST", f"sobjects/{name}", values)
    assert (reply.status_code, reply.json[0]["errorCode"]) == (400, code)
    assert reply.json[0].get("fields") == fields
    assert org.control.stats()["rows"].get(name, 0) == 0


def test_a_body_that_is_no_json_is_refused(org):
    reply = org.call("POST", "sobjects/Account", data=b"{x", headers={"Content-Type": "application/json"})
    assert error(reply)[1] == "JSON_PARSER_ERROR"


def test_writing_and_reading_a_row_back(org):
    made = org.call("POST", "sobjects/Account/", {"Name": "  Acme ", "Phone": ""})
    assert made.headers["Location"].endswith(made.json["id"])
    row = org.read("Account", made.json["id"])
    assert (row["Name"], row["Phone"], row["OwnerId"]) == ("Acme", None, org.control.org.user_id)
    assert row["attributes"]["type"] == "Account" and row["SystemModstamp"].endswith(".000+0000")
    assert org.read("Account", row["Id"][:15])["Id"] == row["Id"], "15 characters do as well"
    some = org.get(f"sobjects/Account/{row['Id']}", fields="Name,Phone").json
    assert set(some) == {"attributes", "Name", "Phone"}
    org.control.advance(5)
    assert org.call("PATCH", f"sobjects/Account/{row['Id']}", {"Phone": "1"}).status_code == 204
    after = org.read("Account", row["Id"])
    assert after["SystemModstamp"] > row["SystemModstamp"] and after["CreatedDate"] == row["CreatedDate"]


def test_what_is_missing_deleted_or_of_an_unknown_kind_is_404(org):
    assert error(org.get("sobjects/Account/001Dn0000009999"))[:2] == (404, "NOT_FOUND")
    assert error(org.get("sobjects/Nothing__c/001Dn0000009999"))[:2] == (404, "NOT_FOUND")
    account = org.create("Account", Name="A")
    assert org.call("DELETE", f"sobjects/Account/{account}").status_code == 204
    for method, body in (("GET", None), ("PATCH", {"Name": "B"}), ("DELETE", None)):
        assert error(org.call(method, f"sobjects/Account/{account}", body))[:2] == (404, "ENTITY_IS_DELETED")
    assert error(org.call("PUT", "sobjects/Account"))[:2] == (405, "METHOD_NOT_ALLOWED")


def test_conditional_requests_know_the_last_change(org):
    account = org.create("Account", Name="A")
    path = f"sobjects/Account/{account}"
    modified = org.get(path).headers["Last-Modified"]
    unchanged = org.call("GET", path, headers={"If-Modified-Since": modified})
    assert (unchanged.status_code, unchanged.get_data()) == (304, b"")
    org.control.advance(60)
    org.call("PATCH", path, {"Name": "B"})
    late = org.call("PATCH", path, {"Name": "C"}, headers={"If-Unmodified-Since": modified})
    assert error(late)[:2] == (412, "PRECONDITION_FAILED")


# --- upsert ---

KEY = "sobjects/Account/ServiceTitan_Id__c/t1-1"


def test_an_upsert_creates_then_updates(org):
    made = org.call("PATCH", KEY, {"Name": "A"})
    assert (made.status_code, made.json["created"]) == (201, True)
    again = org.call("PATCH", KEY.replace("t1-1", "T1-1"), {"Name": "B"})
    assert (again.status_code, again.json) == (
        200,
        {"id": made.json["id"], "success": True, "errors": [], "created": False},
    )
    assert org.get(KEY).json["Name"] == "B"


def test_versions_before_46_tell_less(org):
    org.version = "45.0"
    assert "created" not in org.call("PATCH", KEY, {"Name": "A"}).json
    assert org.call("PATCH", KEY, {"Name": "B"}).status_code == 204


def test_an_upsert_refuses_what_the_reference_says(org):
    assert error(org.call("PATCH", KEY, {"Name": "A", "ServiceTitan_Id__c": "t1-1"}))[1:] == (
        "INVALID_FIELD",
        "The ServiceTitan_Id__c field should not be specified in the sobject data",
    )
    assert error(org.call("PATCH", "sobjects/Account/Phone/1", {"Name": "A"}))[:2] == (404, "NOT_FOUND")
    assert org.call("PATCH", f"{KEY}?updateOnly=true", {"Name": "A"}).status_code == 404
    assert org.control.rows("Account") == []


def test_a_key_that_several_rows_have_answers_300_and_writes_nothing(org):
    ids = [org.create("Contact", LastName=name, Email="x@y.com") for name in "AB"]
    reply = org.call("PATCH", "sobjects/Contact/Email/X@y.com", {"LastName": "C"})
    assert reply.status_code == 300
    assert reply.json == [f"/services/data/v62.0/sobjects/Contact/{row_id}" for row_id in ids]
    assert {row["LastName"] for row in org.control.rows("Contact")} == {"A", "B"}


def test_a_deleted_row_never_matches_an_upsert(org):
    first = org.call("PATCH", KEY, {"Name": "A"}).json["id"]
    org.call("DELETE", f"sobjects/Account/{first}")
    assert org.call("PATCH", KEY, {"Name": "A"}).json["id"] != first


def test_a_unique_value_is_refused_a_second_time(org):
    first = org.create("Account", Name="A", ServiceTitan_Id__c="t1-1")
    reply = org.call("POST", "sobjects/Account", {"Name": "B", "ServiceTitan_Id__c": "T1-1"})
    sentence = f"duplicate value found: ServiceTitan_Id__c duplicates value on record with id: {first}"
    assert error(reply) == (400, "DUPLICATE_VALUE", sentence)


def test_a_parent_is_named_by_its_external_id(org):
    account = org.create("Account", Name="A", ServiceTitan_Id__c="t1-1")
    contact = org.create("Contact", LastName="R", Account={"ServiceTitan_Id__c": "t1-1"})
    assert org.read("Contact", contact)["AccountId"] == account
    lost = org.call("POST", "sobjects/Contact", {"LastName": "R", "Account": {"ServiceTitan_Id__c": "t1-9"}})
    assert error(lost)[1:] == (
        "INVALID_FIELD",
        "Foreign key external ID: t1-9 not found for field ServiceTitan_Id__c in entity Account",
    )


# --- what the platform does by itself ---


def person_type(org):
    return org.rows("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true")[0][
        "Id"
    ]


def test_a_person_account_has_a_composed_name_and_a_contact_behind_it(org):
    account = org.create("Account", RecordTypeId=person_type(org), FirstName="Ada", LastName="Roe",
                         PersonEmail="ada@example.com")  # fmt: skip
    row = org.read("Account", account)
    assert (row["Name"], row["IsPersonAccount"]) == ("Ada Roe", True)
    behind = org.read("Contact", row["PersonContactId"])
    assert (behind["AccountId"], behind["Email"]) == (account, "ada@example.com")
    org.call("PATCH", f"sobjects/Account/{account}", {"PersonEmail": "new@example.com"})
    assert org.read("Contact", row["PersonContactId"])["Email"] == "new@example.com"
    mixed = org.call("POST", "sobjects/Account", {"Name": "A", "LastName": "Roe"})
    assert error(mixed)[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_an_opportunity_is_won_by_its_stage(org):
    deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Amount=100)
    row = org.read("Opportunity", deal)
    assert (row["Probability"], row["IsClosed"], row["ExpectedRevenue"]) == (10.0, False, 10.0)
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = org.read("Opportunity", deal)
    assert (row["Probability"], row["IsClosed"], row["IsWon"]) == (100.0, True, True)


def test_an_opportunity_has_one_primary_contact(org):
    contacts = [org.create("Contact", LastName=name) for name in "AB"]
    deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01",
                      ContactId=contacts[0])  # fmt: skip
    org.create("OpportunityContactRole", OpportunityId=deal, ContactId=contacts[1], IsPrimary=True)
    roles = org.rows("SELECT ContactId, IsPrimary FROM OpportunityContactRole ORDER BY Id")
    assert [(role["ContactId"], role["IsPrimary"]) for role in roles] == [
        (contacts[0], False),
        (contacts[1], True),
    ]


def test_a_case_takes_its_account_from_its_contact(org):
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="R", AccountId=account, Email="r@x.com")
    case = org.read("Case", org.create("Case", ContactId=contact, Subject="Bad rating"))
    assert (case["AccountId"], case["Status"], case["ContactEmail"]) == (account, "New", "r@x.com")
    assert case["CaseNumber"] == "00001001"
    org.call("PATCH", f"sobjects/Case/{case['Id']}", {"Status": "Closed"})
    assert org.read("Case", case["Id"])["IsClosed"] is True


def test_a_contact_joins_a_campaign_once(org):
    campaign, contact = org.create("Campaign", Name="Gold"), org.create("Contact", LastName="R")
    member = org.create("CampaignMember", CampaignId=campaign, ContactId=contact)
    assert org.read("CampaignMember", member)["Status"] == "Sent"
    again = org.call("POST", "sobjects/CampaignMember", {"CampaignId": campaign, "ContactId": contact})
    assert error(again) == (400, "DUPLICATE_VALUE", "Already a campaign member.")
    org.call("PATCH", f"sobjects/CampaignMember/{member}", {"Status": "Responded"})
    assert org.read("CampaignMember", member)["HasResponded"] is True


def test_a_task_is_done_when_completed(org):
    contact = org.create("Contact", LastName="R")
    task = org.create("Task", Subject="Call", WhoId=contact, Status="Completed")
    assert org.read("Task", task)["IsClosed"] is True


def test_an_inactive_owner_is_refused(org):
    former = org.rows("SELECT Id FROM User WHERE IsActive = false")[0]["Id"]
    reply = org.call("POST", "sobjects/Account", {"Name": "A", "OwnerId": former})
    assert error(reply)[1] == "INACTIVE_OWNER_OR_USER"


def test_deleting_takes_the_children_that_cannot_be_without(org):
    contact = org.create("Contact", LastName="R")
    campaign = org.create("Campaign", Name="Gold")
    member = org.create("CampaignMember", CampaignId=campaign, ContactId=contact)
    org.call("DELETE", f"sobjects/Campaign/{campaign}")
    assert error(org.get(f"sobjects/CampaignMember/{member}"))[1] == "ENTITY_IS_DELETED"


# --- rules of the org ---


def test_a_validation_rule_speaks_its_own_words(org):
    org.control.add_validation_rule("Account", "Phone", "empty", "Give a phone.")
    assert error(org.call("POST", "sobjects/Account", {"Name": "A"})) == (
        400,
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Give a phone.",
    )
    assert org.create("Account", Name="A", Phone="1")


def test_a_duplicate_rule_shows_whom_it_found_and_an_alert_can_be_overruled(org):
    org.control.add_duplicate_rule("Contact", ["Email"])
    first = org.create("Contact", LastName="R", Email="r@x.com")
    twin = {"LastName": "Roe", "Email": "R@x.com"}
    refused = org.call("POST", "sobjects/Contact", twin).json[0]
    assert (refused["errorCode"], refused["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    found = refused["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]
    assert (found["Id"], refused["duplicateResult"]["allowSave"]) == (first, True)
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert org.call("POST", "sobjects/Contact", twin, headers=header).status_code == 201
    org.control.drop_rules()
    org.control.add_duplicate_rule("Contact", ["Email"], alert=False)
    assert org.call("POST", "sobjects/Contact", twin, headers=header).status_code == 400


def test_a_locked_row_is_refused_until_it_is_free(org):
    account = org.create("Account", Name="A")
    org.control.lock_rows([account])
    path = f"sobjects/Account/{account}"
    assert error(org.call("PATCH", path, {"Name": "B"}))[1] == "UNABLE_TO_LOCK_ROW"
    org.control.lock_rows([])
    assert org.call("PATCH", path, {"Name": "B"}).status_code == 204


# --- what others do ---


def test_a_merge_leaves_the_loser_with_its_master(org):
    winner, loser = (org.create("Account", Name=name) for name in "AB")
    contact = org.create("Contact", LastName="R", AccountId=loser)
    org.control.merge(winner, loser)
    assert org.read("Contact", contact)["AccountId"] == winner
    gone = org.get("queryAll", q="SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true").json
    assert [(row["Id"], row["MasterRecordId"]) for row in gone["records"]] == [(loser, winner)]


def test_what_changed_and_what_went_is_told_between_two_moments(org):
    kept, gone = (org.create("Account", Name=name) for name in "AB")
    org.call("DELETE", f"sobjects/Account/{gone}")
    org.control.advance(120)
    day = {"start": "2026-09-21T00:00:00Z", "end": "2026-09-22T00:00:00Z"}
    assert org.get("sobjects/Account/updated/", **day).json["ids"] == [kept]
    assert org.get("sobjects/Account/deleted/", **day).json["deletedRecords"][0]["id"] == gone
    turned = {"start": day["end"], "end": day["start"]}
    assert error(org.get("sobjects/Account/updated", **turned))[1] == "INVALID_REPLICATION_DATE"
