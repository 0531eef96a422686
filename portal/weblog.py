"""The web server's own log, in the lines of `portal.logs`: `gunicorn --logger-class portal.weblog.LineLogger`.

Its own form writes what a caller sent as it came: a user name in `Authorization: Basic` may hold a line break, and so a
second line that somebody forged.
"""

from typing import Any

from gunicorn.glogging import Logger

from portal.logs import LineFormatter, RedactionFilter


class LineLogger(Logger):
    """Access and errors as one line of JSON each, without what looks like a credential."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(LineFormatter())
                handler.addFilter(RedactionFilter())
