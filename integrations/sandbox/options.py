"""The options that every sandbox has."""

import argparse
from pathlib import Path


def add_shared(parser: argparse.ArgumentParser, port: int) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port, help=f"0 takes a free one (default: {port})")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same data and the same faults"
    )
    parser.add_argument("--tls", action="store_true", help="serve https under a certificate of its own")
    parser.add_argument(
        "--latency", type=latency, metavar="MS|MIN-MAX", help="milliseconds that each call takes"
    )
    parser.add_argument(
        "--token-life", type=float, metavar="SECONDS", help="how long an access token is good"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE",
                        help="go on with the rows of this file, and write them into it at the end")  # fmt: skip
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC",
                        help="a fault by name: server_error:0.05 or slow:0.1,count=3,path=/jobs")  # fmt: skip


def latency(text: str) -> tuple[float, float]:
    """Seconds between two, from `50` or `50-200` milliseconds."""
    low, _, high = text.partition("-")
    return float(low) / 1000, float(high or low) / 1000
