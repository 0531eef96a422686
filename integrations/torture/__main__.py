"""`python -m integrations.torture ASKED`: in a process of its own, on a scratch database. What is asked is
`courses.Asked` as JSON; no system is ServiceTitan beside the portal.

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
    asked = Asked(**json.loads(sys.argv[1]))
    try:
        print(json.dumps(course_of(asked.systems, asked.boundaries).run(asked, _say)), flush=True)
    except NoRest as error:
        print(json.dumps({"good": False, "stuck": str(error)}), flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
