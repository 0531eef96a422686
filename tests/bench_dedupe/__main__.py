"""`make bench-dedupe`: see `--help`."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.bench import machine
from tests.bench_dedupe.sets import FEBRL

ROOT = Path(__file__).resolve().parents[2]
HEAD = "set         who      precision  recall      F1     pairs  seconds    CPU s  peak MB  merge band"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-dedupe", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="generated customers; empty for none")
    parser.add_argument("--febrl", default=",".join(FEBRL), help="FEBRL sets; empty for none")
    parser.add_argument("--contenders", default="ours,splink,exact")
    parser.add_argument(
        "--latency", type=int, default=0, metavar="N", help="score single customers among N, too"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    return parser.parse_args()


def run(*arguments: str) -> tuple[str, dict[str, float]]:
    """A contender's process: what it printed, the most memory that it and its children held at once, in MB, and the
    seconds of processor time that they took, loading included: what others do on the machine changes those little.
    """
    before = _spent()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _held(process.pid))
        time.sleep(0.3)
    output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return output, {"peak_mb": peak / 1e6, "cpu_seconds": _spent() - before}


def _spent() -> float:
    """Processor seconds of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _held(pid: int) -> int:
    """Pages that forked processes share are counted once."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(member.memory_full_info().pss for member in family)
    except psutil.Error:
        return 0


def line(name: str, who: str, found: dict[str, Any]) -> str:
    merge = (
        f"{found['merge_precision']:.5f} of {found['merge_recall']:.0%}" if "merge_precision" in found else ""
    )
    return (
        f"{name:<12}{who:<8}{found['precision']:>10.4f}{found['recall']:>8.4f}{found['f1']:>8.4f}{found['pairs']:>10,}"
        f"{found['seconds']:>9.1f}{found['cpu_seconds']:>9.1f}{found['peak_mb']:>9,.0f}  {merge}"
    )


def missed(found: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    """The goals that this run misses, in words."""
    wrong = []
    for name, least in (("100000", 0.975), ("1000000", 0.96)):
        mine = found.get((name, "ours"))
        if mine and mine["f1"] < least:
            wrong.append(f"F1 at {name} is {mine['f1']:.4f}; the goal is {least}")
        if mine and mine["merge_precision"] < 0.999:
            wrong.append(f"precision of the merge band at {name} is {mine['merge_precision']:.5f}")
    for (name, who), peer in found.items():
        mine = found.get((name, "ours"))
        if mine and who != "ours" and mine["f1"] <= peer["f1"]:
            wrong.append(f"{who} is better at {name}")
    big, peer = found.get(("1000000", "ours")), found.get(("1000000", "splink"))
    if big and big["peak_mb"] > 2000:
        wrong.append(f"a million customers take {big['peak_mb']:,.0f} MB")
    if big and peer and big["seconds"] > 2 * peer["seconds"]:
        wrong.append("a million customers take more than twice Splink's time")
    return wrong


def main() -> int:
    chosen = options()
    print("\n".join(f"{name + ':':<13}{value}" for name, value in machine.description("").items()))
    print("\nOurs at its default limit; Splink at the limit that suits the truth best.\n" + HEAD, flush=True)
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var")
    var.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name in filter(None, [*chosen.febrl.split(","), *chosen.sizes.split(",")]):
        with tempfile.TemporaryDirectory(dir=var, prefix="bench-dedupe-") as folder:
            run("tests.bench_dedupe.contender", "prepare", name, folder)
            for who in chosen.contenders.split(","):
                output, took = run("tests.bench_dedupe.contender", who, folder)
                found[name, who] = {**json.loads(output.splitlines()[-1]), **took}
                print(line(name, who, found[name, who]), flush=True)
    if chosen.latency:
        print(run("tests.bench_dedupe.latency", str(chosen.latency))[0], flush=True)
    wrong = missed(found)
    print(
        "\n" + ("\n".join(f"MISSED: {text}" for text in wrong) or "All goals of the sets that ran are met.")
    )
    report = {
        "machine": machine.description(""),
        "rows": [{"set": n, "who": w, **row} for (n, w), row in found.items()],
    }
    (var / "bench-dedupe.json").write_text(json.dumps(report, indent=1))
    return int(chosen.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
