"""Computes the evidence log of a state directory anew, whether an appliance runs or not."""

from pathlib import Path

from actors.evidence_log import SqliteEvidenceReads
from actors.evidence_log.files import HEADS, HeadsFile
from actors.evidence_log.recheck import FileLooks, Rechecked, recheck
from actors.evidence_log.sqlite_reads import tiles_in
from runtime.roles.views import open_journal


def rechecked(state_dir: Path) -> Rechecked:
    """Compute all of it anew.

    Raises:
        StateDirError: there is none, or it cannot be read.
        InvalidFileError: the file of heads is damaged.
    """
    file = HeadsFile(state_dir / HEADS)
    with open_journal(state_dir) as connection:
        before = file.last()
        connection.execute("BEGIN")  # all of it sees the same commits
        connection.execute("SELECT count(*) FROM evidence_logs").fetchone()
        return recheck(SqliteEvidenceReads(), tiles_in, FileLooks(before, file.last()), connection)
