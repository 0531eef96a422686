"""Faults of the wire, which are the same whatever system is stood in for."""

import time

from werkzeug.wrappers import Request, Response

from integrations.sandbox.faults import Fault
from integrations.sandbox.server import ABORT


def before(fault: Fault, request: Request) -> Response | None:
    """A reset stands in for the call; one that is slow goes on after its while, as does any other."""
    if fault.name == "reset":
        request.environ[ABORT] = "reset"
        return Response(b"", 200)
    if fault.name == "slow":
        time.sleep(1.0 if fault.argument is None else fault.argument)
    return None
