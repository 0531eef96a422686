"""A configuration goes from one tenant to another whole, without secrets and ids of the database, or not at all."""

import json

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from integrations import connecting, mapping_versions, own_objects
from integrations.configuration import exporting, importing
from integrations.configuration.comparing import compare
from integrations.configuration.document import NotAConfiguration, read
from integrations.connectors.base import RemoteField
from integrations.mappings import remote_fields
from integrations.models import AlertChannel, AlertRule, Connection, FieldMapping, Flow, SyncRule, TableRow
from portal.models import AuditEntry, Tenant
from reconciliation.models import MatchSettings, MergeSettings, ReferenceItem
from tests.admin.objects import OBJECTS

pytestmark = pytest.mark.django_db
TOUCHED = (
    Tenant, SyncRule, FieldMapping, TableRow, AlertChannel, AlertRule, MatchSettings, MergeSettings, Flow,
)  # fmt: skip
SECRET = "planted-secret-" + "s" * 30
ADDED = {"created_at": timezone.now(), "updated_at": timezone.now()}
HOOK = "https://hooks.example/services/planted-address"


@pytest.fixture
def staging(tenant) -> Tenant:
    """A tenant with something of everything."""
    connection = OBJECTS["integrations.connection"](tenant)
    connection.credentials = {"client_secret": SECRET}
    connection.scope = {"businessUnits": None, "customerTagFilter": None, "jobLookback": "P30D"}
    connection.save()
    connecting.begin(tenant, "syspro")
    rule = connection.rules.get(entity="customer")
    rule.interval, rule.policy, rule.direction = 30, "ask", "both"
    rule.save()
    connection.rules.filter(entity="job").update(enabled=False, off_because="scope is missing: jobs")
    lines = list(rule.mappings.all())
    mapping_versions.store(rule, [copied(line) for line in lines if line.field != "do_not_mail"])
    unit = unit_of(tenant, "Plumbing", "77")
    TableRow.objects.create(tenant=tenant, table="branch", key="77", label="Plumbing", target="01")
    TableRow.objects.create(tenant=tenant, table="branch", key="", target="00")
    TableRow.objects.create(tenant=tenant, table="branch", key=f"#{unit.pk}", label="ours alone", target="09")
    MatchSettings.objects.create(tenant=tenant, review_from=0.6)
    MergeSettings.objects.create(tenant=tenant, rules={"name": "newest"}, loser="inactive")
    channel = AlertChannel.objects.create(
        tenant=tenant, name="Duty", kind="webhook", url=HOOK, host="hooks.example", secret=SECRET
    )
    office = AlertChannel.objects.create(tenant=tenant, name="Office", recipients="office@example.com")
    AlertRule.objects.create(tenant=tenant, kind="relink").channels.add(channel, office)
    AlertRule.objects.create(tenant=tenant, kind="late", limit=20).channels.add(office)
    AlertRule.objects.create(tenant=tenant, kind="late", limit=60).channels.add(channel)
    Tenant.objects.filter(pk=tenant.pk).update(timezone="America/Denver")
    tenant.refresh_from_db()
    return tenant


def unit_of(tenant, name, external_id, **more):
    return ReferenceItem.objects.create(
        tenant=tenant, kind="business_unit", name=name, external_id=external_id, **ADDED, **more
    )


def copied(line: FieldMapping) -> FieldMapping:
    line.pk = None
    return line


def as_file(tenant):
    """As it is after it was written down and read again."""
    return read(orjson.loads(orjson.dumps(exporting.export(tenant).model_dump())))


def state():
    """Everything that an import might touch."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (
            Tenant,
            SyncRule,
            FieldMapping,
            TableRow,
            AlertChannel,
            AlertRule,
            MatchSettings,
            MergeSettings,
            Flow,
        )
    ] + [list(Connection.objects.order_by("pk").values("tenant", "system", "scope", "status"))]


def test_into_an_empty_tenant_and_the_two_are_equal(staging, other_tenant):
    document = as_file(staging)
    assert compare(exporting.export(other_tenant), document), "they differ before"
    done = importing.apply(other_tenant, document)
    other_tenant.refresh_from_db()
    assert compare(exporting.export(other_tenant), document) == []
    assert (done.left, done.changes != []) == ([], True)
    assert other_tenant.timezone == "America/Denver"
    assert other_tenant.name == "Elsewhere Heating", "what it is called is its own"
    rule = SyncRule.objects.get(
        connection__tenant=other_tenant, connection__system="servicetitan", entity="customer"
    )
    assert (rule.interval, rule.direction, rule.policy) == (30, "both", "ask")
    assert not rule.mappings.filter(field="do_not_mail").exists()
    assert done.todo == [
        "ServiceTitan: enter its credentials and test it.",
        "SYSPRO: enter its credentials and test it.",
        "Alert channel Duty: enter its address and secret.",
    ]
    again = importing.apply(other_tenant, document)
    assert (again.changes, AuditEntry.objects.filter(action="configuration.imported").count()) == ([], 1)


def test_no_secret_no_address_and_no_id_of_the_database_leaves(staging):
    connection = Connection.objects.get(tenant=staging, system="servicetitan")
    text = json.dumps(as_file(staging).model_dump())
    for hidden in (SECRET, "planted-address", "hooks.example", "ours alone", connection.remote_account):
        assert hidden not in text
    assert not {"id", "pk", "tenant_id", "connection_id"} & keys_of(json.loads(text))


def keys_of(value) -> set:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values())) if value else set()
    return set().union(*map(keys_of, value)) if isinstance(value, list) and value else set()


def test_a_preview_says_the_same_and_writes_nothing(staging, other_tenant):
    document, before = as_file(staging), state()
    found = importing.preview(other_tenant, document)
    assert state() == before
    other_tenant.refresh_from_db()
    assert importing.apply(other_tenant, document).changes == found.changes
    paths = {one.path for one in found.changes}
    assert {"settings > timezone", "tables > branch > Plumbing > target"} <= paths


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d["settings"].update(timezone="Mars/Olympus"), "not a time zone"),
        (lambda d: d["connections"].update(oracle=d["connections"]["servicetitan"]), "no such system"),
        (lambda d: customer(d)["mapping"][0].update(transform="nonsense"), "mapping"),
        (lambda d: customer(d).update(interval=0), "interval"),
        (lambda d: customer(d).update(policy="whatever"), "policy"),
        (lambda d: d["connections"]["servicetitan"]["rules"]["invoice"].update(direction="both"), "takes no invoice"),
        (lambda d: d["connections"]["servicetitan"]["scope"].update(jobLookback="soon"), "ISO 8601"),
        (lambda d: d["tables"].update(unheard={}), "no such table"),
        (lambda d: d["tables"]["branch"]["Plumbing"].update(target="x" * 11), "too long"),
        (lambda d: d["alerts"]["channels"]["Office"].update(recipients="nobody"), "valid email"),
        (lambda d: d["alerts"]["rules"]["relink"].update(channels=["Nowhere"]), "no channel"),
        (lambda d: d["alerts"]["rules"]["relink"].update(kind="workers"), "platform alone"),
        (lambda d: d["duplicates"]["matching"].update(review_from=7.0), "review_from"),
        (lambda d: d["flows"].update(unheard={"enabled": True, "settings": {}}), "no such flow"),
    ],
)  # fmt: skip
def test_one_thing_that_does_not_fit_stops_all_of_it(staging, other_tenant, spoil, words):
    spoilt = as_file(staging).model_dump()
    spoil(spoilt)
    before = state()
    with pytest.raises(NotAConfiguration, match=words):
        importing.apply(other_tenant, read(spoilt))
    assert state() == before
    assert not AuditEntry.objects.filter(action="configuration.imported").exists()


def customer(document):
    return document["connections"]["servicetitan"]["rules"]["customer"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "not a configuration"),
        ({"format": "trunkline-mapping"}, "not a configuration"),
        ({"format": "trunkline-configuration", "version": 2}, "another version"),
        ({"format": "trunkline-configuration", "version": 1, "credentials": {}}, "credentials"),
    ],
)
def test_what_is_no_configuration_is_not_looked_into(found, words):
    with pytest.raises(NotAConfiguration, match=words):
        read(found)


def test_what_only_the_target_has_stays_and_is_said(staging, other_tenant):
    AlertChannel.objects.create(tenant=other_tenant, name="Theirs", recipients="a@example.com")
    TableRow.objects.create(tenant=other_tenant, table="branch", key="9", label="Drains", target="07")
    done = importing.apply(other_tenant, as_file(staging))
    assert {one.path for one in done.left} == {
        "tables > branch > Drains > target",
        "alerts > channels > Theirs > kind",
        "alerts > channels > Theirs > recipients",
        "alerts > channels > Theirs > enabled",
    }


def test_a_tables_row_finds_its_unit_by_what_people_call_it(staging, other_tenant):
    unit_of(other_tenant, "Plumbing", "4711")
    importing.apply(other_tenant, as_file(staging))
    assert TableRow.objects.get(tenant=other_tenant, label="Plumbing").key == "4711"


def test_units_of_a_scope_are_checked_where_they_are_known(staging, other_tenant):
    Connection.objects.filter(tenant=staging, system="servicetitan").update(
        scope={"businessUnits": ["BU_PLUMBING"], "customerTagFilter": None, "jobLookback": None}
    )
    document = as_file(staging)
    found = importing.preview(other_tenant, document)
    assert "ServiceTitan: look at its scope once its business units and tags are read." in found.todo
    unit_of(other_tenant, "Heating", "1")
    with pytest.raises(NotAConfiguration, match="BU_PLUMBING"):
        importing.apply(other_tenant, document)


def test_objects_that_an_account_made_for_itself_come_with_their_fields(tenant, other_tenant):
    connection = connecting.begin(tenant, "salesforce")
    fields = [
        RemoteField("Id", "Id", "text"),
        RemoteField("Name", "Name", "text", length=80, writable=True),
        RemoteField("Tier__c", "Tier", "choice", writable=True, choices=(("a", "A"),), custom=True),
    ]
    own_objects.declare(connection, "Warranty__c", own_objects.GENERIC, fields)
    document = as_file(tenant)
    importing.apply(other_tenant, document)
    assert compare(exporting.export(other_tenant), document) == []
    rule = SyncRule.objects.get(connection__tenant=other_tenant, object="Warranty__c")
    assert [field.path for field in remote_fields(rule)] == ["Id", "Name", "Tier__c"]


def test_a_flow_that_is_not_ready_comes_switched_off_and_waits_for_a_person(staging, other_tenant):
    from integrations.flows.catalogue import FLOWS

    name, spec = next(
        (name, spec) for name, spec in FLOWS.items() if any(s.kind == "reference" for s in spec.settings)
    )
    setting = next(s for s in spec.settings if s.kind == "reference")
    kind = exporting.ENTITIES[setting.refers_to]
    record = kind.model._default_manager.create(
        tenant=staging, name="Chosen one", external_id="5", **ADDED, **kind.constants
    )
    Flow.objects.create(tenant=staging, name=name, enabled=True, settings={setting.name: record.pk})
    document = as_file(staging)
    assert document.flows[name].settings == {setting.name: str(record)}
    done = importing.apply(other_tenant, document)
    flow = Flow.objects.get(tenant=other_tenant)
    assert (flow.enabled, flow.settings) == (False, {setting.name: None})
    assert any("switch it on once it is ready" in words for words in done.todo)
    assert any(f"it was “{record}”" in words for words in done.todo)
    kind.model._default_manager.create(
        tenant=other_tenant, name="Chosen one", external_id="6", **ADDED, **kind.constants
    )
    importing.apply(other_tenant, document)
    flow.refresh_from_db()
    assert flow.settings[setting.name] not in (None, record.pk)


# --- The command and the page ----------------------------------------------------------------------------------------


def test_the_command_exports_compares_and_imports(staging, other_tenant, tmp_path, capsys):
    file = str(tmp_path / "staging.json")
    call_command("config", "export", staging.slug, file)
    call_command("config", "compare", staging.slug, file)
    with pytest.raises(CommandError, match="differences"):
        call_command("config", "compare", other_tenant.slug, file)
    before = state()
    call_command("config", "import", other_tenant.slug, file)
    assert state() == before
    call_command("config", "import", other_tenant.slug, file, "--yes")
    call_command("config", "compare", other_tenant.slug, file)
    assert capsys.readouterr().out.endswith("Equal.\n")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("config", "import", other_tenant.slug, str(tmp_path / "none.json"))


def page(tenant, name="configuration"):
    return f"{reverse(f'admin:integrations_connection_{name}')}?tenant={tenant.pk}"


def test_a_person_sees_what_changes_and_then_imports_it(staging, other_tenant, client_for, owner, outsider):
    text = client_for(owner).get(page(staging, "configuration_file")).content
    assert SECRET.encode() not in text
    browser = client_for(outsider)
    file = SimpleUploadedFile("staging.json", text)
    before = state()
    shown = browser.post(page(other_tenant), {"file": file})
    assert "America/Denver" in shown.content.decode()
    assert "enter its credentials" in shown.content.decode()
    assert state() == before
    done = browser.post(
        page(other_tenant), {"document": shown.context["document"], "import": "1"}, follow=True
    )
    assert "Imported" in done.content.decode()
    assert compare(exporting.export(Tenant.objects.get(pk=other_tenant.pk)), as_file(staging)) == []
    wrong = browser.post(page(other_tenant), {"file": SimpleUploadedFile("x.json", b"{")})
    assert "holds no JSON" in wrong.content.decode()


def test_the_pages_are_for_those_who_configure_that_tenant(
    staging, other_tenant, client_for, owner, colleague, outsider
):
    for name in ("configuration", "configuration_file"):
        assert client_for(owner).get(page(staging, name)).status_code == 200
        assert client_for(owner).get(page(other_tenant, name)).status_code == 404
        assert client_for(outsider).get(page(staging, name)).status_code == 404
        assert client_for(colleague).get(page(staging, name)).status_code == 403
    assert "Export or import" in client_for(owner).get(
        reverse("admin:portal_tenant_change", args=[staging.pk])
    ).content.decode()  # fmt: skip
