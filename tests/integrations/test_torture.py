"""The torture itself: with look-ups and keys nothing is lost or doubled; without them something is, so it measures."""

import pytest

from integrations.torture.checking import Seen, verdict
from integrations.torture.editing import HERE, THERE, Intent
from integrations.torture.running import come_to_rest, judged, opened, torture
from integrations.torture.sides import torture_sides
from integrations.torture.sides_checking import Ended, sides_verdict
from tests.integrations.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.cluster
def test_workers_web_server_and_database_killed_again_and_again_lose_nothing_and_double_nothing():
    report = torture(seed=7, kills=6, edits=40)
    assert report.verdict.good, report.verdict
    assert report.writes > 10
    assert set(report.killed) == {"worker", "web", "database"}


def made_with_its_reply_lost(*, protected: bool):
    """A customer made here, of which the other side's first answer never came."""
    with opened(1, protected=protected) as world:
        control = world.app.control
        control.faults("lost_reply:1,count=1,method=POST,path=customers")
        world.editor.make()
        wait_for(lambda: control.faults_on.report()[0]["count"] == 0, 60, "lost reply")
        come_to_rest(world, print)
        return judged(world)


@pytest.mark.cluster
def test_without_look_ups_and_keys_something_is_made_twice():
    """Else the torture would measure nothing."""
    assert made_with_its_reply_lost(protected=False).doubled


@pytest.mark.cluster
def test_with_them_it_is_made_once():
    found = made_with_its_reply_lost(protected=True)
    assert found.good, found


@pytest.mark.cluster
def test_three_sides_end_equal_while_workers_are_killed_and_answers_lost():
    """A person settles what the policy leaves open. `manage.py torture` does it at length, under each policy."""
    report = torture_sides(["servicetitan", "salesforce"], "ask", seed=7, kills=2, edits=20)
    assert report.verdict.good, report.verdict
    assert report.writes > 10


class Entry:
    """A line of the journal, as the checker reads it."""

    def __init__(self, kind, table="customers", row_id=1, by="api", before=None, after=None):
        self.kind, self.table, self.row_id, self.by = kind, table, row_id, by
        self.before, self.after = before or {}, after or {}


def seen(journal=(), intents=(), made=(), **changed):
    everything = {
        "history": {("customer", 5, "name"): ["old"]},
        "links": {("customers", 1): ("customer", 5)},
        "overruled": frozenset(),
        "here": {("customer", 5): {"name": "new"}},
        "there": {("customer", 5): {"name": "new"}},
    }
    return Seen(list(journal), list(intents), list(made), **{**everything, **changed})


WISH = Intent(HERE, "customer", 5, "name", "new")
WRITE = Entry("changed", before={"name": "old"}, after={"name": "new"})


def test_a_wish_that_was_written_once_is_good():
    assert verdict(seen([WRITE], [WISH])).good


def test_a_wish_that_never_arrived_is_lost():
    there = {("customer", 5): {"name": "old"}}
    assert len(verdict(seen([], [WISH], there=there)).lost) == 1


def test_a_customer_made_twice_is_doubled_and_one_never_made_is_lost():
    new = Entry("new", after={"name": "N1", "address": {"street": "Made 1"}})
    found = verdict(seen([new, new], made=["Made 1", "Made 2"]))
    assert any("Made 1" in words for words in found.doubled)
    assert any("Made 2" in words for words in found.lost)


def job(row_id, mark):
    return Entry("new", table="jobs", row_id=row_id, after={"summary": mark})


def visit(of):
    return Entry("new", table="appointments", after={"jobId": of})


def test_a_job_made_twice_is_doubled_one_never_made_is_lost_and_one_without_its_visit_is_wrong():
    journal = [job(1, "Booked 1"), visit(1), job(2, "Booked 1"), visit(2), job(3, "Booked 3")]
    same = {("customer", 5): {"name": "old"}}
    found = verdict(seen(journal, booked=["Booked 1", "Booked 2", "Booked 3"], here=same, there=same))
    assert [words for words in found.doubled if "Booked 1" in words]
    assert [words for words in found.lost if "Booked 2" in words]
    assert found.wrong == ["job Booked 3 was made with 0 visits"]


def test_a_note_made_twice_is_doubled_and_one_that_nobody_wrote_is_wrong():
    note = Entry("new", table="job-notes", after={"text": "Noted 1"})
    stray = Entry("new", table="job-notes", after={"text": "Noted 9"})
    same = {("customer", 5): {"name": "old"}}
    found = verdict(seen([note, note, stray], noted=["Noted 1"], here=same, there=same))
    assert (len(found.doubled), len(found.wrong), found.lost) == (1, 1, [])


def test_a_write_that_changes_nothing_is_needless():
    assert len(verdict(seen([WRITE, Entry("changed")], [WISH])).needless) == 1


def test_a_value_nobody_wished_for_is_wrong():
    assert len(verdict(seen([WRITE], [])).wrong) == 1


def test_overwriting_what_nobody_here_had_seen_is_wrong_unless_it_came_within_the_call():
    theirs = Intent(THERE, "customer", 5, "name", "theirs")
    office = Entry("changed", by="office", before={"name": "old"}, after={"name": "theirs"})
    over = Entry("changed", before={"name": "theirs"}, after={"name": "new"})
    read = Entry("read", by="office")
    assert verdict(seen([office, read, over], [theirs, WISH])).wrong
    found = verdict(seen([read, office, over], [theirs, WISH]))
    assert found.good
    assert len(found.raced) == 1


def test_two_sides_that_end_apart_are_wrong():
    here = {("customer", 5): {"name": "newer"}}
    assert verdict(seen([WRITE], [WISH], here=here)).wrong


def test_an_edit_that_a_row_was_made_with_has_arrived():
    """Edited here before it was first sent, changed there afterwards: nothing is lost."""
    made = Entry("new", after={"name": "new", "address": {"street": "Made 1"}})
    phone = Entry("new", table="customer-contacts", row_id=9, after={"value": "434-555-0001"})
    home = Entry(
        "new", table="locations", row_id=2, after={"name": "Made 1", "address": {"street": "Made 1"}}
    )
    both = {("customer", 5): {"name": "theirs"}}
    links = {("customers", 1): ("customer", 5), ("locations", 2): ("location", 6)}
    found = verdict(seen([made, home, phone], [WISH], ["Made 1"], here=both, there=both, links=links))
    assert found.good, found


def ended(streets=("Made 1",), journal=(), late=0, **changed):
    """One system in which all is well, but for what is said."""
    rows = {number: street for number, street in enumerate(streets, start=1)}
    there = {("customer", 5): {"name": "new"}}
    return Ended(seen(journal, here=there, there=there, **changed), rows, late)


def test_a_row_that_is_linked_to_no_customer_is_doubled():
    found = sides_verdict({"salesforce": ended(["Made 1", "Made 1"])}, ["Made 1"], ["Made 1"])
    assert len([words for words in found.doubled if words.startswith("salesforce")]) == 2


def test_a_customer_that_did_not_come_to_one_of_the_sides_is_lost():
    found = sides_verdict({"salesforce": ended([]), "servicetitan": ended()}, ["Made 1"], ["Made 1"])
    assert found.lost == ["salesforce: Made 1 is not there"]


def test_a_write_after_the_last_edit_is_an_echo():
    found = sides_verdict({"salesforce": ended(late=2)}, ["Made 1"], ["Made 1"])
    assert found.needless == ["salesforce: 2 writes while nobody edited"]


def test_what_was_overwritten_within_a_call_at_one_system_is_not_lost_to_the_other():
    office = Entry("changed", by="office", before={"name": "old"}, after={"name": "theirs"})
    over = Entry("changed", before={"name": "theirs"}, after={"name": "new"})
    theirs = Intent(THERE, "customer", 5, "name", "theirs")
    one = ended(journal=[WRITE, office, over], intents=[WISH, theirs])
    other = ended(journal=[WRITE], intents=[WISH, Intent(HERE, "customer", 5, "name", "theirs")])
    found = sides_verdict({"servicetitan": one, "salesforce": other}, ["Made 1"], ["Made 1"])
    assert found.good, found
    assert len(found.raced) == 1
