"""The places that commit a transaction of their own, read out of the code, so that none is forgotten.

What is written without a transaction around it, and calls to other systems, are boundaries as well; they are known by
being met, for each goes through one place of a library (`boundaries.install`).
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("portal", "reconciliation", "integrations")
APART = ("migrations", "sandbox", "demo", "torture")
"""Folders of what is no part of the portal at work."""
_OFTEN = "part of a larger transaction wherever workers and web server of the torture come to it"
_ACT = "one act of a person or a command, whole or not at all"
_COURSES = "other systems' way out and flows: killed at random by the courses of --systems"
_RESUMED = "work in portions that its own tests interrupt and resume"
_BEYOND: Mapping[str, str] = {
    _OFTEN: """
        integrations.booking.making.book integrations.flows.owing.owe integrations.push.owing.owe
        integrations.push.storing.closed_together integrations.push.storing.together integrations.syncing.start
        reconciliation.adding.add reconciliation.editing.edit reconciliation.ingest.ingest
        reconciliation.many.add_many reconciliation.many.edit_many reconciliation.reviewing.resolve
        reconciliation.tags.set_tags
    """,
    _ACT: """
        integrations.admin.lead_sources.LeadSourcesPage.tie_lead_source integrations.admin.rules.save
        integrations.admin.syncs.go_live integrations.api.clients.create
        integrations.configuration.importing.apply integrations.configuration.importing.preview
        integrations.connecting.begin integrations.connecting.onboard
        integrations.connecting.save_credentials integrations.describing.keep_fields
        integrations.describing.read_fields integrations.flows.installing.configure
        integrations.flows.installing.install integrations.flows.installing.retry
        integrations.flows.installing.switch integrations.flows.trying.dry_run integrations.linking.finish
        integrations.mapping_versions.store integrations.own_objects.declare
        integrations.push.lead_sources.assign integrations.push.lead_sources.release
        integrations.push.retrying.edit_and_retry integrations.push.retrying.give_up
        integrations.push.retrying.replay integrations.push.retrying.retry integrations.retrying.retry
        integrations.scoping.apply integrations.scoping.leaving integrations.tables.storing.remove
        integrations.tables.storing.store portal.entrance.forms.Guessed._use portal.entrance.helping.reset_factors
        portal.entrance.throttle.give_back portal.entrance.throttle.take portal.misplaced.tell
        reconciliation.matching.candidates.ask_for reconciliation.matching.refusals.refuse
        reconciliation.merging.merge reconciliation.merging.undo
    """,
    _COURSES: """
        integrations.flows.settling.settle integrations.flows.working._one_by_one
        integrations.flows.working._portion integrations.push.accepting.note
        integrations.push.batching.Batch._write_down integrations.push.comparing._take_in
        integrations.push.converting.convert integrations.push.placing.find_lost
        integrations.push.removing._agree integrations.push.retiring._set integrations.push.tags.settle
    """,
    _RESUMED: """
        integrations.alerts.digest._owe integrations.alerts.noticing._tell_opened
        integrations.alerts.noticing._tell_recovered integrations.disconnecting._erase
        integrations.disconnecting._finish integrations.disconnecting._freeze integrations.disconnecting._wipe
        integrations.disconnecting.disconnect integrations.review_requests._release
        integrations.webhooks.inbox._follow integrations.webhooks.inbox._refuse
        integrations.webhooks.inbox._store integrations.webhooks.outbox._delivered
        integrations.webhooks.outbox._failed portal.binding.bind_column portal.binding.bind_factors
        portal.management.commands.rotate_secrets.rotate_column
        portal.management.commands.rotate_secrets.rotate_factors portal.retention._remove
        reconciliation.bulk_review._settle reconciliation.full_passes.start
        reconciliation.import_files.take_all reconciliation.matching.candidates.replace_all
        reconciliation.matching.passes._learn reconciliation.matching.store.rewrite_keys
        reconciliation.matching.store.write_counts
        reconciliation.merging_by_itself.merge_group
    """,
}
BEYOND: Mapping[str, str] = {name: why for why, names in _BEYOND.items() for name in names.split()}
"""Places that commit and that no process of `--boundaries` comes to, and why."""
_ATOMIC = {"atomic", "transaction.atomic"}


def commits() -> dict[str, str]:
    """`module.function` (or `module.Class.method`) of each `atomic`, with file and line."""
    found = {}
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None  # noqa: S101  # it is ours
        root = Path(spec.origin).parent
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root.parent).with_suffix("").parts
            if not set(APART) & set(parts):
                module = ".".join(part for part in parts if part != "__init__")
                for name, line in places(ast.parse(file.read_text())):
                    found[f"{module}.{name}"] = f"{file.relative_to(root.parent)}:{line}"
    return found


def unmet(met: Iterable[str]) -> set[str]:
    """Those that should stand in the name of a boundary, and stand in none."""
    return set(commits()) - set(BEYOND) - {name.partition("@")[2] for name in met}


def places(tree: ast.AST, within: tuple[str, ...] = (), *, inside: bool = False) -> Iterator[tuple[str, int]]:
    """Name and line of each `atomic` in a module. A function within another counts as the outer one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = within if inside else (*within, node.name)
            is_function = not isinstance(node, ast.ClassDef)
            if is_function and any(_is_atomic(decorator) for decorator in node.decorator_list):
                yield ".".join(name), node.lineno
            yield from places(node, name, inside=inside or is_function)
            continue
        if isinstance(node, ast.With) and any(_is_atomic(item.context_expr) for item in node.items):
            yield ".".join(within), node.lineno
        yield from places(node, within, inside=inside)


def _is_atomic(node: ast.AST) -> bool:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node) in _ATOMIC
