"""Addresses: the systems' own, and custom ones from the allow-list alone."""

import pytest

from integrations.connectors.hosts import AddressRefused
from integrations.connectors.registry import CONNECTORS

ADDRESS = CONNECTORS["servicetitan"].check_address
ALLOWED = ["127.0.0.1:8001", "sandbox.test:443"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.0.0.1:8002",
        "http://127.0.0.1",
        "http://localhost:8001",
        "http://127.1:8001",
        "http://2130706433:8001",
        "http://0x7f.0.0.1:8001",
        "http://0177.0.0.1:8001",
        "http://[::ffff:127.0.0.1]:8001",
        "http://127.0.0.1.evil.test:8001",
        "http://127.0.0.1:8001@evil.test",
        "http://evil.test#@127.0.0.1:8001",
        "http://evil.test\\@127.0.0.1:8001",
        "http://user:pass@127.0.0.1:8001",
        "http://127.0.0.1:8001/?x=1",
        "http://127.0.0.1:8001/#x",
        "http://127.0.0.1:8001/admin",
        "http://127.0.0.1:8001/..;/",
        "http://127.0.0.1:8001\n.evil.test",
        "http://127.0.0.1:8001 ",
        "http://127.0.0.1%00.evil.test:8001",
        "http://127。0。0。1:8001",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://169.254.169.254:80",
        "http://[::1",
        "https:///x",
        "ftp://127.0.0.1:8001",
        "file:///etc/passwd",
        "gopher://127.0.0.1:8001",
        "//127.0.0.1:8001",
        "127.0.0.1:8001",
        "http://sandbox.test.:443",
    ],
)
def test_an_address_beyond_the_allow_list_is_refused(url):
    with pytest.raises(AddressRefused):
        ADDRESS("custom", api_url=url, auth_url="http://127.0.0.1:8001", allowed=ALLOWED)
    if url:  # the token address may be left out: it is then the API's
        with pytest.raises(AddressRefused):
            ADDRESS("custom", api_url="http://127.0.0.1:8001", auth_url=url, allowed=ALLOWED)


def test_without_an_allow_list_no_custom_address_is_allowed_and_the_error_says_how():
    with pytest.raises(AddressRefused, match=r"adds 127\.0\.0\.1:8001 to .*CUSTOM_API_HOSTS"):
        ADDRESS("custom", api_url="http://127.0.0.1:8001")


def test_an_unknown_environment_is_refused_with_the_known_ones():
    with pytest.raises(AddressRefused, match="production, integration, custom"):
        ADDRESS("staging")


def test_custom_addresses_count_for_the_custom_environment_alone():
    hosts = ADDRESS("production", api_url="http://127.0.0.1:8001", allowed=ALLOWED)
    assert hosts.api_url == "https://api.servicetitan.io"
    assert hosts.token_url == "https://auth.servicetitan.io/connect/token"


@pytest.mark.parametrize(
    ("api", "auth"),
    [
        ("http://127.0.0.1:8001", ""),
        ("http://127.0.0.1:8001/", "http://127.0.0.1:8001/"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/connect/token"),
    ],
)
def test_an_allowed_address_is_taken(api, auth):
    hosts = ADDRESS("custom", api_url=api, auth_url=auth, allowed=ALLOWED)
    assert (hosts.api_url, hosts.token_url) == (
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8001/connect/token",
    )


def test_the_default_port_is_the_scheme_s():
    assert (
        ADDRESS("custom", api_url="https://Sandbox.test", allowed=ALLOWED).api_url
        == "https://sandbox.test:443"
    )
