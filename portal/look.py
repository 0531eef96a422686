"""Small pieces of HTML that pages share: badges, progress bars, charts. No style attributes: the CSP forbids them."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TONES = ("ok", "warn", "bad", "busy", "idle")


def badge(words: str, tone: str = "idle") -> SafeString:
    """A status in words and colour; `tone` is one of TONES."""
    return format_html('<span class="badge {}">{}</span>', tone if tone in TONES else "idle", words)


def progress(done: int, total: int | None, label: str) -> SafeString:
    """A progress bar that says its numbers too. Without a total it shows only that work goes on."""
    if not total:
        return format_html(
            '<progress aria-label="{}"></progress> <span class="quiet">{} so far</span>', label, f"{done:,}"
        )
    return format_html(
        '<progress aria-label="{}" value="{}" max="{}"></progress> <span class="quiet">{} of {}</span>',
        label,
        min(done, total),
        total,
        f"{done:,}",
        f"{total:,}",
    )


def bars(points: Sequence[tuple[str, int]], title: str, *, unit: str = "") -> SafeString:
    """A bar chart as inline SVG: `points` are (label, value), oldest first; `title` is read to those who cannot see it.

    Bars carry a tooltip with their exact value; the largest value and the outer labels are written beside them.
    """
    if not points:
        return format_html('<p class="empty">{}</p>', "Nothing to draw yet.")
    width, height, foot = 16 * len(points), 96, 14
    top = max(1, *(value for _, value in points))
    drawn = (
        (index * 16 + 2, *_bar(value, top, height), f"{label}: {value:,} {unit}".strip())
        for index, (label, value) in enumerate(points)
    )
    shapes = format_html_join(
        "",
        '<rect class="bar" x="{}" y="{}" width="12" height="{}" rx="2"><title>{}</title></rect>',
        ((x, y, tall, tip) for x, y, tall, tip in drawn),
    )
    return format_html(
        '<figure class="chart"><svg viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">'
        '{}<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/></svg>'
        '<figcaption><span>{}</span><span class="quiet">{}</span><span>{}</span></figcaption></figure>',
        width,
        height + foot // 7,
        title,
        shapes,
        width,
        height,
        height,
        points[0][0],
        f"at most {top:,} {unit}".strip()
        if any(value for _, value in points)
        else f"no {unit or 'values'} yet",
        points[-1][0],
    )


def _bar(value: int, top: int, height: int) -> tuple[float, float]:
    """Where a bar begins and how tall it is; a value above zero is never invisible."""
    tall = max(round(value / top * (height - 4), 1), 1.5 if value else 0)
    return round(height - tall, 1), tall
