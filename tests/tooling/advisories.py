"""`python -m tests.tooling.advisories FILE [--reachable]`: known holes in pinned packages, by pip-audit.

pip-audit ends well where it could look nothing up: so what it looked at is counted here, and must be everything.
`--reachable` only says by its exit code whether one package that is known to every index could be looked up.
"""

import json
import subprocess
import sys
from pathlib import Path


def report(requirements: str, *, seconds: int = 300) -> list[dict]:
    """What pip-audit says of each package."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "-r",
        requirements,
        "--no-deps",
        "--disable-pip",
        "-f",
        "json",
    ]
    found = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    try:
        return json.loads(found.stdout)["dependencies"]
    except (ValueError, KeyError):
        sys.stderr.write(found.stderr[-2000:])
        return []


def main(requirements: str, *options: str) -> int:
    lines = [
        line.split("#")[0].strip() for line in Path(requirements).read_text(encoding="utf-8").splitlines()
    ]
    pinned = [line for line in lines if "==" in line]
    try:
        found = report(requirements, seconds=60 if options else 300)
    except subprocess.TimeoutExpired:
        found = []
    looked_at = [one for one in found if "skip_reason" not in one]
    if "--reachable" in options:
        return 0 if looked_at else 1
    for one in looked_at:
        for hole in one["vulns"]:
            print(
                f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
            )
    print(f"{len(looked_at)} of {len(pinned)} packages were looked up.")
    holes = any(one["vulns"] for one in looked_at)
    return 1 if holes or len(looked_at) < len(pinned) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
