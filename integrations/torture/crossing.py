"""A torture of boundaries: worker and web server die at each boundary that they come to, so many times at each.

The route: the world of `running`, whose processes hunt (`boundaries.Hunt`) -> edits as they are worked off, and another
process for each that has died -> until each boundary that was met has had its deaths, and no new one turns up -> as
any torture: come to rest, verdict.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils import timezone

from integrations.models import AccessToken, Delivery, SyncRule
from integrations.torture.boundaries import Hunt
from integrations.torture.boundaries_in_code import unmet
from integrations.torture.checking import Verdict
from integrations.torture.resting import Say
from integrations.torture.running import FAULTS, World, come_to_rest, judged, opened
from portal import sealing
from portal.models import AuditHead

AT_ONCE = 25
"""From so many deliveries under way on nobody edits: each process lives for moments only."""
CALM = 150
"""After so many edits without a new boundary there is none to be found by these edits."""


@dataclass(slots=True)
class BoundaryReport:
    """`boundaries` has how often processes died at each, `missing` how often they have yet to; `unmet` are places that
    commit, by the code, and that no process came to."""

    seed: int
    times: int
    kills: int
    edits: int
    boundaries: Mapping[str, int]
    missing: Mapping[str, int]
    unmet: list[str]
    seconds: float
    verdict: Verdict


def torture_boundaries(
    seed: int, times: int, *, seconds: float, say: Say = lambda text: None
) -> BoundaryReport:
    """Hunts for so many seconds at most. Raises NoRest where it does not end."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="trunkline-boundaries-") as folder:
        hunt = Hunt(Path(folder), times, seed)
        with opened(seed, hunting=folder, times=times) as world:
            world.app.control.faults(*(fault for fault in FAULTS if not fault.startswith("slow")))
            sealing.each_minute()  # what happens once in a portal's life has happened
            edits = _hunted(world, hunt, began + seconds, say)
            hunt.end()
            for what in world.nursery.living:
                world.nursery.again(what)
            come_to_rest(world, say)
            found = judged(world)
        died, missing, met = hunt.died(), hunt.missing(), hunt.met()
    boundaries = {name: died[name] for name in met}
    took = time.monotonic() - began
    return BoundaryReport(
        seed, times, died.total(), edits, boundaries, missing, sorted(unmet(met)), took, found
    )


def _hunted(world: World, hunt: Hunt, until: float, say: Say) -> int:
    """Returns how many edits it took."""
    edits, since_new, met = 0, 0, 0
    moving = Delivery.moving().filter(connection=world.connection)
    while time.monotonic() < until:
        if world.nursery.mend():
            _let_go()
        if moving.count() >= AT_ONCE:
            time.sleep(0.02)
            continue
        _one(world, edits)
        edits, since_new = edits + 1, since_new + 1
        if (now := len(hunt.met())) > met:
            met, since_new = now, 0
        if edits % 25 == 0:
            missing = hunt.missing()
            say(
                f"{edits} edits, {met} boundaries, {hunt.died().total()} deaths, {sum(missing.values())} to come …"
            )
            if not missing and since_new >= CALM:
                break
        time.sleep(0.02)
    return edits


def _one(world: World, number: int) -> None:
    """An edit, or what is rare otherwise: a booking through the API, a disturbance; and an hour that passes."""
    if number % 4 == 1:
        world.editor.book()
    elif number % 4 == 3:
        world.editor.disturb(world.visitor)
    else:
        world.editor.one()
    AuditHead.objects.update(logged_at=None)


def _let_go() -> None:
    """What the dead held is free at once, or each death would cost a lease's time. Their numbers stay theirs."""
    SyncRule.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now())
    AccessToken.objects.filter(fetching_until__isnull=False).update(fetching_until=None)
