"""Two pages for load balancers and supervisors. They say nothing that an outsider could use."""

from collections.abc import Callable

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse

_checks: dict[str, Callable[[], str | None]] = {}


def register_check(name: str, problem: Callable[[], str | None]) -> None:
    """Add to `/readyz`: `problem` returns one sentence without details of the installation, or None when well.

    It runs only once the database answers and has every migration.
    """
    _checks[name] = problem


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, has every migration and every check is well, else 503 with what is missing."""
    problem = database_problem()
    problems = {"database": problem} if problem else found_problems()
    if problems:
        return JsonResponse(
            {"status": "not ready", "problem": " ".join(problems.values()), "checks": problems}, status=503
        )
    return JsonResponse({"status": "ok", "checks": sorted(["database", *_checks])})


def found_problems() -> dict[str, str]:
    """What the registered checks complain about, by name."""
    answers = ((name, problem()) for name, problem in _checks.items())
    return {name: answer for name, answer in answers if answer}


def database_problem() -> str | None:
    """What keeps the database from being used, as a sentence without details of the server."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return "The database does not answer."
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "Migrations are waiting: run `manage.py migrate`."
    return None
