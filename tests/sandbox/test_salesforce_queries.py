"""SOQL in the Salesforce sandbox: what it finds, how it pages, and how it refuses."""

import pytest


@pytest.fixture
def shop(org):
    """Three accounts a minute apart, with contacts, deals and one row in the recycle bin."""
    org.ids = {}
    for place, name in enumerate(("Acme", "acorn", "Béla's")):
        values = {"Name": name, "Phone": str(place) if place else None, "AnnualRevenue": 100.0 * place}
        account = org.create("Account", **values, ServiceTitan_Id__c=f"t{place}")
        org.create("Contact", LastName=f"Of {name}", AccountId=account, Email=f"c{place}@x.com")
        org.create("Opportunity", Name="D", AccountId=account, Amount=10.5 + place, CloseDate=f"2026-0{place + 7}-01",
                   StageName="Closed Won" if place else "Prospecting")  # fmt: skip
        org.ids[name] = account
        org.control.advance(60)
    gone = org.create("Account", Name="Gone")
    org.call("DELETE", f"sobjects/Account/{gone}")
    return org


def names(org, where):
    return [row["Name"] for row in org.rows(f"SELECT Name FROM Account WHERE {where} ORDER BY CreatedDate")]  # noqa: S608


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name != 'acme'", ["acorn", "Béla's"]),
        ("Name LIKE 'AC%'", ["Acme", "acorn"]),
        ("Name LIKE 'ac_e'", ["Acme"]),
        (r"Name = 'Béla\'s'", ["Béla's"]),
        ("Name IN ('acme', 'nobody')", ["Acme"]),
        ("Name NOT IN ('acme')", ["acorn", "Béla's"]),
        ("Phone = null", ["Acme"]),
        ("Phone != null AND AnnualRevenue > 100", ["Béla's"]),
        ("NOT Name LIKE 'ac%'", ["Béla's"]),
        ("Name = 'Acme' OR (AnnualRevenue >= 100 AND AnnualRevenue < 200)", ["Acme", "acorn"]),
        ("Owner.Username = 'integration@hartwell.example' AND Name = 'Acme'", ["Acme"]),
        ("ServiceTitan_Id__c IN ('T0', 't2')", ["Acme", "Béla's"]),
        ("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)", ["acorn", "Béla's"]),
        ("CreatedDate = TODAY", ["Acme", "acorn", "Béla's"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate = LAST_N_DAYS:1 AND CreatedDate > YESTERDAY", ["Acme", "acorn", "Béla's"]),
        ("SystemModstamp >= 2026-09-21T14:14:20Z", ["acorn", "Béla's"]),
        ("SystemModstamp > 2026-09-21T16:14:20+02:00", ["Béla's"]),
        ("IsDeleted = true", []),
        ("IsPersonAccount = false AND Name < 'b'", ["Acme", "acorn"]),
    ],
)
def test_where(shop, where, found):
    assert names(shop, where) == found


def test_deals_by_date(shop):
    where = "CloseDate >= 2026-08-01 AND CloseDate = THIS_YEAR ORDER BY CloseDate DESC"
    rows = shop.rows(f"SELECT CloseDate FROM Opportunity WHERE {where}")  # noqa: S608
    assert [row["CloseDate"] for row in rows] == ["2026-09-01", "2026-08-01"]


def test_order_limit_and_offset(shop):
    assert [r["Name"] for r in shop.rows("SELECT Name FROM Account ORDER BY Name DESC")] == [
        "Béla's",
        "acorn",
        "Acme",
    ]
    assert shop.rows("SELECT Phone FROM Account ORDER BY Phone")[0]["Phone"] is None, "nulls come first"
    assert shop.rows("SELECT Phone FROM Account ORDER BY Phone NULLS LAST")[2]["Phone"] is None
    assert shop.rows("SELECT Name FROM Account ORDER BY AnnualRevenue LIMIT 1 OFFSET 1") == [
        {"Name": "acorn"}
    ]


def test_keyset_paging_by_modstamp_sees_each_row_once(shop):
    for number in range(30):
        shop.create("Account", Name=f"Same second {number}")
    seen, stamp, last = [], "2026-09-01T00:00:00Z", ""
    while True:
        rows = shop.rows(
            "SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp > "  # noqa: S608
            f"{stamp} OR (SystemModstamp = {stamp} AND Id > '{last}') ORDER BY SystemModstamp, Id LIMIT 7"
        )
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        stamp, last = rows[-1]["SystemModstamp"].replace("+0000", "Z"), rows[-1]["Id"]
    assert len(seen) == len(set(seen)) == 33


def test_parents_are_nested_and_children_are_answers_of_their_own(shop):
    row = shop.rows(
        "SELECT LastName, Account.Name, Account.Owner.Name FROM Contact WHERE Account.Name = 'Acme'"
    )[0]
    assert row["Account"]["attributes"]["type"] == "Account"
    assert (row["Account"]["Name"], row["Account"]["Owner"]["Name"]) == ("Acme", "Trunkline Integration")
    alone = shop.create("Contact", LastName="Alone")
    found = shop.rows(f"SELECT Account.Name FROM Contact WHERE Id = '{alone}'")  # noqa: S608
    assert found == [{"Account": None}]
    contacts, cases = "(SELECT LastName FROM Contacts WHERE Email LIKE 'c%')", "(SELECT Id FROM Cases)"
    soql = f"SELECT Name, {contacts}, {cases} FROM Account LIMIT 1"  # noqa: S608
    account = shop.rows(soql)[0]
    assert (account["Contacts"]["totalSize"], account["Contacts"]["records"][0]["LastName"]) == (1, "Of Acme")
    assert account["Cases"] is None


def test_counting_and_adding_up(shop):
    count = shop.query("SELECT COUNT() FROM Account")
    assert (count["totalSize"], count["records"]) == (3, [])
    soql = "SELECT StageName, COUNT(Id), SUM(Amount) total FROM Opportunity GROUP BY StageName ORDER BY StageName"
    assert shop.rows(soql) == [
        {"StageName": "Closed Won", "expr0": 2, "total": 24.0},
        {"StageName": "Prospecting", "expr0": 1, "total": 10.5},
    ]
    assert shop.rows(
        "SELECT MIN(CloseDate), COUNT_DISTINCT(StageName) FROM Opportunity WHERE Amount > 1000"
    ) == [{"expr0": None, "expr1": 0}]


def test_query_all_shows_the_recycle_bin(shop):
    found = shop.get("queryAll", q="SELECT Name FROM Account WHERE IsDeleted = true").json
    assert [row["Name"] for row in found["records"]] == ["Gone"]


def test_all_fields_of_a_group(shop):
    row = shop.rows("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")[0]
    assert row == {"ServiceTitan_Id__c": "t0"}
    assert "BillingAddress" in shop.rows("SELECT FIELDS(ALL) FROM Account LIMIT 200")[0]
    assert shop.refusal("SELECT FIELDS(ALL) FROM Account")["errorCode"] == "MALFORMED_QUERY"


def test_an_address_is_one_object(shop):
    account = shop.create("Account", Name="Z", BillingCity="Reno", BillingState="NV")
    address = shop.read("Account", account)["BillingAddress"]
    assert (address["city"], address["state"], address["street"]) == ("Reno", "NV", None)


def test_paging_follows_the_locator(make_org):
    org = make_org(accounts=25, query_page=10)
    page, ids = org.query("SELECT Id FROM Account"), []
    sizes = []
    while True:
        sizes.append(len(page["records"]))
        ids += [row["Id"] for row in page["records"]]
        if page["done"]:
            break
        assert page["totalSize"] == 25
        page = org.browser.get(page["nextRecordsUrl"], headers=org.headers).json
    assert (sizes, len(set(ids)), "nextRecordsUrl" in page) == ([10, 10, 5], 25, False)


def test_the_batch_size_is_kept_within_its_bounds(make_org):
    org = make_org(accounts=250)
    option = {"Sforce-Query-Options": "batchSize=5"}
    assert len(org.query("SELECT Id FROM Account", **option)["records"]) == 200


def test_a_locator_dies_after_two_days_or_ten_younger_ones(make_org):
    org = make_org(accounts=25, query_page=10, token_life=1e9)
    first = org.query("SELECT Id FROM Account")["nextRecordsUrl"]
    second = [org.query("SELECT Id FROM Account")["nextRecordsUrl"] for _ in range(10)][-1]
    lost = org.browser.get(first, headers=org.headers)
    assert (lost.status_code, lost.json[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    org.control.advance(2 * 86_400 + 1)
    assert org.browser.get(second, headers=org.headers).status_code == 400


@pytest.mark.parametrize(
    ("soql", "code", "column", "sentence"),
    [
        ("SELECT Id FORM Account", "MALFORMED_QUERY", 11, "unexpected token: 'FORM'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", 29, "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", 37, "unexpected char: '''"),
        ("SELECT Id FROM Account WHERE Id = 'a' AND Id = 'b' OR Id = 'c'", "MALFORMED_QUERY", 52,
         "unexpected token: 'OR'"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", 8, "Field must be grouped or aggregated: Name"),
        ("SELECT Foo FROM Account", "INVALID_FIELD", 8, "No such column 'Foo' on entity 'Account'."),
        ("SELECT Foo.Name FROM Account", "INVALID_FIELD", 8, "Didn't understand relationship 'Foo' in field path."),
        ("SELECT Id, (SELECT Id FROM Foos) FROM Account", "INVALID_TYPE", 28, "Didn't understand relationship 'Foos'"),
        ("SELECT Id FROM XYZZY", "INVALID_TYPE", 16, "sObject type 'XYZZY' is not supported."),
        ("SELECT Id FROM Account WHERE AnnualRevenue = '5'", "INVALID_FIELD", 46, "should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", 37, "should be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", 30, "can not be filtered"),
    ],
)  # fmt: skip
def test_a_bad_query_is_refused_with_its_place(org, soql, code, column, sentence):
    refused = org.refusal(soql)
    assert refused["errorCode"] == code
    lines = refused["message"].split("\n")
    assert lines[0] == "" and lines[2].strip() == "^"
    assert lines[3] == f"ERROR at Row:1:Column:{column}"
    assert sentence in lines[4]


def test_a_query_without_a_text_is_refused(org):
    assert org.get("query").json[0]["errorCode"] == "MALFORMED_QUERY"
