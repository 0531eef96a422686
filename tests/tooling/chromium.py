"""Where Chromium is on this machine. `python -m tests.tooling.chromium` prints it, or exits 1 where there is none."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def chromium() -> str | None:
    """The program that the browser tests drive: CHROMIUM, else the first one known by name, else None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if shutil.which(named) else None
    on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return on_path or next((app for app in MAC_APPS if Path(app).exists()), None)


if __name__ == "__main__":
    program = chromium()
    print(program or "no Chromium found")
    sys.exit(program is None)
