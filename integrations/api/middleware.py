"""What holds for every call of the API, also for those that reach no resource."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from integrations.api.problems import TYPE, ProblemError, problem

PREFIX = "/api/"
KEPT = (
    *("Allow", "Retry-After", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options"),
    *("Referrer-Policy", "Cross-Origin-Opener-Policy", "Strict-Transport-Security"),
)
"""Headers that a refusal keeps when it becomes a problem document."""


class ApiMiddleware:
    """Takes cookies off, so that no session is read or written; makes a problem document of every other refusal.

    An unknown path, a method that is not taken, a bad host: these end before or beside a resource.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type", "").startswith(TYPE):
            return response
        kept = {name: response[name] for name in KEPT if name in response}
        return problem(request, ProblemError(response.status_code, headers=kept))
