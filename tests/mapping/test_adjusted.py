"""Transforms that take an argument: what they make of values, what they refuse, and that what goes out comes back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors.entity import FieldMap, Find, Write
from integrations.mapping import TRANSFORMS, MappingError, all_problems, outward
from integrations.mapping.addresses import taken_apart
from integrations.mapping.backwards import BACKWARDS, backwards
from integrations.mapping.groups import fills, line_of
from integrations.mapping.validate import Sides

STAGES = "Install = Closed Won\nRepair = Closed Won\nEstimate = Prospecting"


def read(transform, argument, row, remote="v", kind="text", look_up=None):
    line = FieldMap(remote, "f", transform, argument, kind=kind)
    fields = {}
    for fill in fills([line], "US", look_up) if look_up else fills([line], "US"):
        fill(row, fields)
    return fields.get("f", "left as it is")


@pytest.mark.parametrize(
    ("transform", "argument", "words"),
    [
        ("template", "no fields", "fields in braces"),
        ("template", "{a} {", "fields in braces"),
        ("value_map", "Install", "is not of the form"),
        ("value_map", "a = b\nA = c", "stands there twice"),
        ("value_map", "", "one line for each value"),
        ("scaled", "0", "the number to multiply by"),
        ("scaled", "ten", "the number to multiply by"),
        ("date_read", "%m/%d", "day, month and year"),
        ("date_in_zone", "../../etc/passwd", "time zone"),
        ("address_part", "planet", "Write one of street"),
        ("split", "0", "which part"),
        ("lookup", "customer", "an entity and one of its fields"),
        ("named", " ", "the name of the item"),
        ("when", 'else => "a"\na > 1 => "b"', "must be the last line"),
        ("when", "a > => 1", "is not an expression"),
        ("expression", "import os", "nothing can be assigned or imported"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_in_words(transform, argument, words):
    with pytest.raises(ValueError, match=words):
        line_of(FieldMap("v", "f", transform, argument), "US")


@pytest.mark.parametrize(
    ("transform", "argument", "value", "words"),
    [
        ("value_map", STAGES, "Cleaning", "is not among the values"),
        ("scaled", "100", "many", "is not an amount"),
        ("date_read", "%m/%d/%Y", "2026-11-21", "is not a date written like"),
        ("lookup", "customer name", "17", "is not the id of a customer"),
        ("named", "Supplier code", "1", "is not a list of names and values"),
        ("named", "Supplier code", ["1"], "is not a list of names and values"),
        ("expression", "v - 1", "x", "is not a number"),
    ],
)
def test_a_value_that_does_not_fit_fails_its_row_with_words(transform, argument, value, words):
    with pytest.raises(MappingError, match=words):
        read(transform, argument, {"v": value})


@pytest.mark.parametrize(
    ("transform", "argument", "value", "expected"),
    [
        ("value_map", STAGES, " install ", "Closed Won"),
        ("value_map", STAGES + "\n* = Other", "Cleaning", "Other"),
        ("value_map", "a = b\n* = *", "kept", "kept"),
        ("date_written", "%m/%d/%Y", "2026-11-21T23:30:00Z", "11/21/2026"),
        ("date_read", "%m/%d/%Y", "11/21/2026", "2026-11-21"),
        ("date_in_zone", "America/New_York", "2026-11-21T03:30:00Z", "2026-11-20"),
        ("phone_national", "", "+12055550142", "(205) 555-0142"),
        ("phone_national", "", "no number", ""),
        ("address_part", "postal_code", "12 Elm St Apt 4, Reno, NV 89501, USA", "89501"),
        ("split", "1", "Ada Maria Park", "Ada"),
        ("split", "-1", "Ada Maria Park", "Park"),
        ("split", '2 ","', "Park, Ada", "Ada"),
        ("split", "4", "Ada Park", ""),
        ("expression", 'upper(v) + "!"', "ada", "ADA!"),
    ],
)
def test_what_a_transform_makes_of_a_value(transform, argument, value, expected):
    assert read(transform, argument, {"v": value}) == expected


def test_a_transform_that_can_give_anything_gives_what_the_field_holds():
    assert read("constant", "12.50", {}, kind="decimal") == Decimal("12.50")
    assert read("value_map", "open = yes\nshut = no", {"v": "Open"}, kind="boolean") is True
    assert read("expression", "a * b", {"a": 0.1, "b": 3}, kind="decimal") == Decimal("0.3")
    with pytest.raises(MappingError, match="is not an amount"):
        read("when", 'else => "much"', {}, kind="decimal")


def test_a_template_names_its_own_fields_and_a_missing_one_is_left_out():
    row = {"name": "Ada", "address": {"city": None}}
    assert read("template", "{name} in {address.city}", row, remote="") == "Ada in"
    assert read("template", "{name} in {address.city}", {}, remote="") == "left as it is"


def test_conditions_are_asked_in_order():
    rule = 'total > 1000 => "Large"\ntotal > 100 => upper(kind)\nelse => "Small"'
    assert [read("when", rule, {"total": n, "kind": "mid"}) for n in (2000, 500, 5)] == [
        "Large",
        "MID",
        "Small",
    ]


def test_a_look_up_gives_a_field_of_the_linked_record():
    def names(entity, field):
        assert (entity, field) == ("customer", "name")
        return {"17": "Ada"}

    assert read("lookup", "customer name", {"v": 17}, look_up=names) == "Ada"
    assert read("lookup", "customer name", {"v": None}, look_up=names) is None


def test_an_address_in_one_text_is_taken_apart():
    parts = taken_apart("12 Elm St, Apt 4\nReno, nv 89501-1234, USA")
    assert parts == {"street": "12 Elm St", "unit": "Apt 4", "city": "Reno", "state": "NV",
                     "postal_code": "89501-1234", "country": "USA"}  # fmt: skip
    assert taken_apart("")["street"] == ""


class TestBackwards:
    def test_of_two_remote_values_that_mean_the_same_the_one_that_is_there_stays(self):
        back = backwards("value_map", STAGES)
        assert back("Closed Won", ["Repair"]) == ["Repair"]
        assert back("Closed Won", ["Estimate"]) == ["Install"]
        with pytest.raises(ValueError, match="is not among"):
            back("Lost", [None])

    def test_a_part_goes_back_among_the_others(self):
        assert backwards("split", "-1")("Stone", ["Ada Maria Park"]) == ["Ada Maria Stone"]
        assert backwards("split", '2 ","')("Eve", ["Park, Ada"]) == ["Park, Eve"]

    def test_a_combined_text_is_divided_among_its_members(self):
        assert backwards("combine", "")("Ada Maria Park", ["x", "y"]) == ["Ada", "Maria Park"]

    @given(st.decimals("-9999", "9999", places=2), st.sampled_from(["100", "0.01", "-2"]))
    @settings(max_examples=30)
    def test_a_scaled_amount_comes_back_as_it_was(self, amount, by):
        (sent,) = backwards("scaled", by)(amount, [None])
        assert read("scaled", by, {"v": sent}, kind="decimal") == amount

    @given(st.dates(min_value=datetime(1000, 1, 1, tzinfo=UTC).date()))
    @settings(max_examples=30)
    def test_a_date_comes_back_as_it_was(self, day):
        for name in ("date_read", "date_written"):
            there = "%d.%m.%Y" if name == "date_read" else "%Y-%m-%d"
            value = read(name, "%d.%m.%Y", {"v": day.strftime(there)})
            assert read(name, "%d.%m.%Y", {"v": backwards(name, "%d.%m.%Y")(value, [None])[0]}) == value

    def test_every_other_transform_says_why_it_cannot(self):
        one_way = [TRANSFORMS[name] for name in ("constant", "template", "when", "lookup", "expression")]
        assert all(transform.one_way and transform.name not in BACKWARDS for transform in one_way)


WRITE = Write("s", frozenset({"Name", "Amount", "Stage"}), Find.KEY, create_members=frozenset({"Source"}))


class TestOutward:
    def body(self, lines, values, names=None, row=None):
        return outward(lines, WRITE).body_of(values, names or list(values), row)

    def test_a_pushed_line_reads_record_fields_and_fills_a_member_by_the_same_transform(self):
        line = FieldMap("Name", "", "template", "{kind} for {customer.name}", direction="push")
        values = {"kind": "Repair", "customer.name": "Ada"}
        assert outward([line], WRITE).names == ("kind", "customer.name")
        assert self.body([line], values, ["kind"]) == {"Name": "Repair for Ada"}

    def test_a_constant_goes_along_with_every_write(self):
        lines = [FieldMap("Amount", "total", "decimal"), FieldMap("Stage", "", "constant", "Won", "push")]
        assert self.body(lines, {"total": Decimal("9.50")}) == {"Amount": 9.5, "Stage": "Won"}

    def test_a_line_for_new_rows_is_silent_later(self):
        lines = [FieldMap("Stage", "stage", direction="push", mode="if_new"), FieldMap("Source", "source")]
        found = outward(lines, WRITE)
        assert found.lasting == ()
        assert self.body(lines, {"stage": "New", "source": "Web"}) == {"Stage": "New", "Source": "Web"}
        assert self.body(lines, {"stage": "New", "source": "Web"}, row={}) == {}

    def test_what_is_only_pulled_or_not_writable_has_no_way_out(self):
        lines = [FieldMap("Name", "name", direction="pull"), FieldMap("Id", "number"),
                 FieldMap("Name", "name", "expression", "upper(Name)")]  # fmt: skip
        assert outward(lines, WRITE).names == ()
        assert outward([FieldMap("Own__c", "name")], WRITE, more=["Own__c"]).names == ("name",)

    def test_a_value_that_cannot_be_sent_says_so_by_name(self):
        with pytest.raises(MappingError, match="so Stage cannot be filled"):
            self.body([FieldMap("Stage", "stage", "value_map", STAGES)], {"stage": "Lost"})


class TestChecks:
    SIDES = Sides(
        fields={"name": "text", "total": "decimal", "done": "boolean"},
        linked={"customer": {"name": "text"}},
        paths=["Name", "Amount", "Stage", "Done"],
        write=WRITE,
    )

    @pytest.mark.parametrize(
        ("line", "column", "words"),
        [
            (FieldMap("Name", "name", "expression", "upper(Name)"), "direction", "cannot be turned round"),
            (FieldMap("Done", "done", "boolean"), "direction", "cannot be written there"),
            (FieldMap("Name", "customer.nam", direction="push"), "field", "Did you mean 'customer.name'?"),
            (FieldMap("", "name", "template", "{Nam}", direction="pull"), "argument", "Did you mean 'Name'?"),
            (FieldMap("Name", "name", "text", "x"), "argument", "takes no settings"),
            (FieldMap("", "total", "constant", "much", "pull"), "argument", "is not an amount"),
            (FieldMap("Name", "name", direction="push", mode="if_empty"), "mode", "only when new"),
        ],
    )
    def test_a_line_that_cannot_work_is_refused_beside_its_column(self, line, column, words):
        (found,) = all_problems([line], self.SIDES)
        assert found.column == column
        assert words in found.message

    def test_a_remote_field_is_pushed_to_once_and_may_be_read_twice(self):
        pushes = [FieldMap("Name", "name", direction="push"), FieldMap("Name", "total", direction="push")]
        assert [problem.column for problem in all_problems(pushes, self.SIDES)] == ["remote"]
        reads = [FieldMap("Name", "name", direction="pull"), FieldMap("Name", "name", direction="push")]
        assert all_problems(reads, self.SIDES) == []


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([], None),
        ([{"name": "Colour", "value": "red"}], None),
        ([{"name": None, "value": "red"}, {"name": "supplier  CODE", "value": " 17 "}], "17"),
        ([{"typeId": 1, "name": "Supplier code", "value": None}], None),
    ],
)
def test_a_custom_field_is_found_by_its_name(items, found):
    assert read("named", "Supplier code", {"v": items}) == found
