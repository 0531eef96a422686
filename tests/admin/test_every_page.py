"""Walks every registered admin and every one of its addresses as each kind of person.

A model without a row in `OBJECTS` fails here by name; a new page is found by itself.
"""

import pytest
from django.contrib import admin
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from portal.access import ALLOWED
from portal.models import Role
from portal.tenant_admin import TenantAdmin
from tests.admin.objects import OBJECTS
from tests.admin.visits import Visitor

pytestmark = pytest.mark.slow
ADMINS = {model._meta.label_lower: found for model, found in admin.site._registry.items()}
WALKED = [label for label in ADMINS if label in OBJECTS]
ROLES = {
    "owner": Role.PARTNER_STAFF,
    "colleague": Role.SUPPORT,
    "finance": Role.FINANCE,
    "viewer": Role.VIEWER,
}
PAGES = {"change": "view_action", "history": "view_action", "delete": "delete_action"}
STOCK = {"changelist", "add", *PAGES}

EXCEPTIONS = {
    # who may open a page where that follows from more than the role's row in the table
    ("portal.tenant", "delete"): set(),
    ("portal.partner", "change"): set(),
    ("portal.user", "delete"): set(),
}


@pytest.fixture
def visitors(request, client_for):
    """Everyone with a role on the tenant, by name."""
    return {name: Visitor(client_for(request.getfixturevalue(name)), name) for name in ROLES}


@pytest.fixture
def rows(request, tenant, other_tenant):
    """(own row, other tenant's row) of the model under test."""
    label = request.node.callspec.params["label"]
    return OBJECTS[label](tenant), OBJECTS[label](other_tenant)


def address(label, page, *args):
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def expected(label, page, action_attribute):
    """The names of those who may open that page of their own tenant's row."""
    if (label, page) in EXCEPTIONS:
        return EXCEPTIONS[label, page]
    action = getattr(ADMINS[label], action_attribute)
    return {name for name, role in ROLES.items() if action in ALLOWED[role]}


def own_pages(label):
    """(address name, per object?, further arguments) of the pages beyond the stock ones."""
    prefix = label.replace(".", "_") + "_"
    for pattern in ADMINS[label].get_urls():
        name = pattern.name
        if name and name.startswith(prefix) and name.removeprefix(prefix) not in STOCK:
            converters = dict(pattern.pattern.converters)
            per_object = converters.pop("object_id", None) is not None
            yield name, per_object, {key: "1" for key in converters}


def test_every_registered_model_is_walked():
    missing = sorted(set(ADMINS) - set(OBJECTS))
    assert not missing, (
        f"Add factories to tests/admin/objects_<floor>.py; not walked yet: {', '.join(missing)}"
    )


@pytest.mark.parametrize("label", ADMINS)
def test_every_admin_inherits_the_one_place_that_decides(label):
    assert isinstance(ADMINS[label], TenantAdmin), f"{type(ADMINS[label])} decides for itself"


@pytest.mark.parametrize("label", WALKED)
def test_the_outsider_finds_nothing_of_ours(label, rows, client_for, outsider):
    own, _ = rows
    visitor = Visitor(client_for(outsider), "outsider", forbidden=None)
    for page in PAGES:
        assert visitor.get(address(label, page, own.pk)).status_code == 404
    for page in [address(label, "changelist"), f"{address(label, 'changelist')}?q=hartwell"]:
        assert "planted-hartwell" not in visitor.get(page).body


@pytest.mark.parametrize("label", WALKED)
def test_the_own_row_is_open_to_those_whom_the_table_names(label, rows, visitors, count):
    own, _ = rows
    for page, attribute in PAGES.items():
        may = expected(label, page if page != "history" else "change", attribute)
        for visitor in visitors.values():
            status = visitor.get(address(label, page, own.pk)).status_code
            if visitor.name in may:
                assert status == 200, f"{visitor.name} should open {page}, got {status}"
            else:
                assert status in (403, 404), f"{visitor.name} should not open {page}, got {status}"
    count("S4", "role x page x own row", len(PAGES) * len(visitors), "wrong")


@pytest.mark.parametrize("label", WALKED)
def test_lists_searches_and_filters_show_nothing_foreign(label, rows, visitors, count):
    _, foreign = rows
    page = address(label, "changelist")
    for visitor in visitors.values():
        status = visitor.get(page).status_code
        assert (status == 200) == (visitor.name in expected(label, "change", "view_action"))
        assert visitor.get(page, q="planted").status_code == status
        assert visitor.get(page, pk__exact=foreign.pk).status_code in (status, 302)
    count("S4", "role x list", len(visitors), "wrong")


@pytest.mark.parametrize("label", WALKED)
def test_nobody_without_the_right_adds_or_saves(label, rows, visitors, count):
    own, _ = rows
    before = model_to_dict(own)
    may_change = expected(label, "save", "change_action")
    for visitor in visitors.values():
        visitor.get(address(label, "add"))
        if visitor.name not in may_change:
            saved = visitor.post(address(label, "change", own.pk)).status_code == 302
            assert not saved, f"{visitor.name} may not change this, and was led on as after saving"
        if visitor.name not in expected(label, "add", "add_action"):
            assert visitor.get(address(label, "add")).status_code == 403
    own.refresh_from_db()
    assert model_to_dict(own) == before
    count("S4", "role x adding and saving", 2 * len(visitors), "wrong")


@pytest.mark.parametrize("label", WALKED)
def test_pages_of_its_own_answer_without_foreign_names(label, rows, visitors):
    own, _ = rows
    for name, per_object, more in own_pages(label):
        kwargs = {"object_id": own.pk, **more} if per_object else more
        for visitor in visitors.values():
            assert visitor.get(reverse(f"admin:{name}", kwargs=kwargs)).status_code in (
                200,
                302,
                400,
                403,
                404,
                405,
            )


@pytest.mark.parametrize("label", WALKED)
def test_an_anonymous_visitor_is_sent_to_log_in(label, rows, count):
    own, _ = rows
    visitor = Visitor(Client(), "anonymous")
    pages = [address(label, "changelist"), address(label, "add")]
    pages += [address(label, page, own.pk) for page in PAGES]
    for name, per_object, more in own_pages(label):
        pages.append(reverse(f"admin:{name}", kwargs={"object_id": own.pk, **more} if per_object else more))
    for page in pages:
        reply = visitor.get(page)
        assert reply.status_code == 302, page
        assert reply["Location"].startswith(reverse("admin:login")), page
    count("S4", "pages for those who have not logged in", len(pages), "wrong")


def test_the_home_page_and_each_app_show_nothing_foreign(tenant, other_tenant, visitors):
    for factory in OBJECTS.values():
        factory(tenant), factory(other_tenant)
    for visitor in visitors.values():
        assert visitor.get(reverse("admin:index")).status_code == 200
        for app in {label.split(".")[0] for label in ADMINS}:
            assert visitor.get(reverse("admin:app_list", args=[app])).status_code in (200, 404)


def test_a_platform_admin_reaches_every_row(tenant, client_for, platform_admin):
    visitor = Visitor(client_for(platform_admin), "platform admin", forbidden=None)
    for label in WALKED:
        assert visitor.get(address(label, "change", OBJECTS[label](tenant).pk)).status_code == 200


class TestTheWatchers:
    """The checks above are worth something only if they notice."""

    @pytest.mark.parametrize(
        "html",
        [
            "<script>alert(1)</script>",
            "<style>a{}</style>",
            '<p style="x">',
            '<a onclick="x()">',
            '<a href="javascript:x()">',
        ],
    )
    def test_inline_code_is_noticed(self, html):
        from tests.admin.visits import inline_code

        assert inline_code(html)

    def test_files_and_data_are_no_inline_code(self):
        from tests.admin.visits import inline_code

        assert not inline_code(
            '<script src="/x.js"></script><script type="application/json">{"a": 1}</script>'
        )

    def test_the_queues_own_pages_are_not_in_the_admin(self):
        assert not [label for label in ADMINS if label.startswith(("django_q.", "auth."))]


@pytest.mark.parametrize("label", WALKED)
def test_every_page_has_the_search_box(label, rows, visitors):
    own, _ = rows
    pages = [
        address(label, "changelist"),
        address(label, "change", own.pk),
        address(label, "history", own.pk),
    ]
    for name, per_object, more in own_pages(label):
        pages.append(
            reverse(f"admin:{name}", kwargs={**({"object_id": own.pk} if per_object else {}), **more})
        )
    seen = [(page, visitors["owner"].get(page)) for page in pages]
    whole = [(page, reply.body) for page, reply in seen if reply.status_code == 200 and "<html" in reply.body]
    assert whole or "owner" not in expected(label, "change", "view_action")
    for page, body in whole:
        assert 'id="find-everywhere"' in body, f"{page} has no search box"
