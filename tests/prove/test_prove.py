"""Every shipped runbook for Linux does what it says, and the proof stays within what it made."""

from pathlib import Path

import attrs
import pytest

from actors.messages import Platform
from tests.prove.cases import Case, PlannedFile, all_cases
from tests.prove.outcome import in_force, prove_in_directory
from tests.prove.roots import GuardError, Root
from tests.prove.table import PAGE, page, shipped_rules


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_runbook_heals_what_is_broken_and_undo_puts_every_byte_back(case: Case) -> None:
    outcome = prove_in_directory(case)

    assert outcome.word in {"proved", "unproven", "needs root"}, outcome


def test_a_runbook_that_heals_nothing_fails_its_proof() -> None:
    sound = Case(runbook="LIN-PERM-001", check="shadow_permissions")

    assert "a broken host: the check answers pass" in prove_in_directory(sound).why


def test_a_runbook_of_another_check_fails_its_proof() -> None:
    wrong = Case(runbook="LIN-PERM-001", check="ssh_root_login")

    assert prove_in_directory(wrong).why == "LIN-PERM-001 does not heal ssh_root_login"


def test_the_proof_takes_no_root_that_holds_anything(tmp_path: Path) -> None:
    (tmp_path / "somebody").touch()

    with pytest.raises(GuardError, match="is not empty"):
        Root.made(tmp_path)


def test_the_proof_acts_in_no_root_that_it_did_not_mark(tmp_path: Path) -> None:
    ours = Root.made(tmp_path / "ours")
    (tmp_path / "theirs").mkdir()

    ours.guard()
    with pytest.raises(GuardError, match="is not a root that this proof made"):
        attrs.evolve(ours, path=tmp_path / "theirs").guard()


def test_the_proof_writes_nothing_through_a_link_that_leads_out(tmp_path: Path) -> None:
    ours = Root.made(tmp_path / "ours")
    (ours.path / "etc").symlink_to(tmp_path)

    with pytest.raises(GuardError, match="leads out"):
        ours.plan({"/etc/shadow": PlannedFile(content="")})
    assert not (tmp_path / "shadow").exists()


def test_each_case_names_a_shipped_runbook() -> None:
    _, runbooks = in_force()

    assert {case.runbook for case in all_cases()} <= set(runbooks)


def test_every_runbook_that_can_be_run_on_linux_has_a_case() -> None:
    _, runbooks = in_force()
    linux = {book.id for book in runbooks.values() if book.platform is Platform.LINUX}
    by_person = {book.id for book in runbooks.values() if book.by_person}

    assert linux - by_person == {case.runbook for case in all_cases()}


def test_a_runbook_that_is_not_proved_runs_only_when_a_person_approved_it() -> None:
    unproven = {case.runbook for case in all_cases() if case.unproven}
    proved = {case.runbook for case in all_cases() if not case.unproven}
    alone = unproven - proved

    rules = [rule for rule in shipped_rules() if rule.runbook_id in alone]
    assert {rule.runbook_id for rule in rules} == alone
    assert {rule.mode for rule in rules} <= {"approve"}


def test_the_page_of_the_catalogue_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "say: python -m tests.prove.table"
