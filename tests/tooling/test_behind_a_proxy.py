"""What deploy/nginx.conf promises the portal, and what the portal makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.middleware import ProxyAddressMiddleware

ROOT = Path(__file__).resolve().parents[2]
MIDDLEWARE = "portal.middleware.ProxyAddressMiddleware"


def address_seen(**headers: str) -> str:
    seen = []

    def view(request):
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    ProxyAddressMiddleware(view)(RequestFactory().get("/", headers=headers))
    return seen[0]


@pytest.mark.parametrize("nonsense", ["", "unknown", "203.0.113.7:4711", "<script>"])
def test_without_a_usable_header_the_proxys_own_address_stands(nonsense: str):
    assert address_seen(**{"X-Forwarded-For": nonsense}) == "127.0.0.1"


def test_an_address_that_the_caller_made_up_does_not_hide_the_one_the_proxy_saw():
    assert address_seen(**{"X-Forwarded-For": "10.0.0.1, 203.0.113.7"}) == "203.0.113.7"


def test_an_ipv6_address_is_kept():
    assert address_seen(**{"X-Forwarded-For": "2001:db8::7"}) == "2001:db8::7"


@pytest.mark.parametrize(("behind", "trusted"), [("0", False), ("1", True)])
def test_the_header_is_trusted_only_behind_a_proxy(behind: str, trusted: bool):
    code = f"from portal import settings; print({MIDDLEWARE!r} in settings.MIDDLEWARE)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "BEHIND_TLS_PROXY": behind},
        text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert said.strip() == str(trusted)


def test_the_nginx_example_overwrites_what_the_caller_sent():
    config = (ROOT / "deploy/nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in config
    assert "$proxy_add_x_forwarded_for" not in config
    assert config.count("proxy_set_header X-Forwarded-Proto https;") == config.count("proxy_pass http://")
