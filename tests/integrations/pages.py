"""What tests of the pages share: addresses by name, a page's words, and the messages a person was given."""

import html
import re

from django.contrib.messages import get_messages
from django.urls import reverse


def at(name, *args, **query):
    """`at("connection_scope", 1)` -> /admin/integrations/connection/1/scope/"""
    address = reverse(f"admin:integrations_{name}", args=args)
    return address + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def words(reply):
    """A page as a person reads it: no tags, no repeated blanks."""
    body = reply.content.decode()
    body = re.sub(r"<(script|style).*?</\1>", " ", body, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def said(reply):
    """The messages that the reply's request left, as one text."""
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def good_credentials(sandbox, **changed):
    """What a person types in to connect to the sandbox."""
    return {
        "environment": "custom",
        "api_url": sandbox.url,
        "auth_url": "",
        "tenant_id": "900001",
        "client_id": "cid.sandbox",
        "client_secret": "cs1.sandbox",
        "app_key": "ak1.sandbox",
        **changed,
    }
