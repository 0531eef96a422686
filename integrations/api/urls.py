"""Where the API is: its resources, its OpenAPI document, and a problem for every other address."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from integrations.api import jobs, problems
from integrations.api.auth import Bearer, unauthorised


class Api(NinjaAPI):
    """Ninja's, whose document says of problems what they are sent as."""

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in answer.get("content", {}):
                        answer["content"] = {problems.TYPE: answer["content"]["application/json"]}
        return document


api = Api(
    title="Trunkline",
    version="1",
    description=(
        "For programs of one merchant. Each call carries the token of an API client: `Authorization: Bearer tl_…`. "
        "Errors are problem documents (RFC 9457, application/problem+json)."
    ),
    auth=Bearer(),
    docs_url=None,
    openapi_url="/openapi.json",
)
api.add_router("/jobs", jobs.router)

for _kind in (problems.ProblemError, ValidationError, HttpError, Http404, Exception):
    api.add_exception_handler(_kind, problems.of_exception)


@api.exception_handler(AuthenticationError)
def no_token(request: HttpRequest, exc: AuthenticationError) -> HttpResponse:
    return problems.problem(request, unauthorised())


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    return problems.problem(request, problems.ProblemError(404))


urlpatterns = [path("v1/", api.urls), re_path(r"", nothing)]
