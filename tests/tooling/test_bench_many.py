"""Small runs of the benchmarks of many merchants and many pages: they measure, and say what they met."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def run(module: str, *options: str) -> dict:
    """What a benchmark prints, on a database of its own beside the tests'."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.{module}", *options, "--json"],
        cwd=ROOT, env=os.environ, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_each_page_of_the_admin_is_opened_and_answers():
    found = run("bench_admin", "--customers", "60", "--times", "2", "--people", "admin")
    pages = {row["page"]: row for row in found["pages"]}
    assert {row["status"] for row in pages.values()} == {200}
    assert {"a customer", "list of jobs", "customers by phone", "home"} <= pages.keys()


@pytest.mark.skipif(settings.ON_SQLITE, reason="several hosts share a PostgreSQL")
def test_what_is_due_is_found_among_many_merchants():
    found = run("bench_fleet", "--fleet", "40", "--scenarios", "decisions")
    assert [row["looked_at"] for row in found["decisions"]] == [0, 10, 100, 500]
