"""Export feeds: order, continuation, the lag, and what lists hide."""

from integrations.sandbox import times


def test_a_change_shows_only_after_the_lag(caller):
    control = caller.sandbox.control
    _, position = caller.feed("crm/export/customers")
    changed = control.touch("customers", 3)
    assert caller.feed("crm/export/customers", position)[0] == []
    control.advance(899)
    assert caller.feed("crm/export/customers", position)[0] == []
    control.advance(2)
    caller.renew()
    assert sorted(row["id"] for row in caller.feed("crm/export/customers", position)[0]) == changed


def test_recent_changes_come_at_once_and_again_later(caller):
    control = caller.sandbox.control
    _, position = caller.feed("crm/export/customers")
    changed = control.touch("customers", 3)
    early, position = caller.feed("crm/export/customers", position, includeRecentChanges="true")
    again, position = caller.feed("crm/export/customers", position, includeRecentChanges="true")
    control.advance(1000)
    caller.renew()
    late, position = caller.feed("crm/export/customers", position)
    for rows in (early, again, late):
        assert sorted(row["id"] for row in rows) == changed
    assert caller.feed("crm/export/customers", position)[0] == []


def test_recent_changes_of_many_pages_come_to_an_end(make):
    caller = make(feed_page=4)
    changed = caller.sandbox.control.touch("customers", 15)
    rows, _ = caller.feed("crm/export/customers", includeRecentChanges="true")
    assert {row["id"] for row in rows} >= set(changed)


def test_a_feed_is_ordered_by_modification_and_complete(make):
    caller = make(feed_page=7)
    rows, _ = caller.feed("jpm/export/jobs")
    moments = [times.from_text(row["modifiedOn"]) for row in rows]
    assert moments == sorted(moments)
    assert len(rows) == len({row["id"] for row in rows}) == len(caller.sandbox.control.rows("jobs"))


def test_a_date_starts_the_feed_at_that_moment_inclusive(caller):
    moment = caller.feed("jpm/export/jobs")[0][10]["modifiedOn"]
    rows, _ = caller.feed("jpm/export/jobs", moment)
    assert rows[0]["modifiedOn"] == moment
    day = caller.feed("jpm/export/jobs", moment[:10])[0]
    assert len(day) >= len(rows)


def test_a_token_of_another_feed_is_refused(caller):
    _, position = caller.feed("jpm/export/jobs")
    reply = caller.get("crm/export/customers", **{"from": position})
    assert (reply.status_code, list(reply.json["errors"])) == (400, ["From"])


def test_a_token_survives_the_row_it_points_to_being_changed(make):
    caller = make(feed_page=10, lag=0)
    first = caller.get("jpm/export/jobs").json
    caller.sandbox.control.change("jobs", first["data"][-1]["id"], summary="moved to the end")
    rest, _ = caller.feed("jpm/export/jobs", first["continueFrom"])
    seen = {row["id"] for row in first["data"]} | {row["id"] for row in rest}
    assert len(seen) == len(caller.sandbox.control.rows("jobs"))
    assert rest[-1]["summary"] == "moved to the end"


def test_a_merge_leaves_the_loser_inactive_and_pointing_to_the_winner(make):
    caller = make(lag=0)
    loser, winner = (row["id"] for row in caller.rows("crm/customers")[:2])
    jobs = {row["id"] for row in caller.rows("jpm/jobs", customerId=loser)}
    _, position = caller.feed("crm/export/customers")
    caller.sandbox.control.merge(loser, winner)
    rows, _ = caller.feed("crm/export/customers", position)
    assert [(row["id"], row["active"], row["mergedToId"]) for row in rows] == [(loser, False, winner)]
    assert jobs <= {row["id"] for row in caller.rows("jpm/jobs", customerId=winner)}
    assert caller.rows("crm/locations", customerId=loser, active="Any") == []


def test_a_deleted_contact_stays_in_the_feed_as_inactive(make):
    caller = make(lag=0)
    contact = caller.feed("crm/export/customers/contacts")[0][0]
    path = f"crm/customers/{contact['customerId']}/contacts"
    caller.send("DELETE", f"{path}/{contact['id']}")
    assert contact["id"] not in [row["id"] for row in caller.rows(path)]
    last = caller.feed("crm/export/customers/contacts")[0][-1]
    assert (last["id"], last["active"]) == (contact["id"], False)


def test_the_assignments_feed_alone_hides_inactive_rows_unless_asked(make):
    caller = make(customers=60)
    everything, _ = caller.feed("dispatch/export/appointment-assignments", active="Any")
    shown, _ = caller.feed("dispatch/export/appointment-assignments")
    assert [row for row in everything if row["active"]] == shown
    assert len(shown) < len(everything)


def test_customers_added_later_come_with_their_work(make):
    caller = make(lag=0)
    positions = {path: caller.feed(path)[1] for path in ("crm/export/customers", "crm/export/locations")}
    added = caller.sandbox.control.add(2)
    assert [
        row["id"] for row in caller.feed("crm/export/customers", positions["crm/export/customers"])[0]
    ] == added
    locations, _ = caller.feed("crm/export/locations", positions["crm/export/locations"])
    assert {row["customerId"] for row in locations} == set(added)


def test_a_feed_may_lead_back_to_the_page_it_has_just_given(make):
    caller = make(feed_page=4)
    caller.sandbox.control.faults("repeated_page:1,count=1")
    page = caller.get("crm/export/customers").get_json()
    assert page["continueFrom"], "the first page has nothing to lead back to"
    caller.sandbox.control.faults("repeated_page:1,count=1")
    again = caller.get("crm/export/customers", **{"from": page["continueFrom"]}).get_json()
    assert (again["continueFrom"], again["hasMore"]) == (page["continueFrom"], True)
    same = caller.get("crm/export/customers", **{"from": again["continueFrom"]}).get_json()
    assert same["data"] == again["data"]
    assert same["continueFrom"] != again["continueFrom"]


def test_rows_changed_together_bear_one_moment(caller):
    control = caller.sandbox.control
    ids = [row["id"] for row in control.rows("customers")[:6]]
    control.change_together("customers", {row_id: {"name": f"N{row_id}"} for row_id in ids})
    assert len({control.row("customers", row_id)["modifiedOn"] for row_id in ids}) == 1
