"""`python -m integrations.demo`: makes the keys if there are none, then becomes `manage.py demo`."""

import os
import sys

from integrations.demo.keys import ENV_FILE, ensure_keys

if ensure_keys():
    print(f"Wrote {ENV_FILE} with fresh keys.", flush=True)
os.environ["INSECURE_HTTP"] = "1"
os.chdir(ENV_FILE.parent)
os.execv(sys.executable, [sys.executable, "manage.py", "demo", *sys.argv[1:]])  # noqa: S606  (our own program)
