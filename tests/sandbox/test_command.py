"""`manage.py sandbox servicetitan`: starts, says how to connect, and ends when told."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "manage.py", "sandbox", "servicetitan", "--port", "0", "--customers", "5"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_credentials_that_work_and_ends_cleanly(ending):
    with subprocess.Popen(
        COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        known = dict(re.findall(r"^  (.+?)  +(\S+)$", said, re.M))
        form = {
            "grant_type": "client_credentials",
            "client_id": known["Client id"],
            "client_secret": known["Client secret"],
        }
        reply = requests.post(f"{known['API and token URL']}/connect/token", data=form, timeout=5)
        process.send_signal(ending)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert (reply.status_code, known["Tenant id"], known["App key"]) == (200, "900001", "ak1.sandbox")


def test_an_unknown_fault_is_a_plain_sentence():
    done = subprocess.run(
        [*COMMAND, "--fault", "gremlins"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "There is no fault 'gremlins'" in done.stderr
    assert "Traceback" not in done.stderr
