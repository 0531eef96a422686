"""The export page: small files at once, large ones in the background, each its person's alone."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEntry, Role, RoleGrant
from reconciliation.exports import Narrowing, entity_names, files
from reconciliation.models import ExportFile
from tests.conftest import make_user
from tests.reconciliation import shop

MINE = reverse("admin:reconciliation_exportfile_mine")
PAGES = ("file", "file_live", "file_download")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def called(monkeypatch):
    found = []
    monkeypatch.setattr("reconciliation.exports.files.async_task", lambda name, pk, **how: found.append(pk))
    return found


def page(name, found):
    return f"{reverse(f'admin:reconciliation_exportfile_{name}')}?id={found.pk}"


def body(reply):
    return b"".join(reply.streaming_content).decode("utf-8-sig")


def asked(tenant, **more):
    return {"tenant": tenant.pk, "what": "invoice", "format": "csv", **more}


def written(actor, tenant, **values):
    """A finished file of that person."""
    shop.invoice(tenant, number="1676", total=Decimal("0.10"))
    found = files.start(actor, tenant, "invoice", "csv", wanted=Narrowing(), totals=False, expected=1)
    files.work(found.pk)
    ExportFile.objects.filter(pk=found.pk).update(**values)
    found.refresh_from_db()
    return found


# --- whose file it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["owner", "outsider", "platform_admin"])
def test_another_persons_file_is_not_there(request, client_for, finance, tenant, other):
    found = written(finance, tenant)
    browser = client_for(request.getfixturevalue(other))
    for name in PAGES:
        assert browser.get(page(name, found)).status_code == 404
    assert browser.post(page("file_remove", found)).status_code == 404
    assert found.path.exists()
    assert b"1676" not in browser.get(MINE).content
    assert list(browser.get(MINE).context["files"]) == []


def test_a_colleague_without_the_right_to_export_sees_no_page_at_all(client_for, colleague, finance, tenant):
    found = written(finance, tenant)
    browser = client_for(colleague)
    for address in (MINE, *(page(name, found) for name in PAGES)):
        assert browser.get(address).status_code == 403
    assert "Exports" not in [str(row["name"]) for row in _menu(browser)]


def _menu(browser):
    reply = browser.get(reverse("admin:index"))
    return [row for app in reply.context["app_list"] for row in app["models"]]


def test_a_role_taken_away_takes_the_file_away(client_for, finance, tenant, other_tenant):
    found = written(finance, tenant)
    RoleGrant.objects.filter(user=finance).update(tenant=other_tenant)
    assert client_for(finance).get(page("file_download", found)).status_code == 404
    RoleGrant.objects.filter(user=finance).update(tenant=tenant, role=Role.VIEWER)
    assert client_for(finance).get(page("file_download", found)).status_code == 403


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "٣", "9" * 40])
def test_a_number_that_is_none_is_not_found(client_for, finance, number):
    address = f"{reverse('admin:reconciliation_exportfile_file')}?id={number}"
    assert client_for(finance).get(address).status_code == 404


def test_a_file_that_is_not_whole_or_too_old_or_gone_is_not_downloaded(client_for, finance, tenant):
    found = written(finance, tenant)
    browser = client_for(finance)
    for values in (
        {"state": "running"},
        {"state": "done", "expires_at": timezone.now() - timedelta(seconds=1)},
    ):
        ExportFile.objects.update(**values)
        assert browser.get(page("file_download", found)).status_code == 404
    ExportFile.objects.update(expires_at=timezone.now() + timedelta(days=1))
    found.path.unlink()
    assert browser.get(page("file_download", found)).status_code == 404
    assert not AuditEntry.objects.filter(action="export.downloaded").exists()


def test_its_person_downloads_it_and_that_is_written_down(client_for, finance, tenant):
    found = written(finance, tenant)
    reply = client_for(finance).get(page("file_download", found))
    assert "1676" in body(reply)
    assert reply["Content-Disposition"].startswith('attachment; filename="hartwell-invoice-')
    entry = AuditEntry.objects.get(action="export.downloaded")
    assert (entry.actor, entry.tenant, entry.note) == (finance, tenant, "invoices as CSV, all")


def test_its_person_removes_it(client_for, finance, tenant):
    found = written(finance, tenant)
    browser = client_for(finance)
    assert browser.get(page("file_remove", found)).status_code == 405
    assert browser.post(page("file_remove", found)).status_code == 302
    assert not found.path.exists()
    assert not ExportFile.objects.exists()


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"since": "2026-03-31", "until": "2026-03-01"}, "lies behind the last"),
        ({"since": "31.3."}, "Enter a valid date"),
        ({"what": "customer", "business_unit": "HVAC"}, "leave that filter out"),
        ({"business_unit": "HVAC"}, "no business unit “HVAC”"),
        ({"what": "merge", "totals": "on"}, "no amounts to add up"),
        ({"what": "secrets"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_exported_is_said_and_what_was_typed_stays(client_for, finance, tenant, wrong, words):
    reply = client_for(finance).post(MINE, asked(tenant, **wrong))
    assert reply.status_code == 200
    assert words in reply.content.decode()
    for value in wrong.values():
        assert value in reply.content.decode() or value in ("on", "secrets")
    assert not AuditEntry.objects.filter(action="records.exported").exists()


def test_another_merchant_cannot_be_chosen(client_for, finance, tenant, other_tenant):
    shop.invoice(other_tenant, number="Theirs")
    reply = client_for(finance).post(MINE, asked(other_tenant))
    assert "Select a valid choice" in reply.content.decode()
    assert not ExportFile.objects.exists()


def test_other_merchants_business_units_are_not_offered(client_for, finance, tenant, other_tenant):
    shop.item(other_tenant, "business_unit", name="Their unit")
    shop.item(tenant, "business_unit", name="Our unit")
    html = client_for(finance).get(MINE).content.decode()
    assert "Our unit" in html and "Their unit" not in html


def test_a_small_export_comes_at_once(client_for, finance, tenant, called):
    shop.invoice(
        tenant, number="in", total=Decimal("0.10"), invoiced_at=datetime(2026, 4, 1, 3, 30, tzinfo=UTC)
    )
    shop.invoice(tenant, number="out", total=Decimal(9), invoiced_at=datetime(2026, 4, 1, 4, 30, tzinfo=UTC))
    reply = client_for(finance).post(MINE, asked(tenant, since="2026-03-01", until="2026-03-31", totals="on"))
    rows = list(csv.DictReader(io.StringIO(body(reply), newline="")))
    assert [(row["number"], row["total"]) for row in rows] == [("in", "0.10"), ("", "0.10")]
    assert "attachment" in reply["Content-Disposition"]
    assert not ExportFile.objects.exists()
    note = AuditEntry.objects.get(action="records.exported").note
    assert note == "1 invoices as CSV, from 2026-03-01, to 2026-03-31, with totals"


def test_a_large_export_goes_to_the_background_and_is_watched(
    client_for, finance, tenant, called, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("reconciliation.exports.files.AT_ONCE", 1)
    for number in range(2):
        shop.invoice(tenant, number=str(number))
    browser = client_for(finance)
    with django_capture_on_commit_callbacks(execute=True):
        reply = browser.post(MINE, asked(tenant))
    found = ExportFile.objects.get()
    assert called == [found.pk]
    assert (found.actor, found.tenant, found.rows_expected) == (finance, tenant, 2)
    assert reply["Location"] == page("file", found)
    assert "data-refresh-url" in browser.get(reply["Location"]).content.decode()
    assert "X-Refresh" not in browser.get(page("file_live", found)).headers
    files.work(found.pk)
    assert browser.get(page("file_live", found))["X-Refresh"] == "done"
    html = browser.get(page("file", found)).content.decode()
    assert page("file_download", found) in html and "data-refresh-url" not in html
    assert page("file_download", found) in browser.get(MINE).content.decode()


def test_a_small_one_goes_to_the_background_by_choice(client_for, finance, tenant):
    shop.invoice(tenant)
    assert client_for(finance).post(MINE, asked(tenant, background="on")).status_code == 302
    assert ExportFile.objects.get().rows_expected == 1
    assert AuditEntry.objects.get(action="records.exported").note.endswith("in the background")


def test_one_person_cannot_fill_the_queue(client_for, finance, tenant):
    browser = client_for(finance)
    for _ in range(7):
        browser.post(MINE, asked(tenant, background="on"))
    assert ExportFile.objects.count() == 5
    assert "Wait for one, or remove it" in browser.get(MINE).content.decode()


def test_a_file_that_nobody_writes_says_what_to_do(client_for, finance, tenant):
    browser = client_for(finance)
    browser.post(MINE, asked(tenant, background="on"))
    ExportFile.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "manage.py worker" in browser.get(page("file_live", ExportFile.objects.get())).content.decode()


def test_a_failed_file_says_why(client_for, finance, tenant):
    found = written(finance, tenant, state="failed", error="The disk is full & more.")
    assert "The disk is full &amp; more." in client_for(finance).get(page("file", found)).content.decode()


@pytest.mark.parametrize("what", entity_names())
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_everything_can_be_exported_from_the_page(client_for, finance, tenant, what, form):
    reply = client_for(finance).post(MINE, {"tenant": tenant.pk, "what": what, "format": form})
    assert reply.status_code == 200 and reply.streaming
    assert b"".join(reply.streaming_content)


def test_a_person_of_two_merchants_chooses_one(client_for, tenant, other_tenant):
    both = make_user("both")
    for where in (tenant, other_tenant):
        RoleGrant.objects.create(user=both, role=Role.FINANCE, tenant=where)
        shop.invoice(where, number=where.slug)
    text = body(client_for(both).post(MINE, asked(other_tenant)))
    assert "elsewhere" in text and "hartwell" not in text


def test_the_lists_lead_to_it_with_their_kind_of_record_chosen(client_for, finance, tenant):
    shop.payment(tenant)
    html = client_for(finance).get(reverse("admin:reconciliation_payment_changelist")).content.decode()
    assert f"{MINE}?what=payment" in html
    assert (
        '<option value="payment" selected>'
        in client_for(finance).get(f"{MINE}?what=payment").content.decode()
    )


def test_it_stands_in_the_menu_of_those_who_may_export(client_for, finance, tenant):
    assert "Exports" in [str(row["name"]) for row in _menu(client_for(finance))]
