"""One thing on a page, for a person: an incident with its trace, the why of it, a ticket."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import cast

from runtime.cli.client import mapping, rows
from runtime.cli.sentences import sentence_of

Page = Mapping[str, object]

_COLUMNS = 80
_INDENT = " " * 12
_SHA256 = 64
_HEX = frozenset("0123456789abcdef")


def incident_page(data: Page) -> str:
    """Show an incident: what drifted, where it stands, and its trace line by line."""
    lines = [
        f"{data['id']}   {data['check']} on {data['host']}   {data['severity']}",
        f"  stands      {_standing(data)}",
        f"  observed    {data['count']} times, last {data['last_seen']}",
        f"  expected    {data['expected']}",
        f"  actual      {data['actual']}",
    ]
    if data["rule"]:
        runbook = f", runbook {data['runbook']}" if data["runbook"] else ""
        lines.append(f"  decided by  rule {data['rule']}{runbook}, mode {data['mode']}")
    if data["recurred_from"]:
        lines.append(f"  follows     {data['recurred_from']}")
    lines += ["", *_trace(data)]
    tickets = rows(data["tickets"])
    if tickets:
        lines += [
            "",
            *(f"ticket {each['id']}: {each['kind']}, {each['state']}" for each in tickets),
        ]
    return "\n".join(lines)


def why_page(data: Page) -> str:
    """Explain an incident: the rules' answer, then each stop, then where it stands."""
    lines = [f"{data['check']} on {data['host']}: {_standing(data)}", "", str(data["rules"])]
    if data["why_not"]:
        lines += ["", str(data["why_not"])]
    return "\n".join([*lines, "", *_trace(data)])


def ticket_page(data: Page) -> str:
    """Show a ticket: what stopped, for which incidents, who said what, and who was told."""
    lines = [
        f"{data['id']}   {data['kind']}   {data['severity']}   {data['state']}",
        f"  {sentence_of(str(data['kind']), str(data['reason']))}",
    ]
    for incident in rows(data["entries"]):
        named = (incident["rule"], incident["runbook"])
        would = " -> ".join(str(name) for name in named if name)
        lines.append(
            f"  {incident['incident']}  {incident['check']} on {incident['host']}  {would}"
        )
    lines += [
        f"  {line['at']}  {line['what']} by {line['who']}  {line['note']}".rstrip()
        for line in rows(data["history"])
    ]
    lines += [
        f"  {line['channel']}: {line['state']} after {line['attempts']} attempts"
        for line in rows(data["deliveries"])
    ]
    return "\n".join(lines)


def _standing(data: Page) -> str:
    reason = f" ({data['reason']})" if data["reason"] else ""
    due = f", again at {data['due']}" if data["due"] else ""
    return f"{data['state']}{reason}{due}"


def _trace(data: Page) -> Iterator[str]:
    """Tell the trace: time, fact and move in one line, what explains it below."""
    for fact in rows(data["trace"]):
        at = str(fact["at"])[11:19]
        moved = f"-> {fact['to']}" if fact["to"] else ""
        yield f"  {at}  {str(fact['kind']).replace('_', ' '):<26} {moved}".rstrip()
        told = "; ".join(_flat(mapping(fact["body"]), ""))
        yield from textwrap.wrap(
            told,
            _COLUMNS,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_long_words=False,
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
