"""What this floor hangs into the admin pages of the floors below."""

from integrations.admin import checklist
from portal import audit
from portal.panels import register_tenant_panel

_PHRASES = {
    "connection.paused": "paused {target}",
    "connection.resumed": "resumed {target}",
    "connection.relink_wanted": "marked {target} as needing new credentials",
    "sync_rule.changed": "changed the sync rule {target}",
    "mapping.changed": "changed the field mapping of {target}",
    "tenant.live": "set {target} live",
}

for _action, _phrase in _PHRASES.items():
    audit.register_action(_action, _phrase)

register_tenant_panel(10, "admin/integrations/tenant_panel.html", checklist.panel)
