"""S22: calls made up by schemathesis from the API's own document, right and wrong ones, with a token and without."""

import json
import random
from collections import Counter

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as bounds

from integrations.api import clients
from integrations.api.urls import api
from reconciliation.models import Customer, Job
from tests.attacks.counts import scaled
from tests.attacks.test_payloads import a_booking
from tests.reconciliation import shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CALLS = scaled(240, 5600)


@pytest.fixture(scope="module")
def schema():
    """Loaded here and not with the module: it takes a second that every run of the suite would pay."""
    import schemathesis

    return schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(), default=str)))


def checks():
    from schemathesis import checks as general
    from schemathesis.specs.openapi import checks as of_document

    return [
        general.not_a_server_error,
        of_document.status_code_conformance,
        of_document.content_type_conformance,
        of_document.response_schema_conformance,
    ]


def call(browser: Client, case, token: str):
    """A generated call, made through Django's own client so that it sees this test's database."""
    import requests
    from schemathesis.core.transport import Response

    kwargs = case.as_transport_kwargs(base_url="http://testserver")
    headers = {
        name: str(value)
        for name, value in (kwargs.get("headers") or {}).items()
        if name.lower() != "authorization"
    }
    prepared = requests.Request(
        case.method,
        kwargs["url"],
        params=kwargs.get("params"),
        json=kwargs.get("json"),
        data=kwargs.get("data"),
    ).prepare()
    sent = {**prepared.headers, **headers, **({"Authorization": f"Bearer {token}"} if token else {})}
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    kind = sent.pop("Content-Type", "application/json")
    reply = browser.generic(case.method, prepared.path_url, body, content_type=kind, headers=sent)
    return reply, Response(
        status_code=reply.status_code, headers={name.lower(): [value] for name, value in reply.headers.items()},
        content=b"".join(reply), request=prepared, elapsed=0.0, verify=False, http_version="1.1",
    )  # fmt: skip


def real(case, draw: random.Random, good: dict, job: int) -> None:
    """Half of the right calls are about what there is: else nearly all end at an id that is unknown."""
    if case.path_parameters and draw.random() < 0.5:
        case.path_parameters["job_id"] = job
    if isinstance(case.body, dict) and draw.random() < 0.5:
        for name in draw.sample(list(good), draw.randrange(1, len(good) + 1)):
            case.body[name] = good[name]


def test_every_call_of_the_document_gets_a_documented_answer(tenant, settings, schema, count):
    from schemathesis import GenerationMode

    settings.API_CALLS_A_MINUTE = 10**6
    _, token = clients.create(tenant, "website")
    good, draw, job = a_booking(tenant), random.Random(22), shop.job(tenant).pk
    browser, seen = Client(raise_request_exception=False), Counter()

    def one(case, rights, mode):
        if mode is GenerationMode.POSITIVE:
            real(case, draw, good, job)
        reply, answer = call(browser, case, token if rights else "")
        replayed = "Idempotency-Replayed" in reply.headers
        seen[case.method, "replayed" if replayed else reply.status_code] += 1
        assert rights or reply.status_code in (401, 404, 405), "an answer without a token"
        case.validate_response(answer, checks=checks())

    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.label for operation in operations} == {"POST /api/v1/jobs", "GET /api/v1/jobs/{job_id}"}
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for rights in (True, False):
                share = CALLS // (16 if not rights else 6)  # of each four: three with a token
                fuzz(operation, mode, share, lambda case, rights=rights, mode=mode: one(case, rights, mode))

    tried = sum(seen.values())
    assert seen["POST", 201] and seen["GET", 200], "no generated call came through, so little was tried"
    assert Job.objects.count() == seen["POST", 201] + 1
    assert not Customer.objects.exclude(tenant=tenant).exists()
    assert tried >= CALLS * 0.8
    count("S22", "calls generated from the API's document", tried, "5xx or undocumented")


def fuzz(operation, mode, examples, act):
    quiet = [
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ]

    @seed(7)
    @bounds(
        max_examples=max(examples, 4),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=quiet,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        act(case)

    run()
