import pytest

from portal.access import ALLOWED, Action, access_of, tenant_path_of
from portal.models import AuditEntry, Partner, Role, RoleGrant, Tenant


def test_an_outsider_sees_no_tenant_of_another_partner(outsider, tenant, other_tenant):
    assert list(access_of(outsider).tenants()) == [other_tenant]
    assert not access_of(outsider).may(Action.VIEW, tenant)
    assert not access_of(outsider).may(Action.VIEW, tenant.pk)


def test_someone_without_a_role_may_nothing_and_not_enter(django_user_model, tenant):
    nobody = django_user_model.objects.create_user("nobody")
    access = access_of(nobody)
    assert not access.may_enter
    assert not any(access.may(action, tenant) or access.may_somewhere(action) for action in Action)


def test_someone_switched_off_loses_every_role(owner, tenant):
    owner.is_active = False
    owner.save()
    assert not access_of(owner).may(Action.VIEW, tenant)
    assert not access_of(owner).may_enter


def test_an_anonymous_visitor_may_nothing(tenant):
    from django.contrib.auth.models import AnonymousUser

    assert not access_of(AnonymousUser()).may(Action.VIEW, tenant)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PLATFORM_ADMIN])
def test_only_platform_admins_handle_the_platform(role):
    assert Action.PLATFORM not in ALLOWED[role]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_a_row_in_the_table_and_may_at_least_look(role):
    assert Action.VIEW in ALLOWED[role]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.VIEWER])
def test_a_role_on_one_tenant_says_nothing_about_its_neighbour(django_user_model, tenant, partner, role):
    neighbour = Tenant.objects.create(partner=partner, name="Neighbour", slug="neighbour")
    person = django_user_model.objects.create_user("person")
    RoleGrant.objects.create(user=person, role=role, tenant=tenant)
    access = access_of(person)
    for action in Action:
        assert access.may(action, tenant) == (action in ALLOWED[role])
        assert not access.may(action, neighbour)


def test_partner_staff_reach_tenants_that_are_added_later(owner, partner):
    later = Tenant.objects.create(partner=partner, name="Later", slug="later")
    assert access_of(owner).may(Action.CONFIGURE, later)


def test_a_viewer_of_one_tenant_who_configures_another_does_not_mix_them(
    viewer, tenant, other_partner, other_tenant
):
    RoleGrant.objects.create(user=viewer, role=Role.PARTNER_STAFF, partner=other_partner)
    access = access_of(viewer)
    assert set(access.tenants()) == {tenant, other_tenant}
    assert list(access.tenants(Action.CONFIGURE)) == [other_tenant]
    assert not access.may(Action.CONFIGURE, tenant)


def test_rows_are_narrowed_to_the_tenants_of_the_person(owner, tenant, other_tenant):
    for where in (tenant, other_tenant):
        AuditEntry.objects.create(action="x", actor_label="y", tenant=where)
    assert [entry.tenant for entry in access_of(owner).scope(AuditEntry.objects.all())] == [tenant]


def test_partner_staff_manage_their_own_people_only(owner, colleague, outsider):
    assert set(access_of(owner).people()) == {owner, colleague}


def test_a_platform_admin_reaches_everything_also_as_a_superuser(
    platform_admin, django_user_model, tenant, other_tenant
):
    superuser = django_user_model.objects.create_superuser("root")
    for person in (platform_admin, superuser):
        assert set(access_of(person).tenants()) == {tenant, other_tenant}
        assert access_of(person).may(Action.PLATFORM, None)


def test_questions_cost_two_queries_however_many_there_are(
    owner, tenant, other_tenant, django_assert_num_queries
):
    with django_assert_num_queries(2):
        for _ in range(5):
            access_of(owner).may(Action.EXPORT, tenant.pk)
            access_of(owner).may(Action.EXPORT, other_tenant.pk)


def test_a_model_that_leads_to_no_tenant_is_an_error_not_an_open_door():
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="tenant_path"):
        tenant_path_of(Partner)
