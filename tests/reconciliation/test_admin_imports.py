"""Customers from a file in the admin: refused in words, shown before they are stored, taken in once whatever dies."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEntry, RoleGrant
from reconciliation import customer_imports, import_files
from reconciliation.background import LEASE, MOST_ATTEMPTS
from reconciliation.models import Contact, Customer, CustomerImport
from reconciliation.models.background import Background

pytestmark = pytest.mark.django_db
State = Background.State
NEW = reverse("admin:reconciliation_customerimport_new")
HEAD = "id,type,first_name,last_name,name,email,phone,phone2,street,unit,city,state,zip"
BOB = "7,Residential,Bob,Thornwick,,bob@example.com,(214) 322-7781,call him,412 Juniper Ln,,Riverton,TX,75007"
FIRM = "9,Commercial,,,Acme Plumbing LLC,,214-322-0000,,9 Elm St,Ste 4,Riverton,TX,75007"


def text(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


def upload(client, tenant, content: bytes, name="customers.csv"):
    return client.post(NEW, {"tenant": tenant.pk, "file": SimpleUploadedFile(name, content)})


def page(row, name="change"):
    return reverse(f"admin:reconciliation_customerimport_{name}", args=[row.pk])


def draft(tenant, owner, *lines: str) -> CustomerImport:
    return customer_imports.upload(tenant, owner, "customers.csv", text(*lines))


def begun(tenant, owner, *lines: str) -> CustomerImport:
    row = draft(tenant, owner, *lines)
    customer_imports.start(row)
    return row


# --- what is refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b" ", "empty"),
        (b"PK\x03\x04 and more", "an Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        ("id,name\n1,Ana\n".encode("utf-16"), "UTF-16"),
        (b"id;name\n1;Ana", "separated by “;”"),
        (b"id\tname\n1\tAna", "separated by tabs"),
        (b'id,"' + b"x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_what_would_do(staff, tenant, content, words):
    reply = upload(staff, tenant, content)
    assert words in reply.content.decode()
    assert not CustomerImport.objects.exists()


def test_a_file_that_is_too_large_is_refused_unread(staff, tenant, settings):
    settings.IMPORT_MAX_BYTES = 1_000_000
    reply = upload(staff, tenant, text("id,name", *("1,Ana" for _ in range(200_000))))
    assert "larger than 1 MB" in reply.content.decode()
    assert not CustomerImport.objects.exists()


def test_no_file_at_all_says_so(staff, tenant):
    assert "required" in staff.post(NEW, {"tenant": tenant.pk}).content.decode()


def test_who_only_resolves_or_looks_imports_nothing(client_for, colleague, viewer, tenant, owner):
    row = draft(tenant, owner, HEAD, BOB)
    for person in (colleague, viewer):
        client = client_for(person)
        assert upload(client, tenant, text(HEAD, BOB)).status_code == 403
        assert client.post(page(row, "columns"), {"start": ""}).status_code in (403, 404)
    row.refresh_from_db()
    assert row.state == State.DRAFT


def test_another_partners_tenant_cannot_be_imported_into_nor_its_imports_seen(
    client_for, outsider, tenant, owner
):
    client, row = client_for(outsider), draft(tenant, owner, HEAD, BOB)
    assert "valid choice" in upload(client, tenant, text(HEAD, BOB)).content.decode()
    for name in ("change", "columns", "live"):
        assert client.get(page(row, name)).status_code == 404


def test_one_column_cannot_be_two_things_nor_two_columns_one(staff, tenant, owner):
    row = draft(tenant, owner, "a,b,name", "1,2,Ana")
    reply = staff.post(
        page(row, "columns"), {"column-0": "id", "column-1": "id", "column-2": "name", "start": ""}
    )
    assert "Two columns are said to be id" in reply.content.decode()
    row.refresh_from_db()
    assert row.state == State.DRAFT


def test_without_an_id_it_is_not_started(staff, tenant, owner):
    row = draft(tenant, owner, "Customer No,name", "A-1,Ana")
    assert "needs a column id: choose which one it is" in staff.get(page(row, "columns")).content.decode()
    staff.post(page(row, "columns"), {"column-1": "name", "start": ""})
    row.refresh_from_db()
    assert row.state == State.DRAFT
    assert not Customer.objects.exists()


# --- what is shown before


def test_the_columns_are_recognised_and_the_lines_shown_as_they_would_be_stored(staff, tenant, owner):
    call_import(tenant, FIRM)
    row = draft(
        tenant,
        owner,
        f"{HEAD},Fax",
        f"{BOB},1",
        f"{FIRM},2",
        "8,Residential",
        "7,,Bob,Again,,,,,,,,,",
        ",,Nobody",
    )
    reply = staff.get(page(row, "columns")).content.decode()
    assert "Ignored: Fax." in reply
    assert "(214) 322-7781" in reply
    assert "412 Juniper Ln, Riverton, TX 75007" in reply
    assert "cannot be read" in reply  # “call him” is no number
    assert ">known<" in reply
    assert "says nothing but an id" in reply
    assert "its id 7 stood on line 2 already" in reply
    assert "has no id" in reply
    assert Customer.objects.count() == 1


def test_columns_chosen_by_hand_are_shown_and_kept(staff, tenant, owner):
    row = draft(tenant, owner, "Customer No,Who", "A-1,Ana Nunez")
    chosen = {"column-0": "id", "column-1": "name"}
    assert "Ana Nunez" in staff.post(page(row, "columns"), {**chosen, "show": ""}).content.decode()
    row.refresh_from_db()
    assert row.columns == {"id": 0, "name": 1}


def call_import(tenant, *lines):
    row = begun(tenant, None, HEAD, *lines)
    CustomerImport.objects.filter(pk=row.pk).update(actor=tenant.partner.grants.first().user_id)
    assert customer_imports.work(row.pk)


# --- what is taken in


def test_a_file_is_uploaded_looked_at_imported_and_its_result_leads_on(staff, tenant, owner):
    reply = upload(staff, tenant, text(HEAD, BOB, FIRM, "8,Private,Ann,Lee,,,,,,,,,"))
    row = CustomerImport.objects.get()
    assert reply["Location"] == page(row, "columns")
    chosen = {f"column-{at}": name for name, at in row.columns.items()}
    assert staff.post(page(row, "columns"), {**chosen, "start": ""})["Location"] == page(row)
    assert customer_imports.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.created, row.refused, bytes(row.content)) == (State.DONE, 3, 0, b"")
    assert set(Customer.objects.values_list("name", flat=True)) == {
        "Bob Thornwick",
        "Acme Plumbing LLC",
        "Ann Lee",
    }
    result = staff.get(page(row)).content.decode()
    assert "3 created" in result
    assert "its type “Private” is neither" in result
    known = Customer.objects.get(name="Ann Lee")
    assert reverse("admin:reconciliation_customer_change", args=[known.pk]) in result
    assert (
        staff.get(
            f"{reverse('admin:reconciliation_customer_changelist')}?tenant__id__exact={tenant.pk}"
        ).status_code
        == 200
    )
    said = AuditEntry.objects.get(action="customers.imported")
    assert (said.actor, said.note) == (owner, "3 new, 0 changed, 0 refused, from customers.csv")


def test_it_stores_what_the_command_stores(tenant, other_tenant, owner, tmp_path):
    file = tmp_path / "customers.csv"
    file.write_bytes(text(HEAD, BOB, FIRM))
    call_command("import_customers", "elsewhere", str(file), "--json")
    assert customer_imports.work(begun(tenant, owner, HEAD, BOB, FIRM).pk)

    def stored(of):
        people = Customer.objects.filter(tenant=of).order_by("external_id")
        reach = Contact.objects.filter(tenant=of).order_by("external_id")
        return [
            list(people.values_list("external_id", "name", "kind", "street", "unit", "postal_code")),
            list(reach.values_list("external_id", "kind", "value", "e164", "usable")),
        ]

    assert stored(tenant) == stored(other_tenant)


def test_letters_of_windows_are_read_as_such(tenant, owner):
    row = customer_imports.upload(tenant, owner, "old.csv", "id,name\n1,Núñez".encode("cp1252"))
    customer_imports.start(row)
    assert customer_imports.work(row.pk)
    assert Customer.objects.get().name == "Núñez"


def test_a_worker_that_dies_is_followed_by_one_that_counts_nothing_twice(tenant, owner, monkeypatch):
    monkeypatch.setattr(import_files, "PAGE", 2)
    row = begun(tenant, owner, "id,name", *(f"{number},Ana {number}" for number in range(1, 6)), ",Nobody")
    real, calls = import_files.Importer.take, []

    def dies_on_the_second_page(self, lines):
        calls.append(len(lines))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, lines)

    monkeypatch.setattr(import_files.Importer, "take", dies_on_the_second_page)
    with pytest.raises(KeyboardInterrupt):
        customer_imports.work(row.pk)
    row.refresh_from_db()
    assert (row.created, row.at) == (2, 3)
    assert customer_imports.work(row.pk) is False  # its lease still runs
    CustomerImport.objects.update(lease_until=timezone.now() - LEASE)
    assert customer_imports.work(row.pk)
    row.refresh_from_db()
    assert (row.created, row.unchanged, row.refused, row.done) == (5, 0, 1, 6)
    assert calls == [2, 2, 2, 1]


def test_a_worker_taken_for_dead_writes_nothing_more(tenant, owner, monkeypatch):
    row = begun(tenant, owner, HEAD, BOB)
    real = import_files.Importer.take

    def meanwhile_another(self, lines):
        CustomerImport.objects.update(attempts=2)
        return real(self, lines)

    monkeypatch.setattr(import_files.Importer, "take", meanwhile_another)
    assert customer_imports.work(row.pk) is False
    assert not Customer.objects.exists()


def test_it_is_not_begun_for_ever_nor_by_somebody_who_may_no_longer(tenant, owner):
    row = begun(tenant, owner, HEAD, BOB)
    CustomerImport.objects.update(attempts=MOST_ATTEMPTS)
    assert customer_imports.work(row.pk) is False
    row.refresh_from_db()
    assert (row.state, "was begun" in row.error) == (State.FAILED, True)
    other = begun(tenant, owner, HEAD, BOB)
    RoleGrant.objects.all().delete()
    assert customer_imports.work(other.pk) is False
    other.refresh_from_db()
    assert "no longer allows" in other.error
    assert not Customer.objects.exists()


def test_the_tick_calls_a_worker_for_what_lies_about_and_removes_old_drafts(tenant, owner, monkeypatch):
    called: list[int] = []
    monkeypatch.setattr(customer_imports, "call_worker", called.append)
    old, row = draft(tenant, owner, HEAD, BOB), begun(tenant, owner, HEAD, BOB)
    later = timezone.now() + customer_imports.KEEP_DRAFTS * 2
    assert customer_imports.resume(timezone.now()) == 0
    assert customer_imports.resume(later) == 1
    assert called == [row.pk]
    assert not CustomerImport.objects.filter(pk=old.pk).exists()
