"""The demo's merchant: onboarded, connected to each of the systems, and read from them once."""

from integrations.demo import people
from integrations.demo.remotes import Remote
from integrations.demo.stage import Stage
from integrations.models import Connection
from portal.models import Tenant

SLUG, NAME = "hartwell", "Hartwell Plumbing & Air"


def ensure_merchant(stage: Stage) -> Tenant:
    """The merchant, onboarded unless an earlier run has."""
    if not Tenant.objects.filter(slug=SLUG).exists():
        stage.manage(
            "onboard", SLUG, "--name", NAME, "--timezone", "America/Chicago", "--partner", people.PARTNER_SLUG,
            why="The demo merchant could not be onboarded.", quiet=True,
        )  # fmt: skip
        stage.say(f"{NAME} onboarded.")
    return Tenant.objects.select_related("partner").get(slug=SLUG)


def connect(stage: Stage, tenant: Tenant, remote: Remote, url: str) -> None:
    """Connect the merchant, unless the connection of the last run still stands."""
    if _stands(tenant, remote, url):
        stage.say(f"{NAME} is connected already to {remote.label}.")
        return
    why = f"The demo merchant could not be connected to {remote.label}."
    stage.manage(*remote.connect(SLUG, url), said=remote.said(), quiet=True, why=why)
    stage.say(f"{NAME} connected to {remote.label}.")


def _stands(tenant: Tenant, remote: Remote, url: str) -> bool:
    """Whether the connection of an earlier run is still good."""
    connected = (Connection.Status.CONNECTED, Connection.Status.PAUSED)
    rows = Connection.objects.filter(
        tenant=tenant, system=remote.system, status__in=connected, api_url=remote.api_url(url)
    )
    wanted = {name.replace("-", "_") for name in remote.credentials}
    return any(wanted <= row.credentials.reveal().keys() for row in rows)


def sync(stage: Stage, remote: Remote, *entities: str, quiet: bool = False) -> None:
    """A sync with failed records is worth looking at in the portal, and no reason to stop the demo."""
    only = ("--entity", *entities) if entities else ()
    failed = stage.children.call("manage.py", "sync", SLUG, "--connection", remote.system, *only, quiet=quiet)
    if failed and not quiet:
        stage.say("The sync did not end well; the reasons stand above and on the merchant's page.")
