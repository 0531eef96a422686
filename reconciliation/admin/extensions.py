"""What the floor above hangs into the pages of records: buttons, notices and events of their history.

Registered once at start; each builder is asked with the entity's name and the record, in a fixed number of queries.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Button:
    """A link that leads to doing something."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """How the record stands, in words; `tone` is one of `portal.look.TONES`, `url` where to look or act."""

    tone: str
    label: str
    words: str
    url: str = ""

    @property
    def is_moving(self) -> bool:
        """Whether it changes by itself: then the page looks again."""
        return self.tone == "busy"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that is no change of the record itself, such as a write to a connected system."""

    at: datetime
    who: str
    what: str
    url: str = ""


Buttons = Callable[[HttpRequest, str, Any], Iterable[Button]]
Notices = Callable[[str, Any], Iterable[Notice]]
Events = Callable[[str, Any], Iterable[Happened]]

_buttons: list[Buttons] = []
_notices: list[Notices] = []
_events: list[Events] = []


def register_buttons(build: Buttons) -> None:
    """Buttons of an entity's list (the record is None) and of a record's page."""
    _buttons.append(build)


def register_notices(build: Notices) -> None:
    """Notices at the top of a record's page."""
    _notices.append(build)


def register_events(build: Events) -> None:
    """Further events of a record's history."""
    _events.append(build)


def buttons_of(request: HttpRequest, entity: str, record: Any = None) -> list[Button]:
    return [button for build in _buttons for button in build(request, entity, record)]


def notices_of(entity: str, record: Any) -> list[Notice]:
    return [notice for build in _notices for notice in build(entity, record)]


def events_of(entity: str, record: Any) -> list[Happened]:
    return [event for build in _events for event in build(entity, record)]
