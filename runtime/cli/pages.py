"""One thing on a page, for a person: an incident with its trace, the why of it, a ticket."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import cast

from actors.messages.sentences import sentence_of
from runtime.cli.client import mapping, rows
from runtime.cli.plan_records import plan_lines

Page = Mapping[str, object]

_COLUMNS = 80
_VALUE = " " * 14
"""Where values begin."""
_SHA256 = 64
_HEX = frozenset("0123456789abcdef")


def incident_page(data: Page) -> str:
    """Show an incident: what drifted, where it stands, and its trace line by line."""
    lines = [
        f"{data['id']}   {data['check']} on {data['host']}   {data['severity']}",
        f"  stands      {_standing(data)}",
        f"  observed    {data['count']} times, last {data['last_seen']}",
        *_wrapped(f"  expected    {data['expected']}", _VALUE),
        *_wrapped(f"  actual      {data['actual']}", _VALUE),
    ]
    if data["rule"]:
        runbook = f", runbook {data['runbook']}" if data["runbook"] else ""
        decided = f"  decided by  rule {data['rule']}{runbook}, mode {data['mode']}"
        lines += _wrapped(decided, _VALUE)
    if data["plan"]:
        decided = (
            f"  decided by  plan {data['plan']}, runbook {data['runbook']}, mode {data['mode']}"
        )
        lines += _wrapped(decided, _VALUE)
    if data["recurred_from"]:
        lines.append(f"  follows     {data['recurred_from']}")
    lines += [*_to_do(data), "", *_trace(data)]
    tickets = rows(data["tickets"])
    if tickets:
        lines += [
            "",
            *(f"ticket {each['id']}: {each['kind']}, {each['state']}" for each in tickets),
        ]
    return "\n".join(lines)


def why_page(data: Page) -> str:
    """Explain an incident: the rules' answer, then each stop, then where it stands."""
    lines = [f"{data['check']} on {data['host']}", f"  {_standing(data)}", ""]
    lines += _indented(str(data["rules"]))
    if data["why_not"]:
        lines += ["", *_indented(str(data["why_not"]))]
    for plan in rows(data["plans"]):
        lines += ["", *plan_lines(plan)]
    return "\n".join([*lines, *_to_do(data), "", *_trace(data)])


def ticket_page(data: Page) -> str:
    """Show a ticket: what stopped, for which incidents, who said what, and who was told."""
    lines = [
        f"{data['id']}   {data['kind']}   {data['severity']}   {data['state']}",
        *textwrap.wrap(
            sentence_of(str(data["kind"]), str(data["reason"])),
            _COLUMNS,
            initial_indent="  ",
            subsequent_indent="  ",
        ),
    ]
    for incident in rows(data["entries"]):
        named = (incident["rule"], incident["runbook"])
        would = " -> ".join(str(name) for name in named if name)
        lines.append(
            f"  {incident['incident']}  {incident['check']} on {incident['host']}  {would}"
        )
        if incident["text"]:
            lines += [*_to_do(incident), ""]
    lines += [
        f"  {line['at']}  {line['what']} by {line['who']}  {line['note']}".rstrip()
        for line in rows(data["history"])
    ]
    lines += [f"  {line['channel']}: {_delivery(line)}" for line in rows(data["deliveries"])]
    if data["due"]:
        doing = "settled" if data["state"] == "acked" else "answered"
        lines.append(f"  to be {doing} by {data['due']}")
    return "\n".join(lines)


def _delivery(line: Page) -> str:
    failed = f", failed {line['attempts']} times" if line["attempts"] else ""
    occasion = "" if line["occasion"] == "opened" else f"{line['occasion']} "
    return f"{occasion}{line['state']}{failed}"


def _to_do(data: Page) -> Iterator[str]:
    """Tell what a person shall do, where that was written down."""
    for paragraph in str(data["text"]).split("\n\n"):
        if paragraph:
            yield ""
            yield from _wrapped(f"  {' '.join(paragraph.split())}", "  ")


def _standing(data: Page) -> str:
    reason = f" ({data['reason']})" if data["reason"] else ""
    until = "watched until" if data["state"] == "healed" else "again at"
    due = f", {until} {data['due']}" if data["due"] else ""
    return f"{data['state']}{reason}{due}"


def _trace(data: Page) -> Iterator[str]:
    """Tell the trace: time, fact and move in one line, what explains it below."""
    for fact in rows(data["trace"]):
        at = str(fact["at"])[11:19]
        moved = f"-> {fact['to']}" if fact["to"] else ""
        yield f"  {at}  {str(fact['kind']).replace('_', ' '):<26} {moved}".rstrip()
        told = "; ".join(_flat(mapping(fact["body"]), ""))
        yield from _wrapped(_VALUE + told, _VALUE)


def _indented(text: str) -> Iterator[str]:
    """Wrap each line of a text under where its own words begin."""
    for line in text.splitlines():
        yield from _wrapped(line, " " * (len(line) - len(line.lstrip()) + 2))


def _wrapped(line: str, hanging: str) -> list[str]:
    """Break a line into lines of a terminal; what has no space stays whole."""
    return textwrap.wrap(
        line, _COLUMNS, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def _flat(body: Page, within: str) -> Iterator[str]:
    """Spell a fact's body as `key value`, inner keys behind outer ones, without empty values."""
    for key, value in body.items():
        name = f"{within}{key}".replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(cast("Page", value), f"{name} ")
        elif value not in ("", None, [], 0, 0.0, False):
            yield f"{name} {_short(value)}"


def _short(value: object) -> str:
    text = str(value)
    hexadecimal = len(text) == _SHA256 and set(text) <= _HEX
    return text[:12] if hexadecimal else text
