import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from portal import look, panels
from portal.access import Action
from portal.models import AuditEntry, Role, RoleGrant, Tenant
from portal.paginator import CappedPaginator
from portal.tenant_admin import TenantAdmin, object_view
from tests.admin.visits import inline_code


@pytest.fixture
def clean_registry(monkeypatch):
    """Registrations of a test end with it."""
    for name in ("_panels", "_tenant_panels", "_entries"):
        monkeypatch.setattr(panels, name, dict(getattr(panels, name)))
    monkeypatch.setattr(panels, "_health", [])


class TestPagesOfItsOwn:
    class Merchants(TenantAdmin):
        tenant_path = ""

        @object_view("poke/", action=Action.CONFIGURE, methods=("POST",))
        def poke(self, request, tenant):
            return HttpResponse(f"poked {tenant}")

    @pytest.fixture
    def visit(self):
        found = self.Merchants(Tenant, admin.site)
        view = next(pattern for pattern in found.get_urls() if pattern.name == "portal_tenant_poke").callback

        def visit(user, pk, method="post"):
            request = getattr(RequestFactory(), method)("/")
            request.user, request._dont_enforce_csrf_checks = user, True
            return view(request, object_id=str(pk))

        return visit

    def test_another_tenants_row_is_not_found_before_anything_else_is_said(self, visit, outsider, tenant):
        from django.http import Http404

        for method in ("get", "post"):
            with pytest.raises(Http404):
                visit(outsider, tenant.pk, method)

    def test_seeing_a_row_is_not_yet_the_right_to_act_on_it(self, visit, viewer, tenant):
        with pytest.raises(PermissionDenied):
            visit(viewer, tenant.pk)

    def test_a_page_that_acts_is_not_opened_by_a_link(self, visit, owner, tenant):
        assert visit(owner, tenant.pk, "get").status_code == 405

    def test_those_who_may_get_the_row(self, visit, owner, tenant):
        assert visit(owner, tenant.pk).content == b"poked Hartwell Plumbing"


class TestHome:
    def test_a_panel_that_has_nothing_for_someone_is_not_shown(self, client_for, owner, clean_registry):
        panels.register_panel("Hidden card", 1, lambda request: None, "portal/panels/audit.html")
        assert "Hidden card" not in client_for(owner).get(reverse("admin:index")).content.decode()

    def test_panels_stand_in_their_order(self, client_for, owner, clean_registry):
        panels.register_panel("Second card", 2, lambda request: {"entries": []}, "portal/panels/audit.html")
        panels.register_panel("First card", 1, lambda request: {"entries": []}, "portal/panels/audit.html")
        page = client_for(owner).get(reverse("admin:index")).content.decode()
        assert page.index("First card") < page.index("Second card")

    def test_an_entry_shows_its_count_also_when_it_is_zero(self, client_for, owner, clean_registry):
        panels.register_app_entry("portal", "Waiting", "Things that wait", "admin:index", lambda request: 0)
        for page in (reverse("admin:index"), reverse("admin:app_list", args=["portal"])):
            body = client_for(owner).get(page).content.decode()
            assert 'class="badge ok">0</a>' in body
            assert "Things that wait" in body

    def test_the_side_bar_counts_nothing(self, client_for, owner, clean_registry):
        def never(request):
            raise AssertionError("a list page must not pay for counts")

        panels.register_app_entry("portal", "Waiting", "Things that wait", "admin:index", never)
        body = client_for(owner).get(reverse("admin:portal_tenant_changelist")).content.decode()
        assert "Things that wait" in body

    def test_the_worst_tenants_come_first_with_a_way_to_act(
        self, client_for, owner, tenant, partner, clean_registry
    ):
        sick = Tenant.objects.create(partner=partner, name="Zz Sick", slug="sick", status="live")
        panels.register_health(lambda tenants: {sick.pk: panels.Health("bad", "Needs re-link", "/relink/")})
        page = client_for(owner).get(reverse("admin:index")).content.decode()
        table = page[page.index("<tbody>") :]
        assert table.index("Zz Sick") < table.index("Hartwell")
        assert '<a href="/relink/"><span class="badge bad">Needs re-link</span></a>' in table

    def test_an_empty_portal_says_what_to_do_next(self, client_for, owner):
        assert "Add tenant" in client_for(owner).get(reverse("admin:index")).content.decode()

    def test_a_viewer_without_tenants_is_not_shown_a_button_that_fails(self, client_for, viewer, tenant):
        RoleGrant.objects.filter(user=viewer).update(tenant=None, partner=_empty_partner())
        page = client_for(viewer).get(reverse("admin:index")).content.decode()
        assert "No tenants yet" in page
        assert reverse("admin:portal_tenant_add") not in page

    def test_it_costs_the_same_queries_however_many_tenants(
        self, client_for, owner, partner, django_assert_max_num_queries
    ):
        Tenant.objects.bulk_create(
            Tenant(partner=partner, name=f"Shop {n}", slug=f"shop-{n}") for n in range(120)
        )
        client = client_for(owner)
        client.get(reverse("admin:index"))
        with django_assert_max_num_queries(30):  # upper floors' panels included
            assert "All 120 tenants" in client.get(reverse("admin:index")).content.decode()


def test_a_tenant_page_carries_its_panels(client_for, owner, tenant, clean_registry):
    panels.register_tenant_panel(1, "portal/panels/audit.html", lambda request, tenant: {"entries": []})
    page = client_for(owner).get(reverse("admin:portal_tenant_change", args=[tenant.pk])).content.decode()
    assert "Nothing was done yet" in page


@pytest.mark.parametrize("path", ["/admin/portal/tenant/99999/change/", "/nowhere/", "/admin/nowhere/"])
def test_a_page_that_is_not_there_says_so_under_the_same_policy(client_for, owner, path):
    reply = client_for(owner).get(path)
    assert reply.status_code == 404
    assert "Content-Security-Policy" in reply.headers
    assert not inline_code(reply.content.decode())
    assert "Home" in reply.content.decode()


def test_a_stale_form_is_refused_in_words(owner):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    reply = client.post(reverse("admin:portal_tenant_add"), {})
    assert reply.status_code == 403
    assert not inline_code(reply.content.decode())
    assert "reload" in reply.content.decode().lower()


def test_someone_with_two_tenants_cannot_tie_them_together(client_for, owner, tenant, partner):
    from django import forms

    from portal.forms import OneTenantForm

    other = Tenant.objects.create(partner=partner, name="Other", slug="other")
    entry = AuditEntry.objects.create(action="x", actor_label="y", tenant=tenant)

    class Form(OneTenantForm, forms.Form):
        instance = entry
        other = forms.ModelChoiceField(Tenant.objects.all())

    assert not Form({"other": other.pk}).is_valid()
    assert Form({"other": tenant.pk}).is_valid()


class TestPaging:
    def test_a_large_table_is_counted_only_up_to_the_cap(self, tenant, monkeypatch):
        monkeypatch.setattr(CappedPaginator, "cap", 5)
        AuditEntry.objects.bulk_create(
            AuditEntry(action="x", actor_label="y", tenant=tenant) for _ in range(8)
        )
        paginator = CappedPaginator(AuditEntry.objects.all(), 2)
        assert (paginator.count, paginator.capped, paginator.num_pages) == (5, True, 3)

    def test_people_read_that_there_are_more(self, client_for, owner, tenant, monkeypatch):
        monkeypatch.setattr(CappedPaginator, "cap", 5)
        AuditEntry.objects.bulk_create(
            AuditEntry(action="x", actor_label="y", tenant=tenant) for _ in range(8)
        )
        page = client_for(owner).get(reverse("admin:portal_auditentry_changelist")).content.decode()
        assert "5+ audit trail" in page

    def test_a_small_table_shows_its_exact_count(self, tenant):
        AuditEntry.objects.create(action="x", actor_label="y", tenant=tenant)
        paginator = CappedPaginator(AuditEntry.objects.all(), 2)
        assert (paginator.count, paginator.capped) == (1, False)


class TestLook:
    def test_words_of_a_badge_are_escaped(self):
        assert look.badge("<b>", "bad") == '<span class="badge bad">&lt;b&gt;</span>'

    def test_an_unknown_tone_is_no_way_into_the_markup(self):
        assert look.badge("x", '"><script>') == '<span class="badge idle">x</span>'

    def test_a_chart_is_drawn_without_inline_style(self):
        svg = look.bars([("Mon", 0), ("Tue", 5), ("Wed", 10)], "Records per day", unit="records")
        assert not inline_code(svg)
        assert svg.count("<rect") == 3
        assert "Wed: 10 records" in svg

    def test_a_chart_of_nothing_says_so(self):
        assert "no records yet" in look.bars([("Mon", 0)], "x", unit="records")
        assert "Nothing to draw yet" in look.bars([], "x")

    def test_progress_never_runs_past_its_end(self):
        assert 'value="10" max="10"' in look.progress(12, 10, "Customers")

    def test_progress_without_a_total_still_says_how_far(self):
        assert "1,200 so far" in look.progress(1200, None, "Customers")


@pytest.mark.parametrize("role", list(Role))
def test_every_role_opens_the_home_page(client_for, django_user_model, tenant, partner, role):
    person = django_user_model.objects.create_user("person")
    where = {"platform_admin": {}, "partner_staff": {"partner": partner}}.get(role, {"tenant": tenant})
    RoleGrant.objects.create(user=person, role=role, **where)
    assert client_for(person).get(reverse("admin:index")).status_code == 200


def _empty_partner():
    from portal.models import Partner

    return Partner.objects.create(name="Empty", slug="empty")
