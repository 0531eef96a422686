"""The home page and the side bar list what there is by what it is about."""

import re

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_an_app_is_cut_into_the_groups_of_its_models(client_for, owner):
    page = client_for(owner).get(reverse("admin:index")).content.decode()
    captions = re.findall(r'class="section">([^<]+)</a>', page)
    records = captions[captions.index("Tenants and people") + 1 : captions.index("Integrations")]
    assert records == [
        "Customers",
        "Work",
        "Money",
        "Buying",
        "Stock",
        "Sales",
        "Duplicates",
        "Lists and files",
    ]
    assert page.index(">Work</a>") < page.index(">Book a job</a>") < page.index(">Jobs</a>")
    assert captions[captions.index("Integrations") :] == [
        "Integrations",
        "API and webhooks",
        "Review requests",
        "Alerts",
    ]


def test_the_page_of_an_app_has_its_own_name_above_its_groups(client_for, owner):
    page = client_for(owner).get(reverse("admin:app_list", args=["reconciliation"])).content.decode()
    assert "<h1>Records</h1>" in page
    assert page.index("<h1>Records</h1>") < page.index(">Customers</a></caption>")
