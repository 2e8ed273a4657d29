"""The report on paper: the same words and pictures as the page, as PDF."""

import re
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from typing_extensions import override

from runtime.roles.evidence_report import charts
from runtime.roles.evidence_report.model import Ref, Report
from runtime.roles.evidence_report.words import Table, facts, how, moment, short, tables, tiles

_INK: Final = (29, 39, 51)
_SOFT: Final = (91, 102, 117)
_LINE: Final = (221, 226, 232)
_TINT: Final = (244, 246, 248)
_WHITE: Final = (255, 255, 255)
_GREEN: Final = (46, 125, 91)
_MARGIN: Final = 14
_FONT: Final = "Helvetica"
_WIDTH: Final = 210 - 2 * _MARGIN
_ROOM: Final = 34
"""Millimetres that must be left on a page for a new section to begin on it."""


def paper(report: Report) -> bytes:
    """Write the PDF.  The same report gives the same bytes."""
    pdf = _Paper(report)
    pdf.add_page()
    _head(pdf, report)
    _tiles(pdf, report)
    _pictures(pdf, report)
    for table in tables(report):
        _section(pdf, table)
    _basis(pdf, report)
    _index(pdf, report.refs)
    return bytes(pdf.output())


class _Paper(FPDF):
    """A4 with a line at the foot of each page."""

    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self.foot = f"{report.site} - {moment(report.since)} to {moment(report.until)} UTC"
        self.set_title(_latin(f"Compliance report: {report.site}"))
        self.set_creator(f"Aright {report.version}")
        self.set_creation_date(report.made_at)
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_text_color(*_INK)

    @override
    def footer(self) -> None:
        """Write the line at the foot."""
        self.set_y(-12)
        self.set_font(_FONT, size=7.5)
        self.set_text_color(*_SOFT)
        self.cell(_WIDTH / 2, 5, _latin(self.foot))
        self.cell(_WIDTH / 2, 5, f"page {self.page_no()}", align="R")
        self.set_text_color(*_INK)

    def say(self, text: str, size: float, *, style: str = "", soft: bool = False) -> None:
        """Write a paragraph over the whole width."""
        self.set_font(_FONT, style=style, size=size)
        self.set_text_color(*(_SOFT if soft else _INK))
        self.multi_cell(
            0, size * 0.46, _latin(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self.set_text_color(*_INK)

    def room(self, needed: float) -> None:
        """Begin a page where this one has not that much room left."""
        if self.get_y() + needed > self.h - self.b_margin:
            self.add_page()


def _head(pdf: _Paper, report: Report) -> None:
    pdf.say(f"Compliance report: {report.site}", 19, style="B")
    pdf.ln(1)
    pdf.say(f"{moment(report.since)} to {moment(report.until)} UTC", 10, soft=True)
    pdf.ln(2.5)
    pdf.set_draw_color(*_GREEN)
    pdf.set_line_width(0.8)
    pdf.line(_MARGIN, pdf.get_y(), _MARGIN + _WIDTH, pdf.get_y())
    pdf.set_line_width(0.2)
    pdf.ln(6)


def _tiles(pdf: _Paper, report: Report) -> None:
    shown, gap, height = tiles(report), 3.0, 19.0
    width = (_WIDTH - gap * (len(shown) - 1)) / len(shown)
    top = pdf.get_y()
    pdf.set_fill_color(*_TINT)
    for index, (figure, what) in enumerate(shown):
        left = _MARGIN + index * (width + gap)
        pdf.rect(left, top, width, height, style="F", round_corners=True, corner_radius=1.2)
        pdf.set_xy(left + 3, top + 2.5)
        pdf.set_font(_FONT, style="B", size=15)
        pdf.cell(width - 6, 7, _latin(figure))
        pdf.set_xy(left + 3, top + 9.5)
        pdf.set_font(_FONT, size=7.5)
        pdf.set_text_color(*_SOFT)
        pdf.multi_cell(width - 5, 3.4, _latin(what), align="L")
        pdf.set_text_color(*_INK)
    pdf.set_xy(_MARGIN, top + height + 6)


def _pictures(pdf: _Paper, report: Report) -> None:
    _caption(
        pdf, _MARGIN, "By day", ("drifts found", charts.AMBER), ("fixes verified", charts.GREEN)
    )
    below = _picture(pdf, charts.by_day(report), _MARGIN, _WIDTH)
    pdf.set_xy(_MARGIN, below + 4)
    half, top = (_WIDTH - 8) / 2, pdf.get_y()
    pictures = list[tuple[str, str]]()
    if report.drifts:
        pictures.append(("What drifts came to", charts.outcomes(report)))
    if report.unobserved:
        pictures.append(("Least observed hosts", charts.coverage(report)))
    for index, (caption, svg) in enumerate(pictures):
        left = _MARGIN + index * (half + 8)
        pdf.set_y(top)
        _caption(pdf, left, caption)
        below = max(below, _picture(pdf, svg, left, half))
    pdf.set_xy(_MARGIN, below + 4)


def _caption(pdf: _Paper, left: float, text: str, *legend: tuple[str, str]) -> None:
    pdf.set_x(left)
    pdf.set_font(_FONT, style="B", size=9.5)
    pdf.cell(pdf.get_string_width(text) + 4, 5, _latin(text))
    pdf.set_font(_FONT, size=8)
    for name, colour in legend:
        pdf.set_fill_color(*_rgb(colour))
        pdf.rect(pdf.get_x() + 1, pdf.get_y() + 1.4, 2.4, 2.4, style="F")
        pdf.set_x(pdf.get_x() + 4.4)
        pdf.cell(pdf.get_string_width(name) + 4, 5, _latin(name))
    pdf.ln(6)


def _picture(pdf: _Paper, svg: str, left: float, width: float) -> float:
    """Draw a chart; give where it ends."""
    image = pdf.image(_bytes(svg), x=left, y=pdf.get_y(), w=width)
    return float(pdf.get_y()) + float(image.rendered_height)


def _section(pdf: _Paper, table: Table) -> None:
    pdf.room(_ROOM)
    pdf.ln(5)
    pdf.say(table.title, 13, style="B")
    pdf.ln(0.8)
    pdf.say(table.says, 8.5, soft=True)
    pdf.ln(2)
    if not table.rows:
        pdf.say(table.none, 9, soft=True)
        return
    _lines(pdf, table)
    if table.omitted:
        pdf.say(f"{table.omitted} older lines are not shown.", 8, soft=True)


def _lines(pdf: _Paper, table: Table) -> None:
    pdf.set_font(_FONT, size=7.5)
    pdf.set_draw_color(*_LINE)
    pdf.set_fill_color(*_WHITE)
    heading = FontFace(emphasis="BOLD", color=_SOFT, fill_color=_WHITE)
    with pdf.table(
        col_widths=tuple(table.widths),
        width=_WIDTH,
        line_height=3.5,
        padding=(1.1, 1.2, 1.1, 0),
        text_align="LEFT",
        borders_layout="HORIZONTAL_LINES",
        headings_style=heading,
    ) as drawn:
        head = drawn.row()
        for name in (*table.columns, "Statements"):
            head.cell(_latin(name))
        for line in table.rows:
            row = drawn.row()
            for cell in line.cells:
                row.cell(_latin(cell))
            refs = "\n".join(map(short, line.refs)) or "-"
            row.cell(_latin(refs), style=FontFace(family="Courier", size_pt=6.8))


def _basis(pdf: _Paper, report: Report) -> None:
    pdf.room(62)
    pdf.ln(6)
    pdf.say("What this report stands on", 13, style="B")
    pdf.ln(0.8)
    pdf.say(how(report), 8.5, soft=True)
    pdf.ln(2)
    for name, value in facts(report):
        pdf.set_font(_FONT, size=8.5)
        pdf.set_text_color(*_SOFT)
        pdf.cell(30, 4.6, _latin(name))
        pdf.set_text_color(*_INK)
        pdf.multi_cell(0, 4.6, _latin(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _index(pdf: _Paper, refs: list[Ref]) -> None:
    if not refs:
        return
    pdf.room(_ROOM)
    pdf.ln(6)
    pdf.say("Statements", 13, style="B")
    pdf.ln(0.8)
    pdf.say("Log/leaf, and SHA-256 of the statement.", 8.5, soft=True)
    pdf.ln(1.5)
    pdf.set_font("Courier", size=7.5)
    for ref in refs:
        pdf.cell(24, 3.7, ref.id)
        digest = ref.digest or "purged after retention"
        pdf.cell(0, 3.7, digest, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _latin(text: str) -> str:
    """Keep what the fonts of every PDF reader have; other letters become question marks."""
    plain = text.replace("\u2026", "...").replace("\u2013", "-").replace("\u00b7", "-")
    return plain.encode("latin-1", "replace").decode("latin-1")


def _bytes(svg: str) -> bytes:
    # Its library knows no titles, and paper has nobody to read them out to.
    return _latin(re.sub("<title>.*?</title>", "", svg)).encode()


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
