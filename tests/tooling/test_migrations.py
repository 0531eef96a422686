"""Migrations on a filled database: rows of an older state are there, each of them, in today's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.integrations.processes import ROOT, environment
from tests.tooling.filled import OLDER, ROWS, SECRET

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scratch(tmp_path):
    """The address of an empty database of the kind that the tests run on."""
    url = environment()["DATABASE_URL"]
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path}/filled.sqlite3"
        return
    name = f"{connection.settings_dict['NAME']}_filled"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield f"{url.rpartition('/')[0]}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_filled_database_of_an_older_state_keeps_every_row(scratch, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.tooling.filled"],
        cwd=ROOT,
        env={**os.environ, **environment(DATABASE_URL=scratch, VAR_DIR=str(tmp_path), LOG_LEVEL="ERROR")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    before, after = told["before"], told["after"]
    filled = {table: count for table, count in before.items() if count}
    assert len(filled) > 0.9 * len(before), sorted(set(before) - set(filled))
    assert {table: after.get(table) for table in filled} == filled
    secrets = {column: found for column, found in told["secrets"].items() if found}
    assert len(secrets) >= 4
    assert all(found == [SECRET] * ROWS for found in secrets.values()), secrets


def test_the_older_state_is_one_that_there_was():
    for app, name in OLDER.items():
        assert (Path(ROOT) / app / "migrations" / f"{name}.py").is_file()
