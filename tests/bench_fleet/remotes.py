"""`python -m tests.bench_fleet.remotes OPTIONS`: a ServiceTitan of its own for each merchant, all in one process.

Prints `{"url", "app_key"}` of each as a line of JSON, and serves until its input ends; the first line of input makes them
answer in 100 ms. Each is an account of its own, so that each has its own 60 calls a second. The last one is the large
merchant's.
"""

import argparse
import json
import sys
import time

from integrations.sandbox.server import start_in_thread
from integrations.sandbox.servicetitan.app import create_app

LATENCY = (0.1, 0.1)
WEEK = 7 * 86_400


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--customers", type=int, default=20)
    parser.add_argument("--large", type=int, default=20, help="customers of the last one")
    chosen = parser.parse_args()
    apps = []
    for number in range(chosen.count):
        is_last = number == chosen.count - 1
        app = create_app(
            chosen.large if is_last else chosen.customers,
            seed=number, shape="exact", lag=0.0, born=time.time() - WEEK,
        )  # fmt: skip
        app.access.app_key = f"ak1.merchant-{number}"
        apps.append(app)
        print(json.dumps({"url": start_in_thread(app).url, "app_key": app.access.app_key}), flush=True)
    print(flush=True)
    sys.stdin.readline()
    for app in apps:
        app.control.latency = LATENCY
    sys.stdin.read()


if __name__ == "__main__":
    main()
