"""What deploy/ starts: the three roles, each by a command that there is."""

import re
from pathlib import Path

from django.core.management import get_commands

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMMAND = re.compile(r"manage\.py (\w+)")


def started(text: str) -> set[str]:
    lines = [line for line in text.splitlines() if line.strip().startswith(("command:", "ExecStart"))]
    return set(COMMAND.findall("\n".join(lines)))


def test_compose_has_web_worker_and_tick_apart():
    text = (DEPLOY / "compose.yaml").read_text()
    services = re.findall(
        r"^  (\w+):$", text.partition("services:")[2].partition("volumes:\n  data")[0], re.M
    )
    assert {"web", "worker", "tick", "migrate"} <= set(services)
    assert {"worker", "tick", "migrate"} <= started(text) <= set(get_commands())


def test_each_role_is_a_unit_of_systemd():
    units = {unit.stem: started(unit.read_text()) for unit in (DEPLOY / "systemd").glob("*.service")}
    assert units["trunkline-worker"] == {"worker"}
    assert units["trunkline-tick"] == {"tick"}
    assert set().union(*units.values()) <= set(get_commands())
    told = (DEPLOY / "README.md").read_text()
    assert all(name in told for name in units)
