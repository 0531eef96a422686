"""The keys that the demo makes for a machine that has none."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from integrations.demo.keys import ensure_keys


def settings_in(file: Path) -> dict[str, str]:
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_an_existing_file_is_never_touched(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=mine\n")
    assert ensure_keys(file, {}) is False
    assert file.read_text() == "SECRET_KEY=mine\n"


def test_keys_in_the_environment_need_no_file(tmp_path: Path):
    assert ensure_keys(tmp_path / ".env", {"SECRET_KEY": "a", "FIELD_KEYS": "b"}) is False
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize("half", ["SECRET_KEY", "FIELD_KEYS"])
def test_one_key_in_the_environment_is_not_enough(tmp_path: Path, half: str):
    assert ensure_keys(tmp_path / ".env", {half: "a"}) is True


def test_fresh_keys_are_random_usable_and_for_their_owner_alone(tmp_path: Path):
    ensure_keys(tmp_path / "one", {})
    ensure_keys(tmp_path / "two", {})
    one, two = settings_in(tmp_path / "one"), settings_in(tmp_path / "two")
    assert one["SECRET_KEY"] != two["SECRET_KEY"]
    assert len(one["SECRET_KEY"]) >= 50
    Fernet(one["FIELD_KEYS"])  # raises for what is no key
    assert one["FIELD_KEYS"] != two["FIELD_KEYS"]
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
