import csv
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command, get_commands

from portal.models import AuditEntry
from tests.reconciliation import shop


def test_the_command_is_ours_and_not_the_one_of_a_library():
    assert get_commands()["export"] == "reconciliation"


def test_an_unknown_tenant_is_answered_with_those_there_are(tenant, tmp_path):
    with pytest.raises(CommandError, match=r"no tenant “hartwel”.*hartwell"):
        call_command("export", "hartwel", "customer", output=str(tmp_path / "x.csv"))


def test_an_unknown_entity_is_answered_with_those_there_are_and_writes_nothing(tenant, tmp_path):
    with pytest.raises(CommandError, match=r"no entity “customers”.*customer, location"):
        call_command("export", "hartwell", "customers", output=str(tmp_path / "x.csv"))
    assert list(tmp_path.iterdir()) == []
    assert not AuditEntry.objects.exists()


def test_a_folder_that_is_not_there_is_said_plainly(tenant, tmp_path):
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("export", "hartwell", "customer", output=str(tmp_path / "missing" / "x.csv"))


def test_a_failure_leaves_the_file_of_before(tenant, tmp_path, monkeypatch):
    target = tmp_path / "customers.csv"
    target.write_text("yesterday's")

    def out_of_space(tenant, entity, form, stream, **how):
        stream.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("reconciliation.management.commands.export.export", out_of_space)
    with pytest.raises(CommandError, match="No space left"):
        call_command("export", "hartwell", "customer", output=str(target))
    assert [path.name for path in tmp_path.iterdir()] == ["customers.csv"]
    assert target.read_text() == "yesterday's"


def test_it_writes_the_file_and_says_how_many_rows(tenant, tmp_path, capsys):
    shop.customer(tenant, "Ana")
    target = tmp_path / "customers.csv"
    call_command("export", "hartwell", "customer", output=str(target))
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["Ana"]
    assert "1 row of customer" in capsys.readouterr().out


def test_the_format_follows_the_name_of_the_file(tenant, tmp_path, capsys):
    shop.customer(tenant, "Ana")
    target = tmp_path / "customers.json"
    call_command("export", "hartwell", "customer", output=str(target), json=True)
    assert json.loads(target.read_text())[0]["name"] == "Ana"
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "tenant": "hartwell",
        "entity": "customer",
        "format": "json",
        "rows": 1,
        "output": str(target),
    }


def test_standard_output_carries_the_file_alone(tenant, capsysbinary):
    shop.customer(tenant, "Ana")
    call_command("export", "hartwell", "customer", format="json", output="-")
    captured = capsysbinary.readouterr()
    assert json.loads(captured.out)[0]["name"] == "Ana"
    assert b"1 row of customer" in captured.err


def test_every_export_is_in_the_audit_trail(tenant, tmp_path):
    call_command("export", "hartwell", "invoice", format="xlsx", output=str(tmp_path / "invoices.xlsx"))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.tenant) == ("records.exported", tenant)
    assert "invoice" in entry.note and "Excel" in entry.note


def test_a_failure_is_an_exit_code_for_scripts():
    done = subprocess.run(
        [sys.executable, "manage.py", "export", "nobody", "customer", "--format", "pdf", "--output", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "invalid choice" in done.stderr
