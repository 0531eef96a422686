"""`manage.py worker`: a worker cluster with its supervisor. What deploy/ starts on each host that shares the work."""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from integrations.supervising import SILENT_SECONDS, Supervisor, run_cluster


class Command(BaseCommand):
    help = (
        "Run a worker cluster, and start another when it has done nothing for three minutes: django-q2's can freeze "
        "without dying. As many as wanted, on as many hosts as wanted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--alone", action="store_true", help="the cluster without its supervisor")
        parser.add_argument(
            "--silent",
            type=float,
            default=SILENT_SECONDS,
            metavar="SECONDS",
            help="how long it may show nothing (default 180)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["alone"]:
            run_cluster()
            return
        sign = Path(settings.VAR_DIR) / f"worker-{socket.gethostname()}-{os.getpid()}.sign"
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--alone"]
        supervisor = Supervisor(command, sign, silent=options["silent"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.stop)
        try:
            sys.exit(supervisor.run())
        finally:
            sign.unlink(missing_ok=True)
