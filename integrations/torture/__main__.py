"""`python -m integrations.torture SEED KILLS EDITS PROTECTED SYSTEMS POLICIES`: in a process of its own, on a scratch
database. Systems and policies are names with commas; no system is ServiceTitan beside the portal.

`manage.py torture` starts it with an environment that names one. Prints one line of progress after the other, and as
the last one the report as JSON.
"""

import json
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from integrations.torture.courses import Asked, course_of
    from integrations.torture.resting import NoRest

    call_command("migrate", verbosity=0)
    seed, kills, edits = (int(text) for text in sys.argv[1:4])
    systems, policies = (tuple(filter(None, text.split(","))) for text in sys.argv[5:7])
    asked = Asked(seed, kills, edits, sys.argv[4] == "protected", systems, policies)
    try:
        print(json.dumps(course_of(systems).run(asked, _say)), flush=True)
    except NoRest as error:
        print(json.dumps({"good": False, "stuck": str(error)}), flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
