"""A message in the three forms in which it leaves: an e-mail's text, our own JSON, Slack's."""

from typing import Any

from django.conf import settings

from integrations.alerts.troubles import OPERATOR
from integrations.connectors.errors import Who
from integrations.models import AlertMessage

WHO_ACTS: dict[str, str] = {
    Who.RETRY_LATER: "Nobody has to act: Trunkline tries again by itself.",
    Who.FIX_CONFIGURATION: "Someone who configures this connection must act.",
    Who.FIX_RECORD: "Someone at the merchant must correct the records at their source, or retry them here.",
    Who.OUR_BUG: "Trunkline's support must act. Give them the number of this run.",
    OPERATOR: "Whoever runs this portal must act.",
}
_WHERE = "Open in Trunkline"


def link(path: str) -> str:
    """Where a person goes to mend it; the path alone where nobody told the portal its own address (PORTAL_URL)."""
    return f"{settings.PORTAL_URL.rstrip('/')}{path}"


def who_acts(message: AlertMessage, item: dict[str, Any]) -> str:
    """What is over needs nobody."""
    return "" if message.event == AlertMessage.Event.RECOVERED else WHO_ACTS.get(item["who"], "")


def text(message: AlertMessage) -> str:
    """For an e-mail: one paragraph for each item, with who must act and the page."""
    over = "It is over. It was: " if message.event == AlertMessage.Event.RECOVERED else ""
    paragraphs = []
    for item in message.items:
        lines = [item["about"], f"{over}{item['words']}" if item["words"] else ""]
        lines += [who_acts(message, item), link(item["path"]) if item["path"] else ""]
        paragraphs.append("\n".join(filter(None, lines)))
    return "\n\n".join(paragraphs) + "\n"


def document(message: AlertMessage) -> dict[str, Any]:
    """For a webhook."""
    return {
        "id": str(message.delivery),
        "event": f"alert.{message.event}",
        "at": message.created_at.isoformat(),
        "subject": message.subject,
        "items": [
            {
                "tenant": item["tenant"],
                "about": item["about"],
                "words": item["words"],
                "who": item["who"],
                "url": link(item["path"]) if item["path"] else None,
            }
            for item in message.items
        ],
    }


def slack(message: AlertMessage) -> dict[str, str]:
    """For Slack and what understands it: what is a sign there is written out in texts of ours."""
    lines = [f"*{_plain(message.subject)}*"]
    for item in message.items:
        if item["about"] != message.subject:
            lines.append(f"• {_plain(item['about'])}")
        lines += filter(None, [_plain(item["words"]), who_acts(message, item)])
        if item["path"]:
            where = link(item["path"])
            lines.append(f"<{where}|{_WHERE}>" if where.startswith("http") else where)
    return {"text": "\n".join(lines)}


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
