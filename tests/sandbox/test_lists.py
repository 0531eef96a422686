"""Paged lists: pages, filters, sorting, and what is ignored or refused."""

import pytest

from integrations.sandbox import times


def test_a_page_holds_50_rows_unless_asked_otherwise(make):
    page = make(customers=80).get("crm/customers").json
    assert (page["page"], page["pageSize"], len(page["data"]), page["hasMore"]) == (1, 50, 50, True)
    assert page["totalCount"] is None


def test_the_total_comes_only_on_request(caller):
    page = caller.get("crm/customers", includeTotal="true", pageSize=5).json
    assert page["totalCount"] == len(caller.rows("crm/customers"))


def test_pages_hold_every_row_once(caller):
    rows = caller.rows("jpm/jobs", pageSize=7)
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    assert len(ids) == len(caller.sandbox.control.rows("jobs"))


def test_a_page_beyond_the_cap_is_refused_by_name(caller):
    reply = caller.get("crm/customers", pageSize=5001)
    assert reply.status_code == 400
    assert "PageSize" in reply.json["errors"]
    assert caller.get("crm/customers", pageSize=5000).status_code == 200


def test_more_than_50_ids_are_refused_by_name(caller):
    reply = caller.get("crm/customers", ids=",".join(map(str, range(51))))
    assert (reply.status_code, list(reply.json["errors"])) == (400, ["Ids"])


def test_ids_find_single_rows_and_pass_over_unknown_ones(caller):
    wanted = [row["id"] for row in caller.rows("accounting/invoices")[:3]]
    found = caller.rows("accounting/invoices", ids=",".join(map(str, [*wanted, 5])))
    assert [row["id"] for row in found] == wanted


def test_inactive_rows_show_only_when_asked_for(caller):
    control = caller.sandbox.control
    gone = caller.rows("crm/customers")[0]["id"]
    control.deactivate("customers", gone)
    assert gone not in [row["id"] for row in caller.rows("crm/customers")]
    assert gone in [row["id"] for row in caller.rows("crm/customers", active="False")]
    assert len(caller.rows("crm/customers", active="Any")) == len(control.rows("customers"))
    assert caller.get("crm/customers", active="Maybe").status_code == 400


def test_invoices_have_an_active_state_instead(caller):
    gone = caller.rows("accounting/invoices")[0]["id"]
    caller.sandbox.control.deactivate("invoices", gone)
    assert [row["id"] for row in caller.rows("accounting/invoices", activeState="InactiveOnly")] == [gone]


def test_a_misspelt_filter_returns_the_unfiltered_list(caller):
    assert caller.rows("jpm/jobs", customerID=1) == caller.rows("jpm/jobs")


def test_a_filter_that_the_sandbox_lacks_is_said_so(caller):
    assert caller.get("jpm/jobs", technicianId=1).status_code == 501


def test_a_filter_of_a_wrong_kind_is_refused_by_name(caller):
    reply = caller.get("jpm/jobs", customerId="Ada")
    assert (reply.status_code, list(reply.json["errors"])) == (400, ["CustomerId"])


def test_time_bounds_are_inclusive_below_and_exclusive_above(caller):
    moment = caller.rows("jpm/jobs")[5]["modifiedOn"]
    from_it = caller.rows("jpm/jobs", modifiedOnOrAfter=moment)
    before_it = caller.rows("jpm/jobs", modifiedBefore=moment)
    assert moment in [row["modifiedOn"] for row in from_it]
    assert moment not in [row["modifiedOn"] for row in before_it]
    assert len(from_it) + len(before_it) == len(caller.rows("jpm/jobs"))


@pytest.mark.parametrize(
    ("sort", "member", "down"), [("-Id", "id", True), ("+ModifiedOn", "modifiedOn", False)]
)
def test_rows_come_sorted_as_asked(caller, sort, member, down):
    rows = caller.rows("jpm/jobs", sort=sort)
    keys = [row["id"] if member == "id" else times.from_text(row[member]) for row in rows]
    assert keys == sorted(keys, reverse=down)


def test_an_unknown_sort_is_refused(caller):
    assert caller.get("jpm/jobs", sort="+Colour").status_code == 400


def test_invoices_are_found_by_their_number_which_is_not_their_id(caller):
    invoice = caller.rows("accounting/invoices")[3]
    assert invoice["referenceNumber"] != str(invoice["id"])
    assert caller.rows("accounting/invoices", number=invoice["referenceNumber"]) == [invoice]


def test_customers_are_found_by_phone_however_it_is_written(caller):
    contact = next(
        row
        for row in caller.rows("crm/customers/contacts", modifiedOnOrAfter="2000-01-01")
        if row["type"] != "Email" and len(row["phoneSettings"]["phoneNumber"]) >= 10
    )
    found = caller.rows("crm/customers", phone=contact["value"], active="Any")
    assert contact["customerId"] in [row["id"] for row in found]


def test_contacts_of_all_customers_need_a_filter(caller):
    assert caller.get("crm/customers/contacts").status_code == 400
    assert caller.rows("crm/customers/contacts", modifiedOnOrAfter="2000-01-01")


def test_notes_of_a_job_have_no_id_but_those_of_a_customer_do(caller):
    job = caller.feed("jpm/export/job-notes")[0][0]["jobId"]
    assert all("id" not in row for row in caller.rows(f"jpm/jobs/{job}/notes"))
    customer = caller.rows("crm/customers")[0]["id"]
    caller.send("POST", f"crm/customers/{customer}/notes", {"text": "Ring twice"})
    assert caller.rows(f"crm/customers/{customer}/notes")[-1]["id"]


def test_invoices_and_payments_have_no_single_read(caller):
    for path in ("accounting/invoices", "accounting/payments"):
        assert caller.get(f"{path}/{caller.rows(path)[0]['id']}").status_code == 404


def test_a_membership_type_shows_its_prices_only_on_request(caller):
    assert caller.rows("memberships/membership-types")[0]["durationBilling"] is None
    assert caller.rows("memberships/membership-types", includeDurationBilling="true")[0]["durationBilling"]
