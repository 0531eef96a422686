"""The floor: `requests`, one call after the other, collections that stand ready as bytes. No answer is kept."""

import json

import requests

from integrations.sandbox.salesforce.access import CLIENT_ID, CLIENT_SECRET
from tests.bench.jobs import Job, Measured, measured

KEY = "ServiceTitan_Id__c"
COLLECTION = 200
DATA = "/services/data/v62.0"
Record = dict[str, str]


def run(job: Job) -> Measured:
    bodies = [
        json.dumps({"allOrNone": False, "records": part}).encode() for part in collections(job.customers)
    ]
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token(job)}", "Content-Type": "application/json"})
    url = f"{job.org}{DATA}/composite/sobjects/Account/{KEY}"
    with measured() as found:
        for body in bodies:
            reply = session.patch(url, data=body, timeout=100)
            reply.raise_for_status()
            found.records += sum(row["success"] for row in reply.json())
    return found


def token(job: Job) -> str:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    reply = requests.post(f"{job.org}/services/oauth2/token", data=form, timeout=30)
    reply.raise_for_status()
    return reply.json()["access_token"]


def accounts(count: int) -> list[Record]:
    """Such accounts as Trunkline makes of customers."""
    return [
        {
            "Name": f"Customer {number}", "BillingStreet": f"{number} Maple St", "BillingCity": "Lynchburg",
            "BillingState": "VA", "BillingPostalCode": "24501", "BillingCountry": "USA", KEY: f"1-{number}",
        }
        for number in range(count)
    ]  # fmt: skip


def collections(count: int) -> list[list[Record]]:
    """The same, 200 a call."""
    rows = [{"attributes": {"type": "Account"}, **account} for account in accounts(count)]
    return [rows[start : start + COLLECTION] for start in range(0, count, COLLECTION)]
