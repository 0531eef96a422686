"""The mapping of deals in a real browser, with the fields of the merchant's own org: found, checked, previewed, kept."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from integrations import connecting, linking
from integrations.models import SyncRule
from integrations.sandbox.salesforce import create_app, credentials
from integrations.sandbox.server import running
from integrations.work import work
from portal.models import Tenant
from reconciliation.models import Opportunity
from tests.browser.test_mapping_walk import look
from tests.integrations.pages import at

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOM = (
    "Job_Type__c picklist 40 restricted label:Job_type = Install|Repair|Maintenance",
    "Referral__c string 20 label:Referral_code",
    "Region__c picklist 40 R label:Region = East|West",
)
SAVE = "Save the mapping"


@pytest.fixture
def org(settings):
    app = create_app(accounts=2, seed=5)
    for line in CUSTOM:
        app.control.add_field("Opportunity", line)
    deal = {"Name": "New boiler", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Type": "Install"}
    app.control.add("Opportunity", {**deal, "Region__c": "East"})
    with running(app) as url:
        settings.CUSTOM_API_HOSTS = [urlsplit(url).netloc]
        yield app, url


def deals(tenant: Tenant, org, settings) -> SyncRule:
    """The rule of a tenant's opportunities, read once and sent as well."""
    app, url = org
    known = credentials(app)
    given = {
        "way": "client_credentials", "client_id": known["client_id"], "client_secret": known["client_secret"],
    }  # fmt: skip
    connection = connecting.save_credentials(
        tenant, "salesforce", given, environment="custom", api_url=url, allowed_hosts=settings.CUSTOM_API_HOSTS
    )  # fmt: skip
    linking.test_and_start(connection, user=None)
    rule = connection.rules.get(entity="opportunity")
    work(rule.pk)
    SyncRule.objects.filter(pk=rule.pk).update(direction=SyncRule.Direction.BOTH)
    return rule


class Editor:
    """What a person does in the table of lines."""

    def __init__(self, page) -> None:
        self.page = page

    def line(self, name: str):
        """The row that joins this record field."""
        return self.page.locator("#mapping tbody tr").filter(
            has=self.page.locator(f"input[name$='-field'][value='{name}']")
        )

    def add(self, **values: str):
        """A new line; returns its row."""
        self.page.get_by_role("button", name="Add a line").click()
        rows = self.page.locator("#mapping tbody tr")
        row = rows.nth(rows.count() - 1)
        self.fill(row, **values)
        return row

    def fill(self, row, **values: str) -> None:
        for name, value in values.items():
            box = row.locator(f"[name$='-{name}']")
            if name in {"direction", "transform"}:
                box.select_option(value)
            else:
                box.fill(value)

    def save(self, words: str) -> None:
        self.page.get_by_role("button", name=SAVE).click()
        expect(self.page.get_by_text(words)).to_be_visible()


def find_custom_fields(page, width: int) -> None:
    fields = page.locator("#fields")
    fields.get_by_text("Fields of both sides").click()
    fields.get_by_role("button", name="Read the fields from Salesforce").click()
    expect(page.get_by_text("fields for opportunity")).to_be_visible()
    fields.get_by_text("Fields of both sides").click()
    for words, told in {
        "job type": ("Job_Type__c", "choice", "40", "custom", "Install, Repair, Maintenance"),
        "referral code": ("Referral__c", "Referral code", "text", "20", "custom"),
        "west": ("Region__c", "required", "East, West"),
    }.items():
        page.get_by_label("Search", exact=True).fill(words)
        row = fields.locator("tbody tr:visible").first
        for text in told:
            expect(row).to_contain_text(text)
    look(page, f"sf-fields-{width}")
    page.get_by_label("Search", exact=True).fill("")
    fields.get_by_text("Fields of both sides").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_does_not_fit_the_org_is_said_on_save_and_a_deal_shows_live_what_will_be_sent(
    visit, owner, tenant, org, settings, width
):
    rule = deals(tenant, org, settings)
    page = visit(owner, width=width)
    page.goto(at("syncrule_change", rule.pk))
    find_custom_fields(page, width)
    expect(page.get_by_text("Region (Region__c) is required by Salesforce")).to_be_visible()

    editor = Editor(page)
    page.get_by_label("Try it on opportunity").fill("boiler")
    expect(page.locator("#sample")).to_contain_text("New boiler")
    kind = editor.add(
        remote="Job_Type__c", direction="push", transform="value_map", field="kind", argument="Install = Instal"
    )  # fmt: skip
    date = editor.add(remote="CloseDate", direction="push", transform="text", field="name")
    long = editor.add(
        remote="Referral__c", direction="push", transform="constant", argument="From the county fair"
    )
    editor.fill(long, argument="From the county fair of 2026")
    editor.save("Nothing was stored yet")
    expect(kind).to_contain_text("Job type has no value “Instal”. It takes: Install, Repair, Maintenance.")
    expect(date).to_contain_text("Close Date takes a date, but the line sends a text.")
    expect(long).to_contain_text("Referral code takes 20 characters; “From the county fair of 2026” has 28.")
    expect(kind.get_by_text("Job type has no value").locator("visible=true")).to_have_count(1)
    look(page, f"sf-refused-{width}")
    assert rule.mappings.filter(remote="Job_Type__c").count() == 0

    editor.fill(kind, argument="Install = Install\n* = Repair")
    expect(kind.locator(".glimpse")).to_contain_text("Install")
    editor.fill(date, remote="Region__c", transform="constant", field="", argument="East")
    expect(date.locator(".glimpse")).to_contain_text("East")
    editor.fill(long, argument="County fair")
    editor.fill(editor.line("stage"), direction="pull")
    stage = editor.add(
        remote="StageName", direction="push", transform="value_map", field="kind",
        argument="Install = Closed Won\n* = Prospecting",
    )  # fmt: skip
    expect(stage.locator(".glimpse")).to_contain_text("Closed Won")
    expect(stage.locator(".glimpse")).to_contain_text("now Prospecting")
    look(page, f"sf-preview-{width}")
    editor.save("The mapping is stored as version 2.")
    expect(page.get_by_text("is required by Salesforce")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Opportunity.objects.get(name="New boiler").stage == "Prospecting", "a preview stores nothing"


def test_a_mapping_is_compared_restored_taken_out_and_in_and_copied_to_another_tenant(
    visit, owner, tenant, partner, org, settings, tmp_path
):
    rule = deals(tenant, org, settings)
    sister = Tenant.objects.create(partner=partner, name="Hartwell Heating", slug="heating")
    theirs = deals(sister, org, settings)
    page, editor = visit(owner), None
    page.goto(at("syncrule_change", rule.pk))
    editor = Editor(page)
    editor.fill(editor.line("next_step"), transform="upper", direction="pull")
    editor.save("The mapping is stored as version 2.")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export", exact=True).click()
    file = tmp_path / "mapping.json"
    taken.value.save_as(file)
    assert "client" not in file.read_text(), "no secrets travel with it"

    page.get_by_role("link", name="Version 2").click()
    compared = page.locator("#compared")
    expect(compared.get_by_role("heading", name="Version 1 beside version 2")).to_be_visible()
    expect(compared).to_contain_text("upper")
    look(page, "sf-versions")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_text("The mapping is stored as version 3.")).to_be_visible()
    assert rule.mappings.get(field="next_step").transform == "text"

    page.get_by_role("link", name="Import or copy").click()
    look(page, "sf-exchange")
    page.get_by_label("Mapping file (JSON)").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("The mapping is stored as version 4.")).to_be_visible()
    assert rule.mappings.get(field="next_step").transform == "upper"

    page.get_by_role("link", name="Import or copy").click()
    page.get_by_label("Tenant", exact=True).select_option(label="Hartwell Heating (Salesforce)")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Hartwell Heating has this mapping now.")).to_be_visible()
    assert theirs.mappings.get(field="next_step").transform == "upper"
    assert json.loads(file.read_text())
