import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import CommandError, call_command
from django.urls import reverse

from portal.entrance import throttle
from portal.models import AuditEntry, Role, RoleGrant, Tenant, User

ADD = "admin:portal_user_add"


def invite(client, **changes):
    data = {
        "username": "newcomer",
        "first_name": "Nia",
        "last_name": "New",
        "email": "nia@example.com",
        "role": "support",
        "tenant": "",
        "partner": "",
        **changes,
    }
    return client.post(reverse(ADD), data)


@pytest.mark.parametrize("role", ["platform_admin", "partner_staff"])
def test_partner_staff_cannot_give_roles_above_their_tenants(client_for, owner, partner, role):
    reply = invite(client_for(owner), role=role, partner=partner.pk if role == "partner_staff" else "")
    assert reply.status_code == 200
    assert not User.objects.filter(username="newcomer").exists()


def test_partner_staff_cannot_give_roles_on_another_partners_tenant(
    client_for, owner, other_tenant, other_partner
):
    for target in ({"tenant": other_tenant.pk}, {"partner": other_partner.pk}):
        assert invite(client_for(owner), **target).status_code == 200
    assert not User.objects.filter(username="newcomer").exists()


def test_partner_staff_cannot_draw_a_stranger_into_their_tenants(client_for, owner, outsider, tenant):
    data = {"user": outsider.pk, "role": "viewer", "tenant": tenant.pk, "partner": ""}
    assert client_for(owner).post(reverse("admin:portal_rolegrant_add"), data).status_code == 200
    assert not RoleGrant.objects.filter(user=outsider, tenant=tenant).exists()


def test_an_invited_person_gets_a_first_role_and_sets_a_password_by_a_link(client_for, client, owner, tenant):
    staff = client_for(owner)
    reply = invite(staff, tenant=tenant.pk)
    newcomer = User.objects.get(username="newcomer")
    assert reply["Location"] == reverse("admin:portal_user_change", args=[newcomer.pk])
    assert not newcomer.has_usable_password()
    assert str(newcomer.grants.get()) == "Support agent of Hartwell Plumbing"
    page = staff.post(reverse("admin:portal_user_password_link", args=[newcomer.pk])).content.decode()
    link = re.search(r"http://testserver(/welcome/[^\"]+)", page)[1]
    form = client.get(link)["Location"]
    new = "a long enough pass phrase"
    assert client.post(form, {"new_password1": new, "new_password2": new}).status_code == 302
    assert client.login(username="newcomer", password=new)
    assert "not work any more" in client.get(link).content.decode()
    trail = AuditEntry.objects.exclude(action="log_in.done").order_by("pk").values_list("action", flat=True)
    assert list(trail) == ["role.granted", "person.added", "person.link_made", "person.password_set"]


def test_a_link_that_was_used_or_made_up_opens_nothing(client, owner):
    page = client.get(reverse("set_password", args=["MQ", "made-up-token"])).content.decode()
    assert "does not work any more" in page
    assert "new_password1" not in page


@pytest.mark.parametrize("who", ["colleague", "finance", "viewer"])
def test_others_manage_no_people(request, client_for, who, tenant):
    client = client_for(request.getfixturevalue(who))
    assert client.get(reverse("admin:portal_user_changelist")).status_code == 403
    assert invite(client, tenant=tenant.pk).status_code == 403
    assert not User.objects.filter(username="newcomer").exists()


def test_partner_staff_cannot_take_over_a_colleague_who_logs_in_already(client_for, owner, partner):
    fellow = User.objects.create_user("fellow", password="x" * 20)
    RoleGrant.objects.create(user=fellow, role=Role.PARTNER_STAFF, partner=partner)
    client = client_for(owner)
    assert client.post(reverse("admin:portal_user_password_link", args=[fellow.pk])).status_code == 403


def test_partner_staff_may_see_but_not_change_a_person_who_works_elsewhere_too(
    client_for, owner, colleague, other_tenant
):
    RoleGrant.objects.create(user=colleague, role=Role.VIEWER, tenant=other_tenant)
    client = client_for(owner)
    page = reverse("admin:portal_user_change", args=[colleague.pk])
    shown = client.get(page)
    assert shown.status_code == 200
    assert "Elsewhere" not in shown.content.decode()
    assert client.post(page, {"username": "taken-over"}).status_code == 403
    assert client.post(reverse("admin:portal_user_password_link", args=[colleague.pk])).status_code == 403
    colleague.refresh_from_db()
    assert colleague.username == "colleague"


def test_roles_are_taken_away_with_an_entry_in_the_trail(client_for, owner, viewer):
    grant = viewer.grants.get()
    client_for(owner).post(reverse("admin:portal_rolegrant_delete", args=[grant.pk]), {"post": "yes"})
    assert not viewer.grants.exists()
    assert "Viewer of Hartwell Plumbing" in AuditEntry.objects.get(action="role.taken").note


def test_partner_staff_cannot_take_a_fellows_or_their_own_staff_role(client_for, owner):
    grant = owner.grants.get()
    reply = client_for(owner).post(reverse("admin:portal_rolegrant_delete", args=[grant.pk]), {"post": "yes"})
    assert reply.status_code == 403
    assert owner.grants.exists()


def test_a_platform_admin_makes_partner_staff(client_for, platform_admin, partner):
    assert invite(client_for(platform_admin), role="partner_staff", partner=partner.pk).status_code == 302
    assert User.objects.get(username="newcomer").grants.get().partner == partner


class TestTenants:
    DATA = {
        "name": "New Shop",
        "slug": "new-shop",
        "timezone": "America/Denver",
        "phone_region": "US",
        "currency": "USD",
        "status": "onboarding",
    }

    def test_partner_staff_cannot_add_one_to_another_partner(self, client_for, owner, other_partner):
        reply = client_for(owner).post(
            reverse("admin:portal_tenant_add"), {**self.DATA, "partner": other_partner.pk}
        )
        assert reply.status_code == 200
        assert not Tenant.objects.filter(slug="new-shop").exists()

    def test_partner_staff_add_one_to_their_own(self, client_for, owner, partner):
        reply = client_for(owner).post(
            reverse("admin:portal_tenant_add"), {**self.DATA, "partner": partner.pk}
        )
        assert reply.status_code == 302
        assert Tenant.objects.get(slug="new-shop").partner == partner

    @pytest.mark.parametrize(
        ("field", "value"), [("timezone", "Mars/Base"), ("phone_region", "XX"), ("currency", "usd")]
    )
    def test_bad_values_are_refused_in_words_and_nothing_typed_is_lost(
        self, client_for, owner, partner, field, value
    ):
        data = {**self.DATA, "partner": partner.pk, field: value}
        page = client_for(owner).post(reverse("admin:portal_tenant_add"), data).content.decode()
        assert "errorlist" in page
        assert "New Shop" in page
        assert not Tenant.objects.filter(slug="new-shop").exists()

    def test_nobody_moves_a_tenant_to_a_partner_they_do_not_work_for(
        self, client_for, owner, tenant, other_partner
    ):
        page = reverse("admin:portal_tenant_change", args=[tenant.pk])
        client_for(owner).post(page, {**self.DATA, "partner": other_partner.pk})
        tenant.refresh_from_db()
        assert tenant.partner != other_partner


class TestHelpingSomebodyToLogIn:
    @pytest.fixture
    def locked(self, colleague):
        for _ in range(10):
            throttle.take([throttle.account("colleague")])
        TOTP.activate(colleague, generate_totp_secret())
        return colleague

    def post(self, client, name, person):
        return client.post(reverse(f"admin:portal_user_{name}", args=[person.pk])).status_code

    def test_partner_staff_unlock_and_log_out_those_in_their_reach(self, client_for, owner, locked):
        theirs, staff = client_for(locked), client_for(owner)
        assert (
            "is locked out"
            in staff.get(reverse("admin:portal_user_change", args=[locked.pk])).content.decode()
        )
        assert self.post(staff, "unlock", locked) == 302
        assert not throttle.is_locked(locked)
        assert self.post(staff, "end_sessions", locked) == 302
        assert theirs.get(reverse("admin:index")).status_code == 302
        trail = set(AuditEntry.objects.values_list("action", flat=True))
        assert {"person.unlocked", "person.sessions_ended"} <= trail

    def test_partner_staff_take_away_nobodys_factors(self, client_for, owner, locked):
        staff = client_for(owner)
        page = staff.get(reverse("admin:portal_user_change", args=[locked.pk])).content.decode()
        assert "Take away" not in page
        assert self.post(staff, "reset_factors", locked) == 403
        assert Authenticator.objects.exists()

    @pytest.mark.parametrize("name", ["unlock", "end_sessions", "reset_factors"])
    def test_others_help_nobody(self, client_for, finance, outsider, locked, name):
        assert self.post(client_for(finance), name, locked) in (403, 404)
        assert self.post(client_for(outsider), name, locked) == 404
        assert throttle.is_locked(locked)

    def test_a_platform_admin_takes_away_lost_factors_of_others_only(
        self, client_for, platform_admin, locked
    ):
        theirs, admin = client_for(locked), client_for(platform_admin)
        assert self.post(admin, "reset_factors", platform_admin) == 403
        assert self.post(admin, "reset_factors", locked) == 302
        assert not Authenticator.objects.exists()
        assert theirs.get(reverse("admin:index")).status_code == 302
        assert "TOTP" in AuditEntry.objects.get(action="person.factors_reset").note

    def test_the_same_from_a_terminal(self, locked):
        call_command("unlock", "colleague")
        call_command("reset_factors", "colleague")
        assert not Authenticator.objects.exists()
        assert not throttle.is_locked(locked)
        with pytest.raises(CommandError, match="nobody with the user name"):
            call_command("unlock", "made-up")

    def test_partner_staff_cannot_change_a_fellows_e_mail(self, client_for, owner, partner):
        """By it the identity provider's word is believed."""
        fellow = User.objects.create_user("fellow", "fellow@example.com", "x" * 20)
        RoleGrant.objects.create(user=fellow, role=Role.PARTNER_STAFF, partner=partner)
        data = {"username": "fellow", "is_active": "on", "email": "mine@example.com"}
        client_for(owner).post(reverse("admin:portal_user_change", args=[fellow.pk]), data)
        fellow.refresh_from_db()
        assert fellow.email == "fellow@example.com"
