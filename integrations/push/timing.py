"""When a delivery is tried again, and how often. Pure, but for the one place where a test shortens it."""

from dataclasses import dataclass
from datetime import timedelta

from integrations.calls import PATIENCE
from integrations.connectors.registry import CONNECTORS


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds and counts. `late_effect` None means the system's own (`ConnectorSpec.late_effect`).

    `call` is the longest that a worker may take between writing down that it sends and giving up on the answer.
    """

    first_wait: float = 30.0
    longest_wait: float = 3600.0
    call: float = PATIENCE.budget
    late_effect: float | None = None
    most_refusals: int = 3
    most_silences: int = 8
    down_after: int = 3

    def settles_after(self, system: str) -> timedelta:
        """How long after its end a call without an answer may still take effect there."""
        late = CONNECTORS[system].late_effect if self.late_effect is None else self.late_effect
        return timedelta(seconds=late)

    def abandoned_after(self, system: str) -> timedelta:
        """How long after it was begun a write whose worker said nothing more can no longer take effect."""
        return timedelta(seconds=self.call) + self.settles_after(system)

    def wait(self, tries: int) -> timedelta:
        """Twice as long after each try, up to the longest."""
        return timedelta(seconds=min(self.longest_wait, self.first_wait * 2.0 ** min(tries - 1, 20)))


_current = Timing()
protected = True
"""False switches look-ups and keys off: only for a torture that shows what they are good for."""


def current() -> Timing:
    return _current


def use(timing: Timing) -> None:
    """For tests and the torture, whose sandbox has short time-outs."""
    global _current  # noqa: PLW0603  # one setting of the process
    _current = timing
