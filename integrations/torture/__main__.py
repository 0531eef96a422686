"""`python -m integrations.torture SEED KILLS EDITS PROTECTED`: in a process of its own, on a scratch database.

`manage.py torture` starts it with an environment that names one. Prints one line of progress after the other, and as
the last one the report as JSON.
"""

import json
import os
import sys
from dataclasses import asdict


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from integrations.torture.running import NoRest, torture

    call_command("migrate", verbosity=0)
    seed, kills, edits = (int(text) for text in sys.argv[1:4])
    try:
        report = torture(
            seed, kills, edits, protected=sys.argv[4] == "protected", say=lambda text: print(text, flush=True)
        )
        print(json.dumps({**asdict(report), "good": report.verdict.good}), flush=True)
    except NoRest as error:
        print(json.dumps({"good": False, "stuck": str(error)}), flush=True)


if __name__ == "__main__":
    main()
