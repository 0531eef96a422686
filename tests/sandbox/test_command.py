"""`manage.py sandbox SYSTEM`: starts, says how to connect, and ends when told."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
SANDBOX = [sys.executable, "manage.py", "sandbox"]
COMMAND = [*SANDBOX, "servicetitan", "--port", "0", "--customers", "5"]


def what_it_says(process):
    """The lines of the announcement by their names."""
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        said += line
    return dict(re.findall(r"^  (.+?)  +(\S+)$", said, re.M))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_credentials_that_work_and_ends_cleanly(ending):
    with subprocess.Popen(
        COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        known = what_it_says(process)
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


def test_salesforce_is_served_over_tls_with_a_certificate_to_trust(tmp_path):
    options = ["salesforce", "--port", "0", "--tls", "--accounts", "2", "--used", "7"]
    with subprocess.Popen(
        [*SANDBOX, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "VAR_DIR": str(tmp_path)},
    ) as process:
        known = what_it_says(process)
        form = {
            "grant_type": "client_credentials",
            "client_id": known["Client id"],
            "client_secret": known["Client secret"],
        }
        url, trusted = known["Log-in and API URL"], known["Certificate to trust"]
        token = requests.post(f"{url}/services/oauth2/token", data=form, timeout=5, verify=trusted).json()
        reply = requests.get(
            f"{token['instance_url']}/services/data/v62.0/query?q=SELECT+COUNT()+FROM+Account",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            timeout=5,
            verify=trusted,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (url[:8], reply.json()["totalSize"]) == ("https://", 2)
    assert reply.headers["Sforce-Limit-Info"] == "api-usage=8/100000"
    assert str(tmp_path) in trusted


def test_syspro_prints_what_a_connection_is_given():
    options = ["syspro", "--port", "0", "--suppliers", "2", "--long-tokens", "--framing", "json"]
    with subprocess.Popen(
        [*SANDBOX, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        known = what_it_says(process)
        query = {
            "Operator": known["Operator"],
            "OperatorPassword": known["Operator password"],
            "CompanyId": known["Company"],
            "CompanyPassword": known["Company password"],
        }
        token = requests.get(f"{known['e.net URL']}/Logon", params=query, timeout=5).json()
        rows = requests.get(
            f"{known['OData URL']}/{known['Company']}/ApSupplier",
            auth=(known["OData user"], known["OData password"]),
            timeout=5,
        ).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (len(token), len(rows["value"])) == (72, 2)
