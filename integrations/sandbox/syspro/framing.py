"""How a body goes over the wire: bare Windows-1252 as a rule; some builds wrap it as a JSON string or in `<string>`."""

import json
from enum import StrEnum
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
SERVER = {"Server": "Microsoft-HTTPAPI/2.0"}
END = "\n "
FAULT = (
    '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Request Error'
    '</title></head><body><div id="content"><p class="heading1">Request Error</p><p>{0}</p></div></body></html>'
)


class Framing(StrEnum):
    BARE = "bare"
    JSON = "json"
    STRING = "string"


def framed(text: str, framing: Framing) -> Response:
    """What e.net says, under HTTP status 200 whatever it is."""
    if framing is Framing.JSON:
        return Response(json.dumps(text), 200, SERVER, content_type="application/json; charset=utf-8")
    if framing is Framing.STRING:
        body = f'<string xmlns="{SERIALIZATION}">{escape(text)}</string>'
        return Response(body, 200, SERVER, content_type="application/xml; charset=utf-8")
    body_bytes = text.encode("cp1252", "xmlcharrefreplace")
    return Response(body_bytes, 200, SERVER, content_type="application/octet-stream")


def web_server_page(status: int, title: str) -> Response:
    """What comes of a call that e.net never saw, or broke down under."""
    return Response(FAULT.format(escape(title)), status, SERVER, content_type="text/html; charset=utf-8")
