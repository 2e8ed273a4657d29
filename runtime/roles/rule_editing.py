"""Changes to the rules of a site: written into its own folder, never into what is shipped.

A rule of the site is changed where it stands.  A shipped one is copied whole into the site's
`l1/overrides.yaml`, changed there, and from then on counts in place of the shipped one.
"""

import contextlib
import difflib
import importlib.metadata
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import attrs

from actors.catalogue.rule_edits import UneditableError, rule_text, with_key, with_rule
from actors.catalogue.rule_files import read_rules
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from runtime.documents import as_mapping
from runtime.errors import ConflictError, InvalidFileError, NotFoundError
from runtime.hosts.replaced_file import replace_file
from runtime.settings import Settings, shipped

OVERRIDES = Path("overrides.yaml")
RULES = "l1"
"""The folder of rules in a site's folder."""


@attrs.frozen
class Edit:
    """A file, and what it shall say."""

    path: Path
    before: str | None
    """None where the file is new."""
    after: str

    def diff(self) -> str:
        """Show the change as `diff -u` does."""
        old = (self.before or "").splitlines(keepends=True)
        name = "/dev/null" if self.before is None else str(self.path)
        lines = difflib.unified_diff(
            old, self.after.splitlines(keepends=True), name, str(self.path)
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def apply(self) -> None:
        """Write it.

        Raises:
            ConflictError: somebody changed the file meanwhile.
            InvalidFileError: it cannot be written.
        """
        before = None if self.before is None else self.before.encode()
        replace_file(self.path, before, self.after.encode())


@attrs.frozen
class Standing:
    """A rule and where it stands."""

    rule: Rule
    path: Path
    line: int | None
    index: int
    """Among the rules of its file, from 0."""


def rules_folder(settings: Settings) -> Path:
    """Give the folder of the site's own rules; it need not be there yet.

    Raises:
        ConflictError: the config names no folder of the site's own.
        InvalidFileError: what it names is no folder.
    """
    if settings.rules is None:
        raise ConflictError(
            "the config names no folder for the site's own rules: make one, say"
            " `rules: /etc/aright/rules` in the config, and restart the appliance"
        )
    if not settings.rules.is_dir():
        raise InvalidFileError(str(settings.rules), "is no folder: make it first")
    return settings.rules / RULES


def changed(
    settings: Settings, rule_id: str, key: str, value: str | bool, note: str = ""
) -> Edit | None:
    """Set `enabled` or `mode` of a rule; None where it says so already.

    `note` becomes a comment over it.

    Raises:
        NotFoundError: no rule is called so.
        ConflictError: it is set aside, or stands in a JSON file, or the site has no folder.
        InvalidFileError: its file cannot be read, or not be changed by a program.
    """
    folder = rules_folder(settings)
    own = _found(folder, rule_id)
    if own is not None:
        return None if _says(own.rule, key, value) else _edit_in_place(own, key, value, note)
    stock = _found(shipped("rules") / RULES, rule_id) if settings.shipped_rules else None
    if stock is None:
        known = [*_ids(folder), *(_ids(shipped("rules") / RULES) if settings.shipped_rules else ())]
        raise NotFoundError("rule", rule_id, known)
    return None if _says(stock.rule, key, value) else _override(folder, stock, key, value, note)


def _says(rule: Rule, key: str, value: str | bool) -> bool:
    return value == (rule.enabled if key == "enabled" else rule.mode)


def _edit_in_place(own: Standing, key: str, value: str | bool, note: str) -> Edit:
    if own.path.suffix == ".json":
        raise ConflictError(
            f"{own.path}: rules in JSON are not changed by this command; change {own.rule.id} by"
            " hand, or keep it in YAML"
        )
    text = text_of(own.path)
    with located(own.path, own.line):
        return Edit(own.path, text, with_key(text, own.index, key, value, note))


def _override(folder: Path, stock: Standing, key: str, value: str | bool, note: str) -> Edit:
    written = rule_text(text_of(stock.path), stock.index)
    alone = with_key(with_rule("", written), 0, key, value, note)
    release = importlib.metadata.version("aright")
    place = f"{RULES}/{stock.path.name}:{stock.line}"
    origin = f"# Copied from the shipped {place} of release {release}, and counts in its place."
    path = folder / OVERRIDES
    before = text_of(path) if path.exists() else None
    with located(path):
        return Edit(path, before, with_rule(before or "", f"{origin}\n{rule_text(alone, 0)}"))


@contextlib.contextmanager
def located(path: Path, line: int | None = None) -> Generator[None]:
    """Tell in which file a change is not possible; raises InvalidFileError."""
    try:
        yield
    except UneditableError as error:
        raise InvalidFileError(str(path), str(error), line=line) from error


def _found(folder: Path, rule_id: str) -> Standing | None:
    """Find the rule that counts: of two valid ones with one id, the first.

    Raises:
        ConflictError: the only one of that id is set aside.
    """
    if not folder.is_dir():
        return None
    read, counted = read_rules(folder), Counter[str]()
    aside = ""
    for raw, place in zip(read.rules, read.places, strict=True):
        index = counted[place.path]
        counted[place.path] += 1
        mapping = as_mapping(raw)
        if mapping is None or mapping.get("id") != rule_id:
            continue
        judged = rule_from(raw)
        if isinstance(judged, Rule):
            return Standing(judged, Path(place.path), place.line, index)
        aside = aside or f"{place}: rule {rule_id} is set aside: {judged}; mend it first"
    if aside:
        raise ConflictError(aside)
    return None


def _ids(folder: Path) -> list[str]:
    rules = map(rule_from, read_rules(folder).rules) if folder.is_dir() else ()
    return [rule.id for rule in rules if isinstance(rule, Rule)]


def text_of(path: Path) -> str:
    """Read a file as it is, line ends and byte order mark too.

    Raises:
        InvalidFileError: it cannot be read, or is no UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InvalidFileError(str(path), "cannot be read: it is no UTF-8") from error
    except OSError as error:
        raise InvalidFileError(str(path), f"cannot be read: {error.strerror}") from error
