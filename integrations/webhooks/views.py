"""The one page for machines where webhooks arrive. Signed requests, no session: so no CSRF token either."""

from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.models import WebhookAddress
from integrations.tasks import follow_hooks_soon
from integrations.webhooks import inbox
from portal.numbers import LONGEST


@csrf_exempt
@require_POST
def receive(request: HttpRequest, system: str, token: str) -> HttpResponse:
    """404 for an unknown address, 413 for too much, 401 for a wrong signature, 429 for too many; else 200."""
    address = WebhookAddress.objects.filter(token=token, connection__system=system).first()
    if address is None:
        return _say(404, "There is no such address.")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal() or len(length) > LONGEST or int(length) > inbox.LARGEST:
        return _say(413, f"A webhook has at most {inbox.LARGEST} bytes.")
    try:
        body = request.body
    except UnreadablePostError:
        return _say(400, "The body did not arrive.")
    except RawPostDataException:  # of a form: somebody has begun to take it apart
        return _say(400, "Send the body as application/json.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = inbox.receive(address, headers, body)
    if answer.fresh:
        follow_hooks_soon()
    return _say(answer.status, answer.words)


def _say(status: int, words: str) -> HttpResponse:
    reply = HttpResponse(words + "\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 429:
        reply["Retry-After"] = "60"
    return reply
