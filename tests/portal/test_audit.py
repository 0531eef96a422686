import pytest
from django import forms
from django.urls import reverse

from portal import audit
from portal.forms import SecretFormField
from portal.models import AuditEntry
from portal.models.audit import AppendOnly


@pytest.mark.parametrize(
    "way",
    [
        lambda e: e.save(),
        lambda e: e.delete(),
        lambda e: AuditEntry.objects.update(note="x"),
        lambda e: AuditEntry.objects.all().delete(),
        lambda e: AuditEntry.objects.bulk_update([e], ["note"]),
    ],
)
def test_an_entry_can_be_neither_changed_nor_removed(tenant, way):
    entry = audit.record("tenant.changed", tenant)
    with pytest.raises(AppendOnly):
        way(entry)
    assert AuditEntry.objects.count() == 1


def test_a_failed_log_in_is_written_down_without_what_was_typed(client, owner):
    for name in ("owner", "my-secret-password"):
        client.post(reverse("admin:login"), {"username": name, "password": "wrong"})
    known, unknown = AuditEntry.objects.filter(action="log_in.failed").order_by("pk")
    assert known.actor == owner
    assert unknown.actor is None
    assert "my-secret-password" not in str(vars(unknown))


def test_log_ins_and_log_outs_are_written_down_with_the_address(client, owner):
    client.post(reverse("admin:login"), {"username": "owner", "password": "owner-password"})
    client.post(reverse("admin:logout"))
    entries = AuditEntry.objects.order_by("pk")
    assert [str(entry) for entry in entries] == ["Olive Owner logged in", "Olive Owner logged out"]
    assert entries[0].ip == "127.0.0.1"
    assert entries[0].request_id


def test_an_admin_change_leaves_who_what_and_the_difference(client_for, owner, tenant):
    page = reverse("admin:portal_tenant_change", args=[tenant.pk])
    data = {
        "name": "Hartwell & Sons",
        "slug": tenant.slug,
        "partner": tenant.partner_id,
        "timezone": tenant.timezone,
        "phone_region": "US",
        "currency": "USD",
        "status": "live",
    }
    assert client_for(owner).post(page, data).status_code == 302
    entry = AuditEntry.objects.get(action="tenant.changed")
    assert (entry.actor, entry.tenant, entry.partner) == (owner, tenant, tenant.partner)
    assert entry.diff == {"name": ["Hartwell Plumbing", "Hartwell & Sons"], "status": ["Onboarding", "Live"]}
    assert str(entry) == "Olive Owner changed tenant Hartwell & Sons"


def test_saving_without_a_change_leaves_no_entry(client_for, owner, tenant):
    page = reverse("admin:portal_tenant_change", args=[tenant.pk])
    data = {
        "name": tenant.name,
        "slug": tenant.slug,
        "partner": tenant.partner_id,
        "timezone": tenant.timezone,
        "phone_region": "US",
        "currency": "USD",
        "status": "onboarding",
    }
    assert client_for(owner).post(page, data).status_code == 302
    assert not AuditEntry.objects.filter(action="tenant.changed").exists()


def test_a_difference_says_of_a_secret_only_that_it_changed():
    class Form(forms.Form):
        app_key = forms.CharField()
        other = SecretFormField()
        name = forms.CharField()

    form = Form({"app_key": "k1", "other": "k2", "name": "n"}, initial={"name": "m"})
    assert form.is_valid()
    assert audit.diff_of(form) == {"app_key": "changed", "other": "changed", "name": ["m", "n"]}


def test_registered_words_win_over_those_made_of_the_name(tenant):
    entry = AuditEntry(
        action="sync_rule.switched_off", actor_label="Olive", target_label="Customers", note="n"
    )
    assert audit.sentence(entry) == "Olive switched off sync rule Customers"
    audit.register_action("test.words", "did {note} to {target}")
    entry.action = "test.words"
    assert audit.sentence(entry) == "Olive did n to Customers"
    assert audit.action_words("test.words") == "did … to …"


def test_what_is_rolled_back_leaves_no_entry(tenant):
    from django.db import transaction

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("tenant.changed", tenant)
        1 / 0  # noqa: B018  # the failure
    assert not AuditEntry.objects.exists()


def test_the_history_of_a_person_leaves_out_what_belongs_to_other_partners(
    client_for, owner, colleague, tenant, other_tenant
):
    audit.record("role.granted", colleague, tenant=tenant, note="ours")
    audit.record("role.granted", colleague, tenant=other_tenant, note="theirs")
    page = client_for(owner).get(reverse("admin:portal_user_history", args=[colleague.pk])).content.decode()
    assert "ours" in page
    assert "theirs" not in page


def test_an_entry_links_to_what_it_is_about(client_for, owner, tenant):
    entry = audit.record("tenant.changed", tenant)
    page = client_for(owner).get(reverse("admin:portal_auditentry_change", args=[entry.pk])).content.decode()
    assert reverse("admin:portal_tenant_change", args=[tenant.pk]) in page


def test_the_list_costs_the_same_queries_however_long_it_is(
    client_for, owner, tenant, django_assert_max_num_queries
):
    client = client_for(owner)
    for _ in range(60):
        audit.record("tenant.changed", tenant)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("admin:portal_auditentry_changelist")).status_code == 200


def test_a_changed_password_is_written_down_and_a_refused_one_is_not(client_for, owner):
    client, page, new = client_for(owner), reverse("admin:password_change"), "a long enough pass phrase"
    client.post(page, {"old_password": "wrong", "new_password1": new, "new_password2": new})
    assert not AuditEntry.objects.filter(action="person.password_set").exists()
    client.post(page, {"old_password": "owner-password", "new_password1": new, "new_password2": new})
    assert str(AuditEntry.objects.get(action="person.password_set")) == "Olive Owner set a new password"
