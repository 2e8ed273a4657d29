"""The evidence log of a running appliance, as an operator meets it."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import SHADOW
from tests.system.appliance import Appliance, tree, until


@pytest.mark.timeout(240)  # it starts three times
def test_what_happens_is_proved_checked_and_not_put_back_unseen(tmp_path: Path) -> None:
    target = {"host": "ws-1", "root": str(tree(tmp_path / "ws-1", SHADOW))}
    appliance = Appliance(
        tmp_path, {"targets": [{**target, "checks": ["shadow_permissions"]}], "mode": "audit"}
    )
    try:
        appliance.start()
        incident = appliance.incident("ws-1", "refused")["id"]

        def proved() -> list[dict[str, str]]:
            rows = appliance.data("evidence", "list", "--incident", incident)
            return rows if rows and rows[-1]["proves"] == "refusal" else []

        rows = until(lambda: proved() or None, "the refusal is proved")
        assert [row["fact"] for row in rows] == ["drift_observed", "rule_matched", "audit_refused"]
        last = rows[-1]["id"]
        until(lambda: appliance.data("evidence", "show", last)["in_log"], "a head is signed")
        page = appliance.data("evidence", "show", last)
        predicate = page["statement"]["predicate"]
        assert predicate["decision"]["rule_hash"]
        assert predicate["check"]["controls"]
        assert page["head"]["note"].startswith("aright/clinic/1\n")
        assert appliance.data("evidence", "verify")["problems"] == []
        assert appliance.aright("evidence", "show", "1/99999").exit_code == 3
        assert appliance.aright("evidence", "show", "x").exit_code == 3
        assert appliance.aright("evidence", "list", "--since", "yesterday").exit_code == 2
        assert appliance.data("evidence", "list", "--control", "none") == []

        old = appliance.data("evidence", "status")["key"]["fingerprint"]
        assert appliance.aright("evidence", "rotate", "--reason", "r", "--dry-run").exit_code == 10
        assert appliance.aright("evidence", "rotate", "--reason", "yearly").exit_code == 0
        status = appliance.data("evidence", "status")
        assert status["key"]["fingerprint"] != old
        assert status["head"]["signatures"] == 2
        assert appliance.aright("evidence", "begin", "--reason", "why not").exit_code == 5
        appliance.drain()

        # Read without an appliance; then the database is put back alone.
        assert appliance.data("evidence", "verify")["leaves"] == status["log"]["size"]
        database = appliance.state_dir / "journal.db"
        shutil.copy(database, tmp_path / "backup.db")
        appliance.start()
        appliance.aright("evidence", "rotate", "--reason", "again")
        appliance.drain()
        for leftover in appliance.state_dir.glob("journal.db-*"):
            leftover.unlink()
        shutil.copy(tmp_path / "backup.db", database)

        assert appliance.aright("evidence", "verify").exit_code == 6
        appliance.start()
        until(lambda: appliance.aright("evidence", "status").exit_code == 6, "signing is stopped")
        tickets = appliance.data("ticket", "list")
        assert ("evidence", "stopped") in [(each["kind"], each["key"]) for each in tickets]
        assert appliance.aright("evidence", "begin", "--reason", "x", "--dry-run").exit_code == 10
        assert appliance.aright("evidence", "begin", "--reason", "an old disk").exit_code == 0
        assert appliance.data("evidence", "status")["log"]["origin"] == "aright/clinic/2"
    finally:
        appliance.kill()
