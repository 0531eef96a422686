"""The peer: `simple-salesforce`, as its users write. Acts: `collections` (200 a call), `bulk` (its bulk2), `singly`."""

from simple_salesforce import Salesforce

from tests.bench.jobs import Job, Measured, measured
from tests.bench.push.floor import KEY, accounts, collections, token

SINGLY = 2_000
"""One call a record takes long and shows the same rate however many there are."""


def run(job: Job) -> Measured:
    sf = client(job)
    return {"collections": _collections, "bulk": _bulk, "singly": _singly}[job.act](sf, job)


def client(job: Job) -> Salesforce:
    """It speaks https alone: its addresses are set back, so that it pays no more for its calls than the others."""
    sf = Salesforce(session_id=token(job), instance_url=job.org, version="62.0")
    sf.base_url, sf.bulk2_url = plain(sf.base_url), plain(sf.bulk2_url)
    return sf


def plain(url: str) -> str:
    return url.replace("https://", "http://")


def _collections(sf: Salesforce, job: Job) -> Measured:
    parts = collections(job.customers)
    with measured() as found:
        for records in parts:
            answers = sf.restful(
                f"composite/sobjects/Account/{KEY}",
                method="PATCH",
                json={"allOrNone": False, "records": records},
            )
            found.records += sum(answer["success"] for answer in answers)
    return found


def _bulk(sf: Salesforce, job: Job) -> Measured:
    records = accounts(job.customers)
    with measured() as found:
        jobs = sf.bulk2.Account.upsert(records=records, external_id_field=KEY, wait=0.5)
        found.records = sum(one["numberRecordsProcessed"] - one["numberRecordsFailed"] for one in jobs)
    return found


def _singly(sf: Salesforce, job: Job) -> Measured:
    records, account = accounts(min(SINGLY, job.customers)), sf.Account
    account.base_url = plain(account.base_url)
    with measured() as found:
        for record in records:
            account.upsert(f"{KEY}/{record.pop(KEY)}", record)
        found.records = len(records)
    return found
