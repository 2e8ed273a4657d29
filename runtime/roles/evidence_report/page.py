"""The report as one HTML page: no script, nothing from elsewhere, fit to be printed."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from runtime.roles.evidence_report import charts
from runtime.roles.evidence_report.model import Ref, Report
from runtime.roles.evidence_report.words import Row, Table, facts, how, moment, short, tables, tiles

_STYLE: Final = """
:root { --ink: #1d2733; --soft: #5b6675; --line: #dde2e8; --tint: #f4f6f8; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 14px/1.5 "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 32px 64px; }
header { border-bottom: 3px solid #2e7d5b; padding-bottom: 16px; margin-bottom: 28px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; font-weight: 600; }
header p { margin: 0; color: var(--soft); }
h2 { font-size: 18px; margin: 40px 0 2px; font-weight: 600; }
.says { margin: 0 0 12px; color: var(--soft); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 24px; }
.tile { flex: 1 1 150px; background: var(--tint); border-radius: 6px; padding: 14px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.2; font-weight: 600; }
.tile span { color: var(--soft); font-size: 13px; }
.charts { display: flex; flex-wrap: wrap; gap: 28px; }
figure { margin: 0; flex: 1 1 320px; min-width: 0; }
figure.wide { flex-basis: 100%; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figcaption i { display: inline-block; width: 10px; height: 10px; margin: 0 4px 0 10px; }
svg { width: 100%; height: auto; display: block; max-width: 100%; }
figure.half svg { max-width: 460px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line);
  padding: 6px 10px 6px 0; white-space: nowrap; }
td { border-bottom: 1px solid var(--line); padding: 6px 10px 6px 0; vertical-align: top;
  overflow-wrap: anywhere; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.refs, .index td { font: 12px/1.6 ui-monospace, Menlo, Consolas, monospace; }
td.refs { white-space: nowrap; }
td.refs a { color: #2f5d8f; text-decoration: none; display: block; }
.mark { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; }
.none { color: var(--soft); }
dl { display: grid; grid-template-columns: 130px 1fr; gap: 4px 16px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.box { background: var(--tint); border-radius: 6px; padding: 16px 20px; margin-top: 12px; }
tr:target td { background: #fff6dc; }
@media print { main { padding: 0; max-width: none; } body { font-size: 11px; }
  h2 { break-after: avoid; } tr, figure, .tile { break-inside: avoid; } .tiles { gap: 8px; } }
@page { size: A4; margin: 16mm 14mm; }
"""


def page(report: Report) -> str:
    """Write the page."""
    title = f"Compliance report: {report.site}"
    period = f"{moment(report.since)} to {moment(report.until)} UTC"
    parts = [
        f"<header><h1>{escape(title)}</h1><p>{escape(period)}</p></header>",
        _tiles(report),
        _charts(report),
        *(_section(table) for table in tables(report)),
        _basis(report),
        _index(report.refs),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _tiles(report: Report) -> str:
    shown = (
        f'<div class="tile"><b>{escape(figure)}</b><span>{escape(what)}</span></div>'
        for figure, what in tiles(report)
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _charts(report: Report) -> str:
    figures = [
        _figure(
            "wide",
            f'By day<i style="background:{charts.AMBER}"></i>drifts found'
            f'<i style="background:{charts.GREEN}"></i>fixes verified',
            charts.by_day(report),
        )
    ]
    if report.drifts:
        figures.append(_figure("half", "What drifts came to", charts.outcomes(report)))
    if report.unobserved:
        figures.append(_figure("half", "Least observed hosts", charts.coverage(report)))
    return f'<div class="charts">{"".join(figures)}</div>'


def _figure(kind: str, caption: str, svg: str) -> str:
    return f'<figure class="{kind}"><figcaption>{caption}</figcaption>{svg}</figure>'


def _section(table: Table) -> str:
    head = f'<section><h2>{escape(table.title)}</h2><p class="says">{escape(table.says)}</p>'
    if not table.rows:
        return f'{head}<p class="none">{escape(table.none)}</p></section>'
    columns = "".join(f"<th>{escape(name)}</th>" for name in (*table.columns, "Statements"))
    rows = "\n".join(_row(row) for row in table.rows)
    omitted = f'<p class="none">{table.omitted} older lines are not shown.</p>'
    return (
        f'{head}<div class="scroll"><table><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{omitted if table.omitted else ''}</section>"
    )


def _row(row: Row) -> str:
    *cells, last = (escape(cell) for cell in row.cells)
    if row.mark:
        last = f'<span class="mark" style="background:{charts.COLOURS[row.mark]}"></span>{last}'
    shown = "".join(f"<td>{cell}</td>" for cell in (*cells, last))
    return f'<tr>{shown.replace("<td>", _when(row), 1)}<td class="refs">{_refs(row.refs)}</td></tr>'


def _when(row: Row) -> str:
    return '<td class="when">' if row.cells[0][:1].isdigit() else "<td>"


def _refs(refs: Iterable[Ref]) -> str:
    links = (
        f'<a href="#s{ref.log}-{ref.leaf}" title="{ref.digest}">{escape(short(ref))}</a>'
        for ref in refs
    )
    return "".join(links) or "-"


def _basis(report: Report) -> str:
    lines = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(report))
    return (
        "<section><h2>What this report stands on</h2>"
        f'<p class="says">{escape(how(report))}</p><div class="box"><dl>{"".join(lines)}</dl>'
        "</div></section>"
    )


def _index(refs: Sequence[Ref]) -> str:
    rows = "\n".join(
        f'<tr id="s{ref.log}-{ref.leaf}"><td>{ref.id}</td>'
        f"<td>{ref.digest or 'purged after retention'}</td></tr>"
        for ref in refs
    )
    if not rows:
        return ""
    return (
        '<section><h2>Statements</h2><p class="says">Log/leaf, and SHA-256 of the statement.</p>'
        '<div class="scroll"><table class="index"><thead><tr><th>Statement</th><th>SHA-256</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )
