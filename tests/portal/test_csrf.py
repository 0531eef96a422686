"""Every address refuses a POST without the form's token, but those that know no session."""

import pytest
from django.test import Client

from tests.portal.test_second_factor import API, ROUTES

pytestmark = pytest.mark.django_db

WITHOUT_SESSION = ("/webhooks/", API)


def test_every_post_without_a_token_is_refused(platform_admin):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(platform_admin)
    refused = 0
    for path, _ in ROUTES:
        if not path.startswith(WITHOUT_SESSION):
            assert browser.post(path).status_code == 403, path
            refused += 1
    assert refused > 500
