"""The part of an import that is about a flow: its settings with records found by name, and whether it is on."""

from typing import Any

from integrations.configuration.document import FlowPart
from integrations.configuration.exporting import outward
from integrations.flows import installing
from integrations.flows.base import FlowSpec, Setting
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow
from portal import audit
from portal.models import Tenant, User
from reconciliation.entities import ENTITIES


def take_flow(
    tenant: Tenant, name: str, part: FlowPart, user: User | None, problems: list[str], todo: list[str]
) -> None:
    """One that is not ready yet is kept with its settings, switched off; a person switches it on."""
    spec = FLOWS.get(name)
    if spec is None:
        problems.append(f"flows > {name}: there is no such flow.")
        return
    flow = Flow.objects.filter(tenant=tenant, name=name).first()
    known = {setting.name: setting for setting in spec.settings}
    if unknown := sorted(set(part.settings) - set(known)):
        problems.append(f"flows > {name}: it has no settings {', '.join(unknown)}.")
        return
    stored = {key: _inward(known[key], value, tenant, spec, todo) for key, value in part.settings.items()}
    same = flow is not None and _outward(spec, flow) == part.settings
    if flow is None:
        flow = Flow.objects.create(
            tenant=tenant, name=name, settings=stored, enabled=False, installed_by=user
        )
        audit.record("flow.changed", flow, actor=user, tenant=tenant)
    elif not same:
        installing.configure(flow, spec, stored, flow.since, user=user)
    if part.enabled != flow.enabled:
        try:
            installing.switch(flow, spec, part.enabled, user=user)
        except installing.NotReady as error:
            todo.append(f"{spec.title}: switch it on once it is ready. {error}")


def _outward(spec: FlowSpec, flow: Flow) -> dict[str, Any]:
    known = {setting.name: setting for setting in spec.settings}
    return {
        name: outward(known[name], value, flow.tenant) if name in known else value
        for name, value in flow.settings.items()
    }


def _inward(setting: Setting, value: Any, tenant: Tenant, spec: FlowSpec, todo: list[str]) -> Any:
    if setting.kind == "reference":
        return _record(setting, setting.refers_to, value, tenant, spec, todo)
    if setting.kind == "pairs":
        pairs = value.items() if isinstance(value, dict) else ()
        found = {
            _record(setting, setting.each, key, tenant, spec, todo): _record(
                setting, setting.refers_to, name, tenant, spec, todo
            )
            for key, name in pairs
        }
        return {str(key): pk for key, pk in found.items() if key and pk}
    return value


def _record(
    setting: Setting, entity: str, name: Any, tenant: Tenant, spec: FlowSpec, todo: list[str]
) -> int | None:
    """The one record of this name; where there is none, or several, a person chooses."""
    if not name:
        return None
    kind = ENTITIES[entity]
    rows = kind.objects.filter(tenant=tenant, active=True, **kind.constants)
    found = [row.pk for row in rows if str(row) == name]
    if len(found) == 1:
        return int(found[0])
    todo.append(f"{spec.title}: choose {setting.label.lower()} (it was “{name}”).")
    return None
