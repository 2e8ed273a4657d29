"""What opens a door: passwords beside their words, and tokens and keys by their form."""

import functools
import re
from string import ascii_lowercase
from typing import Final

from runtime.scrub.gap import Gap
from runtime.scrub.linear import Gate, linear
from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_VALUE: Final = compiled(
    r"(?:(?:Bearer|Basic|Digest|Token|Negotiate|NTLM) +)?((?:[^\s\"'<>;,&\x01|]"
    r"|&(?!\w{1,30}=)){3,2000})",
    re.IGNORECASE,
)
_PLAIN_VALUE: Final = compiled(r"[^\s\"'<>;,&\x01|]{3,2000}+(?!&)")
"""What most values are; `_VALUE` takes ten times as long for each character."""
_BEGIN_SCHEMES: Final = frozenset("BDTNbdtn")
_SMALL_LETTERS: Final = compiled(r"[a-z]{1,40}(?: |$)")
_QUOTED: Final = {
    '"': compiled(r"(?:(?:[^\"\\\r\n\x01]|\\[^\r\n\x01]){3,200}|[^\"\r\n\x01]{3,200})(?=\")"),
    "'": compiled(r"[^'\r\n\x01]{3,200}(?=')"),
    '\\"': compiled(r"(?:[^\"\\\r\n\x01]|\\\\\\\"|\\[^\"\r\n\x01]){3,200}(?=\\\")"),
}
"""By the quote that begins it, and that alone ends it: the other one may stand within, and so may
one behind a backslash, unless it is the last: `password = "two words\\"`.  The last is of JSON that
stands as a text in JSON.
"""
_SHORT: Final = (
    "pass",
    "pwd",
    "pw",
    "pin",
    "psk",
    "community",
    "secret",
    "otp",
    "code",
    "cred",
    "wpa",
    "wifi",
    "key pass",
)
_NONE: Final = words_of(
    "windows linux macos high medium low critical info json yaml kind asks every booting device"
    " config ssh sudo text string varchar optional any all some one each host hosts see with"
    " without null none nil true false yes no n/a unknown missing invalid empty undefined required"
    " optional redacted masked"
    " expired expires expire policy reset changed change incorrect failed failure success ok"
    " error enabled disabled"
    " never must set unset default string hidden denied rejected accepted wrong correct hash"
    " prompt field file length"
    " age for from the and was is not authentication protected complexity requirements manager"
    " store vault rotation"
    " bucket ring type expiration validation refresh service server request response issued"
    " revoked valid hashing"
    " public private signing window size stealing theft user users login account hint attempts"
    " guess spray spraying"
    " mode method level based token key secret password basic bearer oauth kerberos ntlm digest"
    " negotiate reader"
    " plaintext cleartext securestring system network admin administrator root guest anonymous"
    " sent received"
)


_COMMA: Final = compiled(r",[^\s\"'<>;,=:\x01|]{1,64}(?=;)")
"""A comma within a password of a connection string, whose fields part at semicolons."""
_APOSTROPHE: Final = compiled(r"'(?=\w)[^\s\"'<>;,&\x01|]{1,64}")
"""One within a password that no quotes hold; `_mixed` tells it from `don't`."""


@functools.lru_cache(maxsize=1024)
def _is_short(spelled: str) -> bool:
    """Say whether a phrase may name a secret of few characters, as a PIN is."""
    return any(word in spelled for word in _SHORT)


def secret_at(text: str, spelled: str, gap: Gap) -> tuple[int, int] | None:
    """Give where the secret beside a phrase begins and ends, if one stands there."""
    start, strong, told = gap.start, gap.strong, gap.told
    found = _in_quotes(text, start) if strong or told else None
    if found is not None:
        value, span = found[0], found.span()
    else:
        if text[start : start + 1] not in _BEGIN_SCHEMES:
            if not strong and _SMALL_LETTERS.match(text, start) is not None:
                return None  # what people say of a password
            found = _PLAIN_VALUE.match(text, start)
        if found is not None:
            value, span = found[0], found.span()
        elif (found := _VALUE.match(text, start)) is not None:
            value, span = found[1], found.span(1)
        else:
            return None
        value, span = _with_apostrophe(text, value, span)
    if strong and (more := _COMMA.match(text, span[1])) is not None:
        value, span = value + more[0], (span[0], more.end())
    trimmed = value.rstrip(".)]},!?" if not strong else ")]}")
    span = span[0], span[0] + len(trimmed)
    short = _is_short(spelled)
    bare = trimmed.lower().strip("*<>%$()[]{}.")
    if (
        (not strong and trimmed[:1] == "-")
        or bare in _NONE
        or len(trimmed) < (3 if short else 6)
        or _NAMED.search(trimmed)
    ):
        return None
    if strong:
        few = trimmed.isalpha() or (trimmed.isdigit() and len(trimmed) < _LONG_NUMBER)
        # Behind `Basic` and its like stands a secret, whatever it is made of.
        sure = short or not few or span[0] > start
        return span if sure or len(trimmed) >= _LONG else None
    if not told and not _mixed(trimmed):
        return None
    return span if _mixed(trimmed) or (told and short and not trimmed.islower()) else None


def _in_quotes(text: str, start: int) -> re.Match[str] | None:
    quoted = _QUOTED.get(text[start - 2 : start]) or _QUOTED.get(text[start - 1 : start])
    return None if quoted is None else quoted.match(text, start)


def _with_apostrophe(text: str, value: str, span: tuple[int, int]) -> tuple[str, tuple[int, int]]:
    more = _APOSTROPHE.match(text, span[1])
    if more is None or not _mixed(value + more[0]):
        return value, span
    return value + more[0], (span[0], more.end())


_NAMED: Final = compiled(
    r"^(?:(?:ConvertTo|ConvertFrom|Get|New|Read|Import)-[A-Z]|%%|\$\(|\$\{|0x|S-1-|HKLM|HKEY|\{\{|[A-Za-z]:\\|/[a-z]{2,12}/\w|/(?:root|tmp)$|file:|env:|vault:|_)|\d{3}\.\d{3}\("
)
"""What names a secret or a setting and is none: a place, a variable, the id of a control."""
_LATER: Final = compiled(
    r"[^.\r\n;:=\x01]{0,60}?\b(?:is|was|are|to|as|be|reads|says)[: ]{1,3}"
    r"[\"'(]?([^\s\"'<>;,\x01|]{6,128})",
    re.IGNORECASE,
)


_DIGIT: Final = compiled(r"[0-9]")
_NEAR: Final = 128


def secret_said(text: str, end: int) -> tuple[int, int] | None:
    """Give the secret that is said some words behind a phrase: `password for the portal is ...`."""
    if not _DIGIT.search(text, end, end + _NEAR):
        return None
    found = _LATER.match(text, end)
    if found is None:
        return None
    value = found[1].rstrip(".,;:?)")
    strange = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if not strange or re.fullmatch(r"[a-z]+\d+|[\d.:/\-]+[a-z]{0,3}|[A-Z]+-?\d+|v?\d[\w.]*", value):
        return None
    return found.start(1), found.start(1) + len(value)


def _mixed(value: str) -> bool:
    """Say whether letters stand with digits or signs, as in few words."""
    letters = any(map(str.isalpha, value))
    others = any(char.isdigit() or char in "!@#$%^&*+=~?" for char in value)
    if value.isdigit():
        return len(value) in _PIN_DIGITS
    return letters and others and len(value) >= _LONG_ENOUGH


_LONG_NUMBER: Final = 8
_LONG: Final = 16
_LONG_ENOUGH: Final = 6
_PIN_DIGITS: Final = range(4, 9)


_FORMED: Final = Gate(
    r"AKIA[A-Z0-9]{12}|ASIA[A-Z0-9]{12}|gh[pousr]_[A-Za-z0-9]{16}|github_pat_|glpat-|xox[a-z]-"
    r"|xapp-|[spr]k[-_][A-Za-z0-9_\-]{16}|AIza[A-Za-z0-9_\-]{16}"
    r"|ya29\.|SG\.[A-Za-z0-9_\-]{16}|npm_[A-Za-z0-9]{20}|pypi-[A-Za-z0-9_\-]{20}|dop_v1_"
    r"|hv[sb]\.[A-Za-z0-9_\-]{16}|eyJ[A-Za-z0-9_\-]{8}"
    r"|SK[a-f0-9]{32}|AC[a-f0-9]{32}|key-[a-f0-9]{32}|hooks\.slack\.com|\$(?:1|2[abxy]?|5|6|y"
    r"|argon2[a-z]*)\$|PRIVATE KEY"
    r"|[?&]code=|://[^\s/:]*:[^\s;]+@|response=\"[0-9a-f]{32}\"|[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{6}-|(?:AccountKey|SharedAccessKey"
    r"|sig)=|^[A-Za-z0-9+/]{60,76}={0,2}$"
)
"""What RE2 looks for at once, before it looks where."""
_SHORTEST_BODY: Final = 60
TOKENS: Final = words_of("xapp ya hooks private").union(f"xox{each}" for each in ascii_lowercase)
"""Words of tokens that are short."""

# By RE2: an alternative for each form, and one pass whatever the text.
_TOKENS: Final = linear(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}"
    r"|\bglpat-[A-Za-z0-9_\-]{16,}"
    r"|\bxox[a-z]-[A-Za-z0-9\-]{8,}|\bxapp-[A-Za-z0-9\-]{8,}|\b[spr]k[-_](?:(?:live|test|ant"
    r"|proj|or|svcacct)[-_])?[A-Za-z0-9_\-]{16,}"
    r"|\bAIza[A-Za-z0-9_\-]{30,}|\bya29\.[A-Za-z0-9_\-.]{20,}"
    r"|\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"
    r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_\-]{30,}|\bdop_v1_[a-f0-9]{32,}"
    r"|\bhv[sb]\.[A-Za-z0-9_\-]{20,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?"
    r"|\b[A-Z0-9]{6}(?:-[A-Z0-9]{6}){5,7}\b|\bSK[a-f0-9]{32}\b|\bAC[a-f0-9]{32}\b"
    r"|\bkey-[a-f0-9]{32}\b"
    r"|\$(?:1|2[abxy]?|5|6|y|argon2[a-z]*)\$[./A-Za-z0-9$=,+]{8,}|^[A-Za-z0-9+/]{60,76}={0,2}$"
)
_AFTER: Final = linear(
    r"://[^\s/:\"'<>]*:([^\s/;\"'<>]+|[^\s/;@\"'<>\d][^\s;@\"'<>]+)@|[?&]code=([A-Za-z0-9/%._~\-]{10,})|response=\"([0-9a-f]{32})\"|hooks\.slack\.com/services/([A-Za-z0-9/]{10,})"
    r"|(?:AccountKey|SharedAccessKey|sig)=([A-Za-z0-9+/%=]{20,})"
    r"|(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\A-Za-z0-9+/=]*(?:-----END [A-Z ]*PRIVATE KEY-----)?)"
    r"|(-----END [A-Z ]*PRIVATE KEY-----)"
)


def _may_have_tokens(look: Look) -> bool:
    """Say whether more stands in a row than in a word, or what stands in a token that is short."""
    text = look.text
    return (
        look.long_word
        or "eyJ" in text
        or "$" in text
        or ("@" in text and "://" in text)
        or ("=" in text and ("code=" in text or "sig=" in text or "Key=" in text))
        or not TOKENS.isdisjoint(look.told)
        or (len(text) >= _SHORTEST_BODY and " " not in text)
    )


def find_tokens(look: Look, found: list[Span]) -> None:
    """Add tokens and keys."""
    text = look.text
    if not _may_have_tokens(look) or not _FORMED.open(text):
        return
    for match in _TOKENS.finditer(text):
        value = match.group()
        if value[2:3] in {"-", "_"} and value[1] == "k" and not any(map(str.isdigit, value)):
            continue
        if len(value) in range(60, 79) and value.isalnum() and not _is_base64(value):
            continue
        found.append(Span(match.start(), match.end(), "secret"))
    for match in _AFTER.finditer(text):
        group = next(number for number in range(1, 8) if match.start(number) >= 0)
        found.append(Span(match.start(group), match.end(group), "secret"))


def _is_base64(value: str) -> bool:
    """Tell a line of a key's body from a hash and from a long word."""
    kinds = str.isupper, str.islower, str.isdigit
    return all(any(map(kind, value)) for kind in kinds)


_PROGRAMS: Final = (
    r"(?:curl|wget|http|mysql|mysqldump|mysqladmin|mariadb|sshpass|psexec|psexec64|docker|podman"
    r"|winexe|net1?|plink|rdesktop|xfreerdp|ipmitool"
    r"|htpasswd|sqlcmd|bcp|osql|zip|7z|unzip|cmdkey|schtasks|crackmapexec|echo|smbclient|mount"
    r"|openssl|ldapsearch|rabbitmqctl|redis-cli|snmp\w+|runas|ssh-keygen|wmic|winrs|pscp)(?:\.exe)?"
)
PROGRAMS: Final = words_of(
    "curl wget http mysql mysqldump mysqladmin mariadb sshpass psexec docker podman winexe net"
    " plink rdesktop xfreerdp ipmitool htpasswd sqlcmd bcp osql zip z unzip cmdkey schtasks"
    " crackmapexec echo smbclient mount openssl ldapsearch rabbitmqctl redis runas ssh wmic winrs"
    " pscp asplaintext securestring"
)
"""The words of `_PROGRAMS`, but for those of SNMP, and of what PowerShell takes."""
_ANY_PROGRAM: Final = compiled(rf"\b{_PROGRAMS}\b")
_SWITCH: Final = compiled(r"\s[-/][a-z]|user|use |:")
_FED: Final = compiled(r"\becho [^|]{3,128}\| *(?:sudo -s|passwd|chpasswd|docker|cryptsetup)\b")
"""Who reads a password from a pipe."""
_PLAINLY: Final = ("asplaintext", "securestring")


def _is_command_line(look: Look) -> bool:
    """Say whether a program stands in a line, and what may be for it."""
    lower = look.lower
    if "|" in lower and _FED.search(lower) is not None:
        return True
    for part in lower.split("|"):
        program = _ANY_PROGRAM.search(part)
        if program is not None and _SWITCH.search(part, program.end()):
            return True
    return any(each in lower for each in _PLAINLY)


_PORTS: Final = compiled(r"[\d.]*:?\d+:\d+(?:/\w+)?")
_PROGRAM: Final = compiled(rf"\b{_PROGRAMS} |convertto-securestring|-asplaintext")
"""In a line in small letters."""
_WINDOW: Final = 400
"""Characters of a command line that are read behind its program."""
_TRIED: Final = 3
"""Programs within that, at most: a line of nothing but programs is no command line."""
_ON_COMMAND_LINES: Final = tuple(
    compiled(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:curl|wget|http)\b.*?\s(?:-u|--user)[ =]?['\"]?[\w.\-\\@]{1,64}:([^\s'\"]{1,128})",
        (
            r"^(?:mysql\w*|mariadb|sshpass|redis-cli|ipmitool|smbclient)\b.*?\s-[paP] ?"
            r"['\"]?((?!\d{1,5}(?:\s|$))[^\s'\"\-/][^\s'\"]{2,127})"
        ),
        (
            r"^(?!net|echo|mysql|mount|http|curl|wget|openssl|redis).*?\s(?:-p|-pw|/p:|/pass:|/rp"
            r"|--password|/password:|-w)[ =]?['\"]?([^\s'\"/\-][^\s'\"]{2,127})"
        ),
        r"^ssh-keygen\b.*?\s-[NP] ?['\"]([^'\"]{2,128})['\"]",
        r"^snmp\w+\b.*?\s-[caAX] ?['\"]?([^\s'\"\-][^\s'\"]{2,63})",
        r"^smbclient\b.*?\s-U ?['\"]?[^\s%'\"]{1,64}%([^\s'\"]{2,127})",
        r"^net1?(?:\.exe)? +user +[^\s/]{1,64} +([^\s/]{3,128})",
        r"^net1?(?:\.exe)? +use +(?:[A-Za-z*]:? +)?\\\\\S{1,128} +(?:/\S+ +)*([^\s/]\S{1,127})",
        r"^net1?(?:\.exe)? +use\b.*?/user:\S{1,64} +([^\s/]\S{2,127})",
        r"^.*?(?:SecureString|AsPlainText)[^;|]{0,40}?['\"]([^'\"]{3,128})['\"]",
        r"^echo +['\"]?[\w.\-]{1,32}:([^\s'\"|]{3,64})['\"]? *\| *(?:sudo +)?chpasswd",
        (
            r"^echo +(?:-[ne]+ +)?['\"]?([^'\"|]{3,64}?)['\"]? *"
            r"\| *(?:sudo +-S|passwd|docker login|cryptsetup)"
        ),
        r"^mount\b.*?\bpassw?(?:ord)?=([^\s,'\"]{2,128})",
        r"^openssl\b.*?\s-(?:passin|passout|pass|k) ['\"]?(?:pass:)?([^\s'\"]{3,128})",
    )
)


def find_on_command_lines(look: Look, _: Vocabulary, found: list[Span]) -> None:
    """Add passwords that stand on a command line behind a switch or in their place."""
    if not _is_command_line(look):
        return
    text, lower, at = look.text, look.lower, 0
    while (program := _PROGRAM.search(lower, at)) is not None:
        end = min(program.start() + _WINDOW, len(text))
        tried = 0
        while program is not None and tried < _TRIED:
            _read_command(text[program.start() : end].partition("\n")[0], program.start(), found)
            tried += 1
            program = _PROGRAM.search(lower, program.end(), end)
        at = end


_STRONG: Final = (
    r"(?=[^\s\"']{0,63}\d)(?=[^\s\"']{0,63}[A-Za-z])(?=[^\s\"']{0,63}[!@#%^])"
    r"(?![A-Za-z\-]{1,40}#\d+(?!\w)|[^\s@]{1,64}@[A-Za-z])[A-Za-z0-9!@#%^*?~+.\-_$&]{6,64}"
)
"""What people choose for a password: letters, figures and a sign; no ticket, no address."""
_LOGS_IN: Final = r"\b(?:log ?[io]n|sign ?in|user(?:name|id)?|uid|accounts?|cred\w*|rdp|vpn)\b"
LOGINS: Final = words_of(
    "login logon log signin sign user username userid uid account accounts rdp vpn"
)
"""The words of `_LOGS_IN`, but for credentials."""
_WHO_LOGS_IN: Final = compiled(_LOGS_IN)
_PASSED: Final = compiled(r"\s-(?:p|P|pw|w|W|a) ?[\"']?\w*[A-Z!@#%^]")
_LOGIN: Final = compiled(
    rf"(?:{_LOGS_IN}[^\r\n]{{0,40}}?"
    r"[\s/:,(|]|\s-(?:p|pw|w|a) ?)[\"']?(" + _STRONG + r")(?=[\s\"',;.)|]|$)",
    re.IGNORECASE,
)


def _may_log_in(look: Look) -> bool:
    """Say whether a sign of a password stands behind who logs in, or behind a switch."""
    text = look.text
    sign = look.shape.rfind("!")
    named = not LOGINS.isdisjoint(look.told) or "cred" in look.lower
    return (named and _WHO_LOGS_IN.search(look.lower, 0, sign) is not None) or (
        (" -" in text or "\t-" in text) and _PASSED.search(text) is not None
    )


def find_logins(look: Look, found: list[Span]) -> None:
    """Add what looks like a password where somebody logs in, behind any program's switch too."""
    if not _may_log_in(look):
        return
    text = look.text
    found.extend(Span(*match.span(1), "secret") for match in _LOGIN.finditer(text))


def _says_none(value: str) -> bool:
    return value == "*" or value.lower().strip("*<>") in _NONE


def _read_command(command: str, begin: int, found: list[Span]) -> None:
    for pattern in _ON_COMMAND_LINES:
        match = pattern.match(command)
        if match is not None and not _PORTS.fullmatch(match[1]) and not _says_none(match[1]):
            start, end = match.span(1)
            end = _where_its_quote_ends(command, start, end)
            found.append(Span(begin + start, begin + end, "secret"))


def _where_its_quote_ends(command: str, start: int, end: int) -> int:
    """Read on to the end of the word, which quotes may hold together: `-p 'two words'`."""
    word = command[command.rfind(" ", 0, start) + 1 : start + 1]
    quote = next((char for char in word if char in "\"'"), "")
    if not quote or word.count(quote) != 1:
        return end
    return max(end, command.find(quote, start + 1))
