"""What commands print: a table for people, or JSON for scripts."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned columns; numbers to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *texts, strict=True)]
    right = [
        all(isinstance(row[place], int | float) or row[place] is None for row in rows)
        for place in range(len(columns))
    ]
    lines = [_line(list(columns), widths, right), "  ".join("─" * width for width in widths)]
    lines += [_line(cells, widths, right) for cells in texts]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _text(cell: Any) -> str:
    """A remote's error text must not break the table's lines, nor steer the terminal."""
    if cell is None:
        return "-"
    text = f"{cell:,.1f}" if isinstance(cell, float) else str(cell)
    return "".join(char if char.isprintable() else " " for char in text)


def as_json(document: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)


class ProgressBar:
    """One line on a terminal, rewritten as it grows; a line per hundred pages where the output is no terminal."""

    WIDTH = 28

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self._shown = ""

    def show(self, label: str, done: int, expected: int | None) -> None:
        """`expected` is None while the source has not said how much there is."""
        if not self.live:
            return
        share = min(1.0, done / expected) if expected else 0.0
        filled = round(share * self.WIDTH)
        bar = "█" * filled + "░" * (self.WIDTH - filled)
        of = f" of {expected:,}" if expected else ""
        self._write(f"{label:<20} {bar} {done:>9,}{of}")

    def clear(self) -> None:
        if self.live:
            self._write("")

    def _write(self, text: str) -> None:
        self.stream.write("\r" + text.ljust(len(self._shown)) + ("\r" if not text else ""))
        self.stream.flush()
        self._shown = text
