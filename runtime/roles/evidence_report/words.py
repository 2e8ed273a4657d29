"""The words of a report, the same in the page and on paper: tables as headings and cells."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from runtime.roles.evidence_report.charts import percent
from runtime.roles.evidence_report.model import OUTCOMES, Ref, Report

MOST_ROWS: Final = 500
"""Lines of one table, the newest; a report is to be read by a person."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@attrs.frozen
class Row:
    """A line of a table, with the statements it stands on."""

    cells: Sequence[str]
    refs: Sequence[Ref]
    mark: str = ""
    """An outcome that is shown in its colour, in the cell of its name."""


@attrs.frozen
class Table:
    """A section of the report."""

    title: str
    says: str
    """One sentence on what stands here."""
    columns: Sequence[str]
    widths: Sequence[float]
    """Of the columns, and of the statements behind them; they are shares."""
    rows: Sequence[Row]
    none: str
    """What is said where there is no line."""
    omitted: int = 0


def tiles(report: Report) -> list[tuple[str, str]]:
    """Give the figures at the head: each with what it counts."""
    healed = sum(each.outcome == "healed" for each in report.drifts)
    waiting = sum(
        each.outcome in ("open", "awaiting_approval", "escalated", "rolled_back")
        for each in report.drifts
    )
    return [
        (str(len(report.drifts)), "drifts found"),
        (str(healed), "healed and verified"),
        (str(waiting), "with a person, or open"),
        (str(len(report.decisions)), "decisions by people"),
        (percent(report.observed), f"observed: {report.checks} checks on {report.hosts} hosts"),
    ]


def tables(report: Report) -> list[Table]:
    """Give the sections in their order."""
    return [_drifts(report), _healings(report), _decisions(report), _unobserved(report)]


def facts(report: Report) -> list[tuple[str, str]]:
    """Say what the report stands on."""
    return [
        ("Site", report.site),
        ("Time", f"{moment(report.since)} to {moment(report.until)} UTC"),
        ("Statements", f"{report.statements} in the evidence log in this time"),
        ("Signed head", report.head),
        ("Anchor", report.anchored),
        ("Signing key", report.fingerprint or "none yet"),
        ("Made by", f"Aright {report.version}"),
    ]


def how(report: Report) -> str:
    """Say how a line is checked."""
    since = report.since.date().isoformat()
    return (
        "Each line names the statements it stands on: log/leaf, and the beginning of the SHA-256"
        " of what was signed.  aright evidence show LOG/LEAF shows one with its proof;"
        f" aright evidence export --since {since} --out kit.zip writes all of them with their"
        " proofs into one file, which is verified without a network and without us."
    )


def moment(at: dt.datetime) -> str:
    """Spell an instant to the minute, in UTC."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")


def span(seconds: float | None) -> str:
    """Spell a length of time in its largest unit."""
    if seconds is None:
        return "-"
    for length, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def short(ref: Ref) -> str:
    """Name a statement briefly."""
    return f"{ref.id} {ref.digest[:8]}" if ref.digest else f"{ref.id} purged"


def _drifts(report: Report) -> Table:
    rows = [
        Row(
            (
                moment(each.at),
                each.host,
                _check(each.check, each.controls),
                each.severity or "-",
                OUTCOMES[each.outcome],
            ),
            each.refs,
            each.outcome,
        )
        for each in report.drifts
    ]
    return _table(
        "What drifted",
        "Each time a host answered a check otherwise than its baseline, and what came of it.",
        ("When (UTC)", "Host", "Check", "Severity", "What came of it"),
        (15, 16, 29, 9, 17, 14),
        rows,
        "Nothing drifted in this time.",
    )


def _healings(report: Report) -> Table:
    rows = [
        Row(
            (
                moment(each.at),
                each.host,
                each.check,
                f"{each.rule or '-'} / {each.runbook or '-'}",
                span(each.took_s),
            ),
            each.refs,
        )
        for each in report.healings
    ]
    return _table(
        "What was healed and verified",
        "A fix counts only when the host was asked again afterwards and answered as it should.",
        ("When (UTC)", "Host", "Check", "Rule / runbook", "Drift to fix"),
        (15, 16, 21, 24, 10, 14),
        rows,
        "Nothing was healed in this time.",
    )


def _decisions(report: Report) -> Table:
    rows = [
        Row((moment(each.at), each.who, each.what, each.about, each.why or "-"), each.refs)
        for each in report.decisions
    ]
    return _table(
        "What a person decided",
        "Approvals, refusals and other decisions, each with who made it and why.",
        ("When (UTC)", "Who", "What", "About", "Why"),
        (15, 12, 17, 21, 21, 14),
        rows,
        "No person decided anything in this time.",
    )


def _unobserved(report: Report) -> Table:
    rows = [
        Row(
            (
                each.host,
                str(each.checks),
                percent(each.observed),
                span(each.minutes * _MINUTE),
                each.cause or "-",
            ),
            each.refs,
        )
        for each in report.unobserved
    ]
    rows += [
        Row(
            ("the appliance itself", "-", "-", span(each.minutes * _MINUTE), "it was not there"), ()
        )
        for each in report.outages
    ]
    return _table(
        "What was not observed",
        "Times in which a check had no answer, all checks of a host together.  Where no statement"
        " is named, the appliance's own account says so.",
        ("Host", "Checks", "Observed", "Not observed", "Mostly because"),
        (26, 9, 13, 16, 22, 14),
        rows,
        "All checks were observed all of the time.",
    )


def _check(check: str, controls: Sequence[str]) -> str:
    return f"{check} ({', '.join(controls)})" if controls else check


def _table(  # noqa: PLR0913, PLR0917  a table has so many parts
    title: str,
    says: str,
    columns: Sequence[str],
    widths: Sequence[float],
    rows: Sequence[Row],
    none: str,
) -> Table:
    shown = rows[-MOST_ROWS:]
    return Table(title, says, columns, widths, shown, none, len(rows) - len(shown))
