"""What deploy/systemd's watchdog looks at: /readyz, while the worker cluster beats and when it has fallen silent."""

import shlex
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations.schedule import LATE, beat

UNIT = Path(__file__).resolve().parents[2] / "deploy/systemd/trunkline-watchdog.service"


def would_restart(answer: bytes) -> bool:
    """Whether the unit's own pattern, as a shell hands it to grep, finds the worker in the answer."""
    text = UNIT.read_text().replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    script = shlex.split(line)[-1].replace("$$", "$").replace("%%", "%")
    grep = script.partition("| ")[2].partition(" &&")[0]
    return subprocess.run(["/bin/sh", "-c", grep], input=answer, check=False).returncode == 0


@pytest.mark.django_db
def test_a_silent_cluster_is_not_ready_and_is_restarted(client):
    beat(timezone.now() - LATE - timedelta(seconds=1))
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert would_restart(reply.content)


@pytest.mark.django_db
def test_a_beating_cluster_is_left_alone(client):
    beat(timezone.now())
    reply = client.get("/readyz")
    assert reply.status_code == 200
    assert not would_restart(reply.content)
