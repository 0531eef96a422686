"""The mapping editor: what is refused by field, previews, versions, files, copies, and what is pushed."""

import io
import json

import pytest

from integrations.describing import read_fields
from integrations.mappings import remote_fields
from integrations.models import FieldMapping, MappingVersion, RemoteFields, SyncRule
from integrations.work import work
from portal.models import AuditEntry, Tenant
from reconciliation.models import Customer
from tests.integrations.pages import at, said, words
from tests.integrations.pushes import both_ways, change, push

pytestmark = pytest.mark.django_db(transaction=True)

COLUMNS = ("remote", "direction", "transform", "argument", "field", "mode", "policy")


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


@pytest.fixture
def customers(connection):
    """The rule of customers, pulled once."""
    rule = connection.rules.get(entity="customer")
    work(rule.pk)
    rule.refresh_from_db()
    return rule


@pytest.fixture
def one(customers):
    return Customer.objects.order_by("external_id").first()


def form_of(rule, *added, **changed):
    """The editor's form as it stands: lines changed by record field, and new ones behind them."""
    rows = [{name: getattr(line, name) for name in COLUMNS} for line in rule.mappings.filter(part="")]
    for row in rows:
        row.update(changed.get(row["field"], {}))
    rows += [{"transform": "text", "direction": "push", **row} for row in added]
    form = {"lines-of-record-TOTAL_FORMS": len(rows), "lines-of-record-INITIAL_FORMS": len(rows) - len(added)}
    for number, row in enumerate(rows):
        form |= {f"lines-of-record-{number}-{name}": value for name, value in row.items()}
    return form


def save(staff, rule, *added, **changed):
    return staff.post(at("syncrule_change", rule.pk), form_of(rule, *added, **changed))


def described(rule, *fields):
    """As if the system had described these fields."""
    known = {"label": "Label", "type": "text", "length": None, "required": False, "writable": True, "choices": [],
             "closed": False, "refers_to": [], "custom": False, "key": False}  # fmt: skip
    RemoteFields.objects.create(rule=rule, fields=[{**known, **field} for field in fields])


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "changed", "words_"),
        [
            ("name", {"transform": "expression", "argument": "upper(nmae)", "direction": "pull"}, "Did you mean 'name'?"),
            ("name", {"transform": "template", "argument": "{name}", "direction": "both"}, "cannot be written back"),
            ("balance", {"direction": "push", "field": "balance"}, "cannot be written there"),
            ("kind", {"transform": "value_map", "argument": "Residential"}, "is not of the form"),
        ],
    )  # fmt: skip
    def test_a_line_that_cannot_work_is_refused_beside_its_field(
        self, staff, customers, field, changed, words_
    ):
        page = save(staff, customers, **{field: changed})
        assert words_ in words(page)
        assert "Nothing was stored yet" in words(page)
        assert not MappingVersion.objects.exists()

    def test_types_lengths_and_values_are_judged_by_what_the_system_described(self, staff, customers):
        described(
            customers,
            {"path": "doNotMail", "type": "timestamp"},
            {"path": "name", "length": 5},
            {"path": "type", "type": "choice", "closed": True, "choices": [["Residential", "R"]]},
        )
        page = words(
            save(
                staff,
                customers,
                do_not_mail={"direction": "both"},
                name={"direction": "push", "transform": "constant", "argument": "Trunkline", "field": ""},
                kind={"direction": "push", "transform": "constant", "argument": "Castle", "field": ""},
            )
        )
        assert "holds a timestamp, which boolean cannot read" in page
        assert "takes 5 characters; “Trunkline” has 9" in page
        assert "has no value “Castle”. It takes: Residential." in page

    def test_longer_values_and_unmapped_required_fields_are_said_on_save(self, staff, connection, customers):
        both_ways(connection, "customer")
        described(
            customers,
            {"path": "name", "label": "Name", "length": 3},
            {"path": "Tier__c", "label": "Tier", "required": True, "custom": True},
        )
        reply = save(staff, customers, balance={"transform": "scaled", "argument": "1"})
        assert "Tier (Tier__c) is required by ServiceTitan, and no line fills it" in said(reply)
        assert "Name (name) takes 3 characters; 11 customer records have a longer name" in said(reply)

    @pytest.mark.parametrize("person", ["viewer", "outsider"])
    @pytest.mark.parametrize("page", ["preview", "ask_fields", "restore", "export", "exchange"])
    def test_who_does_not_configure_the_tenant_reaches_none_of_it(
        self, client_for, request, customers, person, page
    ):
        client = client_for(request.getfixturevalue(person))
        expected = 404 if person == "outsider" else 403
        call = client.get if page == "export" else client.post
        assert call(at(f"syncrule_{page}", customers.pk), form_of(customers)).status_code == expected


class TestFields:
    def test_servicetitan_is_described_by_its_declarations_and_its_rows(self, staff, customers):
        assert "Not read yet" in words(staff.get(at("syncrule_change", customers.pk)))
        assert "fields for customer" in said(staff.post(at("syncrule_ask_fields", customers.pk)))
        by_path = {field.path: field for field in remote_fields(customers)}
        assert by_path["name"].required
        assert by_path["balance"].type == "decimal"
        assert not by_path["balance"].writable
        assert "address.city" in by_path
        assert AuditEntry.objects.filter(action="fields.read").exists()

    def test_a_field_that_becomes_known_as_writable_is_not_pushed_unasked(self, customers):
        FieldMapping.objects.filter(rule=customers, field="balance").update(direction="both")
        read_fields(customers)
        assert customers.mappings.get(field="balance").direction == "pull"
        assert customers.mappings.get(field="name").direction == "both"

    def test_a_system_that_does_not_answer_is_told_in_words(self, staff, customers, sandbox):
        customers.connection.__class__.objects.update(status="disconnected")
        reply = staff.post(at("syncrule_ask_fields", customers.pk))
        assert "Enter credentials" in said(reply)
        assert not RemoteFields.objects.exists()


class TestPreview:
    def preview(self, staff, rule, record, *added, **changed):
        form = {**form_of(rule, *added, **changed), "record": record}
        return staff.post(at("syncrule_preview", rule.pk), form).json()

    def test_each_line_shows_what_it_reads_and_what_it_would_send(self, staff, customers, one):
        change("customer", one.pk, name="Ada Park")
        found = self.preview(
            staff,
            customers,
            one.external_id,
            {"remote": "creditLimit", "transform": "expression", "argument": "500 + 1", "field": ""},
            city={"transform": "upper", "direction": "pull"},
        )
        cells = " ".join(found["cells"].values())
        assert one.city.upper() in cells
        assert "Ada Park" in cells
        assert "501" in cells
        one.refresh_from_db()
        assert customers.mappings.get(field="city").transform == "text"

    def test_a_record_is_found_by_a_part_of_its_name(self, staff, customers, one):
        found = self.preview(staff, customers, one.name[:-1].lower())
        assert f"<strong>{one.external_id}</strong>" in found["about"]

    def test_a_line_that_is_wrong_says_so_in_its_own_cell_and_the_others_go_on(self, staff, customers, one):
        found = self.preview(
            staff, customers, one.external_id, name={"transform": "split", "argument": "none"}
        )
        cells = list(found["cells"].values())
        assert "Write which part" in cells[0]
        assert one.city in " ".join(cells)

    def test_it_shows_what_a_pull_then_stores(self, staff, customers, one):
        line = {
            "transform": "expression",
            "argument": 'upper(name) + " #" + text(id)',
            "direction": "pull",
            "remote": "",
        }
        found = self.preview(staff, customers, one.external_id, name=line)
        save(staff, customers, name=line)
        work(customers.pk)
        one.refresh_from_db()
        assert one.name.endswith(f" #{one.external_id}")
        assert one.name in found["cells"]["lines-of-record-0"]


class TestVersions:
    def test_a_change_keeps_what_was_and_what_is_and_the_two_stand_side_by_side(self, staff, customers):
        save(staff, customers, name={"transform": "upper"})
        numbers = customers.mapping_versions.values_list("number", flat=True)
        assert list(numbers) == [2, 1]
        page = staff.get(at("syncrule_versions", customers.pk))
        assert [(one.name, one.columns) for one in page.context["differences"]] == [("name", ["transform"])]
        save(staff, customers)
        assert customers.mapping_versions.count() == 2

    def test_an_older_version_is_restored_as_a_new_one(self, staff, customers):
        save(staff, customers, name={"transform": "upper"})
        reply = staff.post(at("syncrule_restore", customers.pk), {"number": "1"})
        assert "version 3" in said(reply)
        assert customers.mappings.get(field="name").transform == "text"
        assert AuditEntry.objects.get(action="mapping.restored").diff["name"][0].startswith("name (upper)")

    def test_a_version_that_no_longer_fits_is_not_restored(self, staff, customers):
        save(staff, customers, name={"transform": "upper"})
        first = customers.mapping_versions.get(number=1)
        first.lines[0]["transform"] = "gone"
        first.save()
        assert "was not restored" in said(staff.post(at("syncrule_restore", customers.pk), {"number": "1"}))
        assert customers.mappings.get(field="name").transform == "upper"

    def test_a_change_of_what_is_only_pushed_asks_for_no_full_sync(self, staff, customers):
        save(staff, customers, {"remote": "name", "field": "kind"}, name={"direction": "pull"})
        customers.refresh_from_db()
        assert not customers.full_wanted


class TestFiles:
    def document(self, staff, rule):
        return json.loads(staff.get(at("syncrule_export", rule.pk)).content)

    def take(self, staff, rule, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        form = {"import": "1", "file": io.BytesIO(body)}
        return staff.post(at("syncrule_exchange", rule.pk), form)

    def test_an_export_holds_lines_alone_and_comes_back_as_it_was(self, staff, customers):
        save(staff, customers, name={"transform": "value_map", "argument": "a = b\n* = *"})
        document = self.document(staff, customers)
        assert set(document) == {"format", "version", "system", "entity", "lines"}
        staff.post(at("syncrule_change", customers.pk), {"reset": "1"})
        self.take(staff, customers, document)
        assert self.document(staff, customers) == document
        assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
            "mapping.exported",
            "mapping.imported",
        }

    @pytest.mark.parametrize(
        ("spoil", "words_"),
        [
            (lambda d: b"{", "holds no JSON"),
            (lambda d: {**d, "format": "x"}, "not a field mapping that Trunkline exported"),
            (lambda d: {**d, "entity": "job"}, "is a mapping of job"),
            (lambda d: {**d, "lines": []}, "between 1 and 300 lines"),
            (lambda d: {**d, "lines": [{"field": "name", "secret": "x"}]}, "something else than"),
            (lambda d: {**d, "lines": [{"field": 7}]}, "is not a text"),
            (lambda d: {**d, "lines": [{"field": "name", "direction": "up"}]}, "is one of both, pull, push"),
            (lambda d: {**d, "lines": [{"field": "nmae", "remote": "name"}]}, "Did you mean 'name'?"),
            (lambda d: {**d, "lines": [{"field": "x", "remote": "y", "part": "z"}]}, "have no part “z”"),
        ],
    )
    def test_a_file_that_is_not_a_mapping_of_this_entity_changes_nothing(
        self, staff, customers, spoil, words_
    ):
        page = self.take(staff, customers, spoil(self.document(staff, customers)))
        assert words_ in words(page)
        assert not MappingVersion.objects.exists()

    def test_a_mapping_is_copied_only_to_a_tenant_that_the_person_configures(
        self, staff, client_for, outsider, customers, partner, connect_to, sandbox
    ):
        other = connect_to(Tenant.objects.create(name="Second", slug="second", partner=partner), sandbox)
        target = other.rules.get(entity="customer")
        save(staff, customers, name={"transform": "upper"})
        foreign = SyncRule.objects.get(connection=other, entity="job")
        page = staff.post(at("syncrule_exchange", customers.pk), {"copy": "1", "target": foreign.pk})
        assert "Select a valid choice" in words(page)
        assert client_for(outsider).post(at("syncrule_exchange", customers.pk), {}).status_code == 404
        reply = staff.post(at("syncrule_exchange", customers.pk), {"copy": "1", "target": target.pk})
        assert "Second has this mapping now" in said(reply)
        assert target.mappings.get(field="name").transform == "upper"
        assert AuditEntry.objects.get(action="mapping.copied").tenant == other.tenant


class TestPushed:
    def test_what_the_editor_says_is_what_goes_out(self, staff, connection, sandbox, customers, one):
        both_ways(connection, "customer")
        line = {
            "remote": "creditLimit",
            "transform": "expression",
            "argument": "length(name) * 100",
            "field": "",
        }
        save(
            staff,
            customers,
            line,
            credit_limit={"direction": "pull"},
            city={"transform": "split", "argument": "1"},
        )
        work(customers.pk)
        change("customer", one.pk, name="Ada Park", city="Elko")
        push(connection, "customer")
        (delivery,) = connection.deliveries.filter(record_id=one.pk, state="done")
        assert delivery.request["name"] == "Ada Park"
        assert delivery.request["creditLimit"] == 800
        assert delivery.request["address"]["city"].startswith("Elko")
