"""Charts as SVG, drawn here: the same pictures stand in the page and on paper."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from runtime.roles.evidence_report.model import OUTCOMES, Report

GREEN, BLUE, AMBER, RED, GREY, LIGHT = (
    *("#2e7d5b", "#3b6ea5", "#d08c2e", "#b4443c", "#8a94a3", "#e6eaef"),
)
COLOURS: Final[Mapping[str, str]] = {
    "healed": GREEN,
    "passed": "#7fb89d",
    "rolled_back": "#e0b56e",
    "escalated": BLUE,
    "awaiting_approval": "#8fb0d4",
    "refused": AMBER,
    "suppressed": GREY,
    "audited": "#b9a6cf",
    "open": RED,
}
_INK: Final = "#3a4452"
_FONT: Final = 'font-family="Helvetica" font-size="11"'
_MOST_DAYS: Final = 92
"""Of a chart with one bar a day; a longer time has one a week."""
_MOST_HOSTS: Final = 10
_FULL: Final = 0.9995
"""What is observed to this part or more is drawn, and said, as all of it."""


def by_day(report: Report) -> str:
    """Draw how many drifts were found on each day, and how many fixes were verified."""
    step = 1 if len(report.days) <= _MOST_DAYS else 7
    days = report.days[::step]
    found = _binned([each.at for each in report.drifts], days, step)
    fixed = _binned([each.at for each in report.healings], days, step)
    width, height, left, bottom = 680, 190, 34, 24
    top = _round(max([1, *found, *fixed]))
    slot = (width - left - 8) / len(days)
    bar = max(1.0, min(16.0, slot * 0.4))
    parts = list[str]()
    for line in range(5):
        y = 12 + (height - bottom - 12) * line / 4
        parts += [
            f'<line x1="{left}" y1="{y:.1f}" x2="{width}" y2="{y:.1f}" stroke="{LIGHT}"/>',
            _text(left - 6, y + 4, f"{top * (4 - line) / 4:g}", anchor="end"),
        ]
    label_every = max(1, -(-len(days) // 8))
    for index, day in enumerate(days):
        middle = left + slot * (index + 0.5)
        for count, colour, x in (
            (found[index], AMBER, middle - bar),
            (fixed[index], GREEN, middle),
        ):
            tall = (height - bottom - 12) * count / top
            y = height - bottom - tall
            if count:
                parts.append(_rect(x, y, bar - 0.5, tall, colour))
        if index % label_every == 0:
            parts.append(_text(middle, height - 8, day.strftime("%d %b"), anchor="middle"))
    return _svg(width, height, parts, "Drifts found and fixes verified, by day")


def outcomes(report: Report) -> str:
    """Draw what drifts came to."""
    counted = Counter(each.outcome for each in report.drifts)
    rows = [(OUTCOMES[key], counted[key], COLOURS[key]) for key in OUTCOMES if counted[key]]
    top = max((count for _, count, _ in rows), default=1)
    bars = [(name, count / top, str(count), colour) for name, count, colour in rows]
    return _bars(bars, "What drifts came to")


def coverage(report: Report) -> str:
    """Draw how much of the time the hosts were observed, the worst ones."""
    worst = report.unobserved[:_MOST_HOSTS]
    bars = [(each.host, each.observed, percent(each.observed), BLUE) for each in worst]
    return _bars(bars, "Part of the time observed")


def percent(part: float) -> str:
    """Spell a part as a percentage; nothing short of all of it becomes 100 %."""
    return "100 %" if part >= _FULL else f"{min(99.9, 100 * part):.1f} %"


def _bars(bars: Sequence[tuple[str, float, str, str]], title: str) -> str:
    width, left, right, row = 330, 138, 46, 22
    parts = list[str]()
    for index, (name, part, value, colour) in enumerate(bars):
        y = index * row + 4
        room = width - left - right
        parts += [
            _text(left - 8, y + 11, _shortened(name), anchor="end"),
            _rect(left, y, room, 14, LIGHT),
            _rect(left, y, room * part, 14, colour),
            _text(left + room + 6, y + 11, value),
        ]
    return _svg(width, max(row, len(bars) * row + 4), parts, title)


def _binned(instants: Sequence[dt.datetime], days: Sequence[dt.date], step: int) -> list[int]:
    counts = Counter((at.astimezone(dt.UTC).date() - days[0]).days // step for at in instants)
    return [counts[index] for index in range(len(days))]


def _round(count: int) -> int:
    """Give the next number that four lines divide."""
    return -(-count // 4) * 4


def _shortened(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}\u2026"  # noqa: PLR2004  what has room


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
        f' fill="{colour}"/>'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}" {_FONT}>'
        f"{escape(text)}</text>"
    )
