"""Sets the environment and loads Django; imported before anything that needs either.

That is why pyproject.toml names no settings module to pytest.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django
from cryptography.fernet import Fernet
from django.db.backends.signals import connection_created

MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of one's own is made in it
ROOM = 2**30


def in_memory() -> Path | None:
    """Where files cost no turn of the disk, if there is such a place and it has room for a test's database."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="trunkline-tests-", dir=in_memory())
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("FIELD_KEYS", Fernet.generate_key().decode())
os.environ.setdefault("INSECURE_HTTP", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()


def do_not_wait_for_the_disk(connection, **kwargs) -> None:
    """A test's database need not outlive a power cut: without this each commit costs a turn of the disk."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")


connection_created.connect(do_not_wait_for_the_disk)
