"""What a booking form of a merchant's website sends, and the calls around it."""

import json
from typing import Any

from django.test import Client

from integrations.api import clients
from integrations.models import ApiClient
from reconciliation.models import ReferenceItem

URL = "/api/v1/jobs"
WINDOW = {"start": "2027-03-04T09:00:00-05:00", "end": "2027-03-04T12:00:00-05:00"}
HOME = {"street": "9 Hill Rd", "city": "Lynchburg", "state": "VA", "postal_code": "24501"}


class Caller:
    """A program with its token. `post` and `get` give Django's response."""

    def __init__(self, client: ApiClient, token: str) -> None:
        self.client, self.token = client, token

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, body: Any, key: str = "", url: str = URL):
        named = {"Idempotency-Key": key} if key else {}
        text = body if isinstance(body, str) else json.dumps(body)
        return Client().post(url, text, content_type="application/json", headers={**self.headers, **named})

    def get(self, url: str):
        return Client().get(url, headers=self.headers)


def caller_for(tenant, name: str = "Website") -> Caller:
    return Caller(*clients.create(tenant, name))


def an_item(tenant, kind: str) -> ReferenceItem:
    return ReferenceItem.objects.filter(tenant=tenant, kind=kind, active=True).order_by("pk")[0]


def wanted(tenant, **changed: Any) -> dict[str, Any]:
    """A booking by somebody new."""
    return {
        "customer": {"name": "Wanda Waits", "phone": "(540) 555-0188", "email": "Wanda@Waits.example"},
        "location": {"address": HOME},
        **{kind: an_item(tenant, kind).pk for kind in ("job_type", "business_unit", "campaign")},
        "arrival_window": WINDOW,
        "summary": "No heat upstairs",
        **changed,
    }
