"""The merchant's side: a look-alike of Settings > Integrations > API Application Access.

A convenience of the sandbox, no protocol: ServiceTitan has no redirect and no callback. The merchant's admin
allows the app here, is shown a client id and (once) a secret, and types both into the integrating app.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from html import escape

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox.pages import POLICY, Look, style
from integrations.sandbox.servicetitan.access import Access, Client

APP = "Trunkline"
LOOK = Look(
    style="/admin/style.css",
    where="inside ServiceTitan",
    way='<nav aria-label="Where you are">Settings &rsaquo; Integrations &rsaquo; '
    '<a href="/admin/">API Application Access</a></nav>',
    policy=f"{POLICY}; form-action 'self'",
)
MODULES = {
    "acc": "Accounting", "crm": "Customer relations", "csi": "Customer interactions", "dis": "Dispatch",
    "eqs": "Equipment", "jpm": "Job planning", "mem": "Memberships", "mrep": "Marketing reputation",
    "mrk": "Marketing", "sal": "Sales", "stt": "Settings",
}  # fmt: skip


def answer(access: Access, request: Request) -> Response:
    parts = request.path.strip("/").split("/")[1:]
    if parts == ["style.css"]:
        return style()
    if request.method == "POST":
        return _act(access, parts)
    if parts == ["connect"]:
        return LOOK.page("Connect New App", _consent(access))
    if not parts:
        return LOOK.page("API Application Access", _overview(access, request))
    return LOOK.page("Not found", "<p>There is no such page.</p>", 404)


def _act(access: Access, parts: list[str]) -> Response:
    if parts == ["allow"]:
        client, secret = access.allow()
        return LOOK.page(f"{APP} is connected", _shown_once(access, client, secret))
    if parts == ["decline"]:
        return redirect("/admin/?declined=1", 303)
    if len(parts) == 3 and parts[0] == "apps" and parts[1] in access.clients and parts[2] in ACTS:
        client = access.clients[parts[1]]
        if parts[2] == "secret":
            return LOOK.page("New client secret", _shown_once(access, client, access.new_secret(client.id)))
        ACTS[parts[2]](access, client)
        return redirect("/admin/", 303)
    return LOOK.page("Not found", "<p>There is no such page.</p>", 404)


def _disable(access: Access, client: Client) -> None:
    client.enabled = False


def _enable(access: Access, client: Client) -> None:
    client.enabled = True


ACTS: Mapping[str, Callable[[Access, Client], object]] = {
    "disable": _disable,
    "enable": _enable,
    "upgrade": lambda access, client: access.upgrade(client.id),
    "secret": lambda access, client: None,
}


def _overview(access: Access, request: Request) -> str:
    declined = f"<p>You declined {APP}. Nothing was connected.</p>" if "declined" in request.args else ""
    apps = "".join(_app(access, client) for client in access.clients.values())
    values = _values({"Tenant ID": str(access.tenant), "App key": access.app_key})
    return f'{declined}{values}<a class="button" href="/admin/connect">Connect New App</a><h2>Connected apps</h2>{apps}'


def _app(access: Access, client: Client) -> str:
    old = client.version < access.app_version
    about = _values(
        {
            "Client ID": client.id,
            "Status": "Enabled" if client.enabled else "Disabled",
            "Version": f"{client.version} (version {access.app_version} is available)"
            if old
            else str(client.version),
            "Scopes": str(len(client.scopes)),
        }
    )
    where = f"/admin/apps/{escape(client.id)}"
    upgrade = _button(f"{where}/upgrade", "Upgrade to New Version", "main") if old else ""
    switch = (
        _button(f"{where}/disable", "Disable", "bad")
        if client.enabled
        else _button(f"{where}/enable", "Enable", "main")
    )
    secret = _button(f"{where}/secret", "Generate client secret", "")
    return f'<section class="app"><h2>{APP}</h2>{about}{upgrade}{switch}{secret}</section>'


def _consent(access: Access) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for scope in access.app_scopes:
        _, module, resource = scope.split(".", 2)
        name, _, verb = resource.partition(":")
        groups[MODULES.get(module, module)].append(f"{name} ({'read' if verb == 'r' else 'write'})")
    lists = "".join(
        f'<h2>{escape(module)}</h2><ul class="scopes">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'
        for module, lines in sorted(groups.items())
    )
    ask = f"<p><strong>{APP}</strong> asks for access to your account:</p>"
    return (
        ask + lists + _button("/admin/allow", "Allow", "main") + _button("/admin/decline", "Decline", "bad")
    )


def _shown_once(access: Access, client: Client, secret: str) -> str:
    values = {
        "Tenant ID": str(access.tenant),
        "Client ID": client.id,
        "Client secret": secret,
        "App key": access.app_key,
    }
    advice = f"<p>Copy these into {APP} now. The client secret is not shown again.</p>"
    return f'{advice}{_values(values)}<a class="button" href="/admin/">Done</a>'


def _values(values: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items())
    return f"<dl>{rows}</dl>"


def _button(where: str, text: str, kind: str) -> str:
    return f'<form method="post" action="{where}"><button class="{kind}">{escape(text)}</button></form>'
