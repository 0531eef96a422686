"""Sets the environment and loads Django; imported before anything that needs either.

That is why pyproject.toml names no settings module to pytest.
"""

import atexit
import os
import shutil
import tempfile

import django
from cryptography.fernet import Fernet
from django.db.backends.signals import connection_created

if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="trunkline-tests-")
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
