"""The two settings without a default, made once for this machine. Needs no Django: it runs before the settings load."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from integrations.demo.remotes import REMOTES
from integrations.demo.state import HOST

ENV_FILE = Path(__file__).resolve().parents[2] / ".env"
SANDBOXES = ",".join(f"{HOST}:{remote.port}" for remote in REMOTES)

TEXT = """\
# Made by `make demo` for this machine alone; .env.example explains every setting.
SECRET_KEY={secret_key}
FIELD_KEYS={field_key}
# Right for a demo, wrong for production:
INSECURE_HTTP=1
MFA_REQUIRED=0
CUSTOM_API_HOSTS={sandboxes}
"""


def ensure_keys(env_file: Path = ENV_FILE, environment: Mapping[str, str] = os.environ) -> bool:
    """Write `env_file` with fresh keys, unless there is one or the environment has both keys. True if it was written."""
    if env_file.exists() or (environment.get("SECRET_KEY") and environment.get("FIELD_KEYS")):
        return False
    text = TEXT.format(
        secret_key=secrets.token_urlsafe(50), field_key=Fernet.generate_key().decode(), sandboxes=SANDBOXES
    )
    env_file.touch(mode=0o600, exist_ok=False)
    env_file.write_text(text)
    return True


if __name__ == "__main__":
    if ensure_keys():
        print(f"Wrote {ENV_FILE} with fresh keys.")
