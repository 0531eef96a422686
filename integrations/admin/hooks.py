"""What this floor hangs into the admin pages of the floors below: panels, menu entries, health, words."""

from integrations.admin import checklist, configuration, flow_gallery, home, record_pages, tables
from portal import audit
from portal.access import Action
from portal.panels import register_app_entry, register_health, register_panel, register_tenant_panel
from reconciliation.admin import dedupe, merges, reviews
from reconciliation.admin.extensions import register_buttons, register_events, register_notices

_PHRASES = {
    "connection.paused": "paused {target}",
    "connection.resumed": "resumed {target}",
    "connection.relink_wanted": "marked {target} as needing new credentials",
    "sync_rule.changed": "changed the sync rule {target}",
    "flow.installed": "installed {target}",
    "flow.switched_on": "switched {target} on",
    "flow.switched_off": "switched {target} off",
    "flow.changed": "changed the settings of {target}",
    "flow.retried": "asked to look again at {note} of {target}",
    "mapping.changed": "changed the field mapping of {target}",
    "tenant.live": "set {target} live",
}
_PANELS = "admin/integrations/panels"

for _action, _phrase in _PHRASES.items():
    audit.register_action(_action, _phrase)

register_panel("Needs a person", 5, home.needs_a_person, f"{_PANELS}/needs.html", wide=True)
register_panel("Syncing now", 20, home.in_flight, f"{_PANELS}/in_flight.html")
register_panel("Records synced", 30, home.records_per_day, f"{_PANELS}/per_day.html")
register_tenant_panel(10, "admin/integrations/tenant_panel.html", checklist.panel)
register_tenant_panel(15, "admin/integrations/flows_panel.html", flow_gallery.panel)
register_tenant_panel(16, "admin/integrations/tables_panel.html", tables.panel)
register_tenant_panel(40, "admin/integrations/configuration_panel.html", configuration.panel)
register_health(home.health_of)
register_app_entry(
    "reconciliation", "BookAJob", "Book a job", "admin:integrations_connection_book", lambda request: None,
    Action.BOOK, group="Work",
)  # fmt: skip
register_app_entry(
    "integrations", "PendingReview", "Pending review", "admin:reconciliation_conflict_changelist",
    reviews.count_conflicts,
)  # fmt: skip
register_app_entry(
    "integrations", "Dedupe", "Dedupe", "admin:reconciliation_matchcandidate_changelist",
    dedupe.count_candidates,
)  # fmt: skip
register_app_entry(
    "integrations", "MergesToDo", "To merge at the source", "admin:reconciliation_merge_there",
    merges.count_tasks,
)  # fmt: skip
register_buttons(record_pages.buttons)
register_notices(record_pages.notices)
register_events(record_pages.events)
