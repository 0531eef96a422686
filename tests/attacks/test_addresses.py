"""S26: every address that a person can type, pointed inwards; a listener on this machine sees whether anybody calls."""

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest
from django.core.exceptions import ValidationError

from integrations import connecting
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.http import HttpClient
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.salesforce import hosts as salesforce
from integrations.connectors.spec import Addresses
from integrations.connectors.transport import Call
from integrations.models import Connection, Notice, Subscription
from integrations.webhooks import addresses, outbox
from integrations.webhooks.addresses import Refused, Unreachable

ALLOWED = ["sandbox.example:8300"]
"""What the operator has allowed: something else."""
HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0x7f.1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "localhost.localdomain",
    "ip6-localhost", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%00.example.com", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[ff02::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "169.254.170.2",
    "100.64.0.1", "100.100.100.200", "192.0.0.8", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "metadata.google.internal", "192.88.99.1",
    "[fec0::1]", "[::127.0.0.1]", "[100::1]", "[5f00::1]", "[3fff::1]",
)  # fmt: skip
SHAPES = (
    "https://127.0.0.1:{port}@sandbox.example:8300/", "https://sandbox.example:8300@127.0.0.1:{port}/",
    "https://sandbox.example:8300#@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@sandbox.example:8300/",
    "https://127.0.0.1:{port}\\@sandbox.example:8300/", "https://127.0.0.1:{port}%2f@sandbox.example:8300/",
    "https://sandbox.example:8300.127.0.0.1.nip.io:{port}/", "https://sandbox.example:{port}/", "//127.0.0.1:{port}/",
    "http:127.0.0.1:{port}", "https:/127.0.0.1:{port}/", "https:///127.0.0.1:{port}/", "https://127.0.0.1:{port}?x=y",
    "https://127.0.0.1 :{port}/", "https://127.0.0.1:{port}\t/", "https://127.0.0.1:{port}\r\nHost: sandbox.example",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/",
    "unix:///run/docker.sock", "data:text/plain,x", "javascript:x", "https://[127.0.0.1]:{port}/", "https://[::1/",
    "https://127.0.0.1:99999/", "https://:{port}/", "https://", "",
)  # fmt: skip


class Trap:
    """A listener on this machine's own addresses that counts who comes."""

    def __init__(self) -> None:
        self.caught: list[object] = []
        self.listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.listener.getsockname()[1]
        self.thread = Thread(target=self.wait, daemon=True)
        self.thread.start()

    def wait(self) -> None:
        while True:
            try:
                caller, address = self.listener.accept()
            except OSError:
                return
            self.caught.append(address)
            caller.close()

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    with closing(Trap()) as found:
        yield found


def vectors(port: int) -> list[str]:
    plain = [f"{scheme}://{host}:{port}/" for host in HOSTS for scheme in ("https", "http")]
    return [*plain, *(shape.format(port=port) for shape in SHAPES)]


def test_the_trap_notices_who_comes(trap):
    for host in ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "①②⑦.⓪.⓪.①"):
        with closing(socket.create_connection((host, trap.port), timeout=5)) as called:
            called.recv(1)
    assert len(trap.caught) == 5


FORMS = {
    # what each system asks for besides the address; the address is checked whatever they are
    "servicetitan": {"tenant_id": "1", "client_id": "cid.x", "client_secret": "cs1.x", "app_key": "ak1.x"},
    "salesforce": {"way": "client_credentials", "client_id": "x", "client_secret": "x"},
    "syspro": {"operator": "TRUNK", "operator_password": "x", "company": "1"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("system", CONNECTORS)
def test_no_custom_address_of_a_system_leads_inwards(tenant, trap, system, count):
    tried = vectors(trap.port)
    for url in tried:
        for place in ("api_url", "auth_url"):
            given = {"api_url": "https://sandbox.example:8300", "auth_url": "https://sandbox.example:8300"}
            if place == "auth_url" and not url:
                continue  # left out, it is the same as the other
            with pytest.raises(ValidationError) as refused:
                connecting.save_credentials(
                    tenant,
                    system,
                    FORMS[system],
                    environment="custom",
                    allowed_hosts=ALLOWED,
                    **{**given, place: url},
                )
            assert "api_url" in refused.value.message_dict, f"{place} {url!r}: {refused.value}"
    assert not Connection.objects.exists()
    assert not trap.caught
    count("S26", f"custom addresses of {system}", 2 * len(tried) - 1, "connections", len(trap.caught))


def test_no_instance_that_a_token_names_leads_inwards(trap, count):
    """Salesforce's token says where it is to be used: an answer is trusted as little as a form."""
    more = [
        f"https://evil.example/.my.salesforce.com:{trap.port}", f"https://my.salesforce.com.evil.example:{trap.port}/",
        f"https://x.my.salesforce.com:{trap.port}/", f"https://127.0.0.1:{trap.port}/.salesforce.com",
        "https://salesforce.com.", "https://xsalesforce.com", "http://acme.my.salesforce.com",
    ]  # fmt: skip
    tried = [*vectors(trap.port), *more]
    for environment in ("production", "custom"):
        at = Addresses(
            environment, "https://sandbox.example:8300", "https://sandbox.example:8300", tuple(ALLOWED)
        )
        for url in tried:
            with pytest.raises(AddressRefused):
                salesforce.instance(url, at)
    for text in (*tried, "acme.my.salesforce.com@127.0.0.1", "acme.my.salesforce.com:80", "127.0.0.1"):
        with pytest.raises(ValueError, match="My Domain"):
            salesforce.my_domain(text)
    count(
        "S26",
        "Salesforce: instances of tokens, My Domains",
        3 * len(tried) + 3,
        "connections",
        len(trap.caught),
    )


@pytest.mark.django_db
def test_no_webhook_is_sent_inwards(tenant, trap, count, monkeypatch):
    """Not by what the form takes, nor by what the sender finds when the row was changed behind the form's back."""
    tried = vectors(trap.port)
    subscription = Subscription.objects.create(
        tenant=tenant, url="https://x.example/", events=["ping"], secret="x" * 40
    )
    reached = []
    real = addresses.post
    monkeypatch.setattr(
        addresses, "post", lambda target, *rest: (reached.append(target), real(target, *rest))[1]
    )
    for url in tried:
        with pytest.raises((Refused, Unreachable)):
            pytest.fail(f"{url!r} would be called: {addresses.checked(url, ALLOWED)}")
        Subscription.objects.filter(pk=subscription.pk).update(url=url)
        subscription.refresh_from_db()
        assert outbox.ping(subscription, None).state == Notice.State.GIVEN_UP, url
    assert (trap.caught, reached) == ([], [])
    count("S26", "webhook targets", 2 * len(tried), "connections", len(trap.caught))


def test_a_name_that_means_another_machine_later_is_called_at_the_first(trap, count):
    """Between check and call a name server may change its mind: what was checked is what is called."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    target = addresses.checked(f"https://rebound.example:{trap.port}/", [], resolve=lambda *_: next(answers))
    assert target.ip == "93.184.216.34"
    mixed = [["93.184.216.34", private] for private in ("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254")]
    for ips in mixed:
        with pytest.raises(Refused):
            addresses.checked("https://two-faced.example/", [], resolve=lambda *_, ips=ips: ips)
    assert not trap.caught
    count("S26", "names that mean several machines", 1 + len(mixed), "connections")


def test_no_redirect_leads_inwards(trap, monkeypatch, count):
    """An address that was allowed answers with one that was not."""
    from werkzeug import Request, Response

    from integrations.sandbox.server import running

    monkeypatch.delenv("HTTP_PROXY", raising=False)
    statuses = (301, 302, 303, 307, 308)
    asked = []

    @Request.application
    def leads_on(request):
        asked.append(request.path)
        where = f"http://127.0.0.1:{trap.port}/"
        return Response(
            status=int(request.path.strip("/")), headers={"Location": where, "Refresh": f"0; url={where}"}
        )

    with running(leads_on) as url:
        host = url.removeprefix("http://")
        client = HttpClient(lambda call, reply: RemoteError("fix", "redirected", str(reply.status)))
        for status in statuses:
            with pytest.raises(RemoteError, match=str(status)):
                client.send(Call("GET", f"{url}/{status}", repeatable=True), dict)
            code, _ = addresses.post(addresses.checked(f"{url}/{status}", [host]), b"{}", {})
            assert code == status
        client.close()
    assert len(asked) == 2 * len(statuses)
    assert not trap.caught
    count("S26", "redirects", 2 * len(statuses), "connections", len(trap.caught))
