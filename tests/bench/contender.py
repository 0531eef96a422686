"""`python -m tests.bench.contender NAME` with a job as JSON on its input: does it, prints what it measured."""

import importlib
import json
import sys

from tests.bench.jobs import Job, to_json

if __name__ == "__main__":
    given = json.load(sys.stdin)
    job = Job(**{**given, "entities": tuple(given["entities"])})
    print(to_json(importlib.import_module(f"tests.bench.{sys.argv[1]}").run(job)))
