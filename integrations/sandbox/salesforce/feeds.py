"""`sobjects/X/updated` and `…/deleted`: ids of rows that changed or went between two moments."""

from werkzeug.wrappers import Response

from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.calls import Call
from integrations.sandbox.salesforce.errors import Refused
from integrations.sandbox.salesforce.replies import as_json
from integrations.sandbox.salesforce.schema import SObject

DAY = 86_400.0
UPDATED_REACH, DELETED_REACH = 30 * DAY, 15 * DAY


def answer(call: Call, sobject: SObject, which: str) -> Response:
    """Raises Refused INVALID_REPLICATION_DATE."""
    call.allow("GET")
    start, end = (_minute(call, name) for name in ("start", "end"))
    now = call.org.clock.now()
    reach = UPDATED_REACH if which == "updated" else DELETED_REACH
    if end - start < 60 or start < now - reach - 60:
        raise Refused("INVALID_REPLICATION_DATE", "start date must precede the end date and lie within reach")
    low, high = moments.to_text(start), moments.to_text(end)
    rows = [row for row in call.org.store[sobject.name].rows.values() if low <= row["SystemModstamp"] < high]
    covered = moments.to_text(min(end, now // 60 * 60))
    if which == "updated":
        return as_json(
            {"ids": [row["Id"] for row in rows if not row["IsDeleted"]], "latestDateCovered": covered}
        )
    gone = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows if row["IsDeleted"]]
    earliest = moments.to_text(now - DELETED_REACH)
    return as_json({"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": covered})


def _minute(call: Call, name: str) -> float:
    text = call.request.args.get(name, "").replace(" ", "+")
    try:
        return moments.to_seconds(text) // 60 * 60
    except ValueError:
        raise Refused("INVALID_REPLICATION_DATE", f"{name} must be an ISO 8601 date-time") from None
