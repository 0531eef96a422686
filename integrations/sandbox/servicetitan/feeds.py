"""Export feeds: `from` (a token of ours, a date or nothing) -> rows in order of modification, and where to go on.

A row shows only `lag` seconds after its change, unless recent changes are asked for; those come again later,
because the token never moves past the lag while the feed is at its end.
"""

import base64
from bisect import bisect_right

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import views
from integrations.sandbox.servicetitan.filters import Args, flag
from integrations.sandbox.servicetitan.replies import feed_page, invalid
from integrations.sandbox.servicetitan.resources import Resource
from integrations.sandbox.servicetitan.store import Store

Position = tuple[int, int]
START: Position = (0, 0)
LAST_ID = 2**62


def answer(store: Store, resource: Resource, args: Args, *, now: int, lag: float, size: int) -> Response:
    """One page of a resource's export feed. Raises Refused for a `from` that is neither token nor date."""
    table = store[resource.name]
    order = table.by_modification()
    position = read_position(resource.feed or "", args.get("from", ""))
    settled = now - times.from_seconds(lag)
    recent = flag(args, "includeRecentChanges")
    end = bisect_right(order, (now if recent else settled, LAST_ID))
    begin = bisect_right(order, position)
    page = order[begin : min(begin + size, end)]
    has_more = begin + size < end
    reached = page[-1] if page else position
    if not has_more and recent:
        reached = min(reached, (settled, LAST_ID))
    wanted = _wanted(resource, args)
    rows = [
        views.feed_row(table, resource, row_id)
        for _, row_id in page
        if wanted is None or table.rows[row_id].active is wanted
    ]
    return feed_page(rows, has_more, write_position(resource.feed or "", reached))


def _wanted(resource: Resource, args: Args) -> bool | None:
    """Two feeds take `active`: appointments (default Any) and appointment-assignments (default True)."""
    if resource.feed_active is None:
        return None
    value = args.get("active", resource.feed_active).lower()
    return {"true": True, "false": False}.get(value)


def write_position(feed: str, position: Position) -> str:
    return base64.urlsafe_b64encode(f"{feed}|{position[0]}|{position[1]}".encode()).decode().rstrip("=")


def read_position(feed: str, text: str) -> Position:
    """The last row already given. A date stands for everything modified at it or after."""
    if not text:
        return START
    try:
        return times.from_text(text.replace(" ", "+") if "T" in text else text) - 1, LAST_ID
    except ValueError:
        pass
    try:
        named, modified, row_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        if named == feed:
            return int(modified), int(row_id)
    except ValueError:
        pass
    raise invalid(**{"from": "The continuation token is not one of this feed."})
