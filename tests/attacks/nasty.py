"""Fifty texts that people and programs trip over, and what a page must never show of them."""

from html.parser import HTMLParser

MARK = "xprobe"
"""An element and an attribute of this name on a page came from a text that was typed in."""

SCRIPTS = (
    f"<{MARK}>", f"\"><{MARK} onerror=alert(1)>", f"'><{MARK} {MARK}=1>", f"</textarea><{MARK}>", f"</script><{MARK}>",
    f"</title><{MARK}>", f"\" {MARK}=\"1", f"' {MARK}='1", f"<!--><{MARK}>", f"<svg/onload=alert(1)><{MARK}>",
    f"javascript:alert('{MARK}')", f"&lt;{MARK}&gt;", f"%3C{MARK}%3E", f"<{MARK}\x0c>", f"\u2028<{MARK}>",
)  # fmt: skip
TEMPLATES = (
    "{{7*7}}{{settings.SECRET_KEY}}",
    "{% debug %}",
    "${7*7}",
    "#{7*7}",
    "%(x)s %s %d",
    "{0.__class__}",
)
SQL = (
    "' OR '1'='1", "'; DROP TABLE portal_user; --", "1; SELECT pg_sleep(9)", "\") OR 1=1 --", "1 UNION SELECT 1",
    "%' AND 1=0 --", "\\", "''''", "1)) OR ((1=1",
)  # fmt: skip
ODD = (
    "", " ", "\x00", "a\x00b", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\u202egnp.exe",
    "٣", "²", "-1", "0", "9" * 19, "9" * 400, "1e400", "NaN", "1.5", "null", "None", "true", "[]", "{}",
    "../../etc/passwd", "a\r\nSet-Cookie: x=1", "x" * 5000, "2026-13-45", "0000-00-00", "9999-12-31T23:59:60Z",
    "-1.2.3", "1.-1", "1,2,x", "\ufeff", "é" * 300,
)  # fmt: skip
NASTY = (*SCRIPTS, *TEMPLATES, *SQL, *ODD)


class Reflected(HTMLParser):
    """Finds our mark where it is more than text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        named = [name for name, _ in attrs if MARK in name]
        led = [
            value
            for name, value in attrs
            if name in ("href", "src", "action") and str(value).startswith("javascript")
        ]
        if tag.startswith(MARK) or named or led:
            self.found.append(self.get_starttag_text() or tag)


def reflected(html: str) -> list[str]:
    parser = Reflected()
    parser.feed(html)
    return parser.found
