"""SYSPRO connected in a browser: two addresses, an operator, and what the test found."""

import pytest

from integrations.models import Connection
from tests.browser.test_salesforce import look
from tests.integrations.conftest import found_company, syspro  # noqa: F401  # fixtures shared with the syncs' tests

pytestmark = pytest.mark.django_db(transaction=True)


def filled(page, company, **changed):
    """The form with what the company's administrator gave."""
    values = {**company.credentials, **changed}
    page.get_by_label("e.net address").fill(company.api_url)
    page.get_by_label("OData address").fill(company.auth_url)
    for label, name in (
        ("Operator", "operator"),
        ("Operator's password", "operator_password"),
        ("Company", "company"),
        ("Company password (optional)", "company_password"),
        ("OData user (optional)", "odata_user"),
        ("OData password (optional)", "odata_password"),
    ):
        page.get_by_label(label, exact=True).fill(values[name])
    page.get_by_role("button", name="Save and test").click()


def test_a_wrong_password_is_said_and_the_right_one_connects(visit, owner, tenant, syspro):  # noqa: F811
    page = visit(owner, width=390)
    page.goto(f"/admin/integrations/connection/add/?tenant={tenant.pk}&system=syspro")
    assert page.get_by_label("The company's own server").is_checked()
    assert not page.get_by_label("Posting period").is_visible()
    filled(page, syspro, operator_password="wrong-one")
    page.get_by_text("Invalid operator password").first.wait_for()
    assert "wrong-one" not in page.content()
    page.goto(f"/admin/integrations/connection/{Connection.objects.get().pk}/credentials/")
    assert page.get_by_label("e.net address").input_value() == syspro.api_url
    page.get_by_label("Operator's password", exact=True).fill(syspro.credentials["operator_password"])
    page.get_by_text("More settings").click()
    look(page, "syspro-form")
    page.get_by_role("button", name="Save and test").click()
    page.get_by_text("Connected").first.wait_for()
    look(page, "syspro-tested")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert Connection.objects.get().status == "connected"
