"""`python -m integrations.torture SEED KILLS EDITS PROTECTED [SYSTEMS POLICIES]`: in a process of its own, on a scratch
database. Systems and policies are names with commas; without them it is ServiceTitan beside the portal.

`manage.py torture` starts it with an environment that names one. Prints one line of progress after the other, and as
the last one the report as JSON.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Any


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from integrations.torture.resting import NoRest

    call_command("migrate", verbosity=0)
    seed, kills, edits = (int(text) for text in sys.argv[1:4])
    protected = sys.argv[4] == "protected"
    try:
        if len(sys.argv) > 5:
            found = _of_sides(sys.argv[5].split(","), sys.argv[6].split(","), seed, kills, edits, protected)
        else:
            found = _of_two(seed, kills, edits, protected)
        print(json.dumps(found), flush=True)
    except NoRest as error:
        print(json.dumps({"good": False, "stuck": str(error)}), flush=True)


def _of_two(seed: int, kills: int, edits: int, protected: bool) -> dict[str, Any]:
    from integrations.torture.running import torture

    report = torture(seed, kills, edits, protected=protected, say=_say)
    return {**asdict(report), "good": report.verdict.good}


def _of_sides(
    systems: list[str], policies: list[str], seed: int, kills: int, edits: int, protected: bool
) -> dict[str, Any]:
    from integrations.torture.sides import torture_sides

    reports = []
    for policy in policies:
        _say(f"Policy {policy} …")
        reports.append(torture_sides(systems, policy, seed, kills, edits, protected=protected, say=_say))
    good = all(report.verdict.good for report in reports)
    return {"good": good, "systems": systems, "policies": [asdict(report) for report in reports]}


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
