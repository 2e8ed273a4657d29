"""Why a check has no better answer, in words for a technician."""

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "absent": "not applicable: what it asks about is not on this host",
    "bad_argument": "a program was given an argument that it cannot take",
    "bad_path": "the path of the check is none",
    "dated_ahead": "a file is dated ahead of the clock: how old it is, nobody can tell",
    "exit_code": "the program that was asked ended with an error",
    "hangs": "the file system there does not answer: an earlier look still waits",
    "includes_too_deep": "sshd's configuration includes itself, or is nested too deep",
    "io_error": "the disk or the kernel answered with an error",
    "no_disk": "nothing is known of the file system there",
    "no_inotify": "the kernel tells nothing of who writes files",
    "no_package_database": "the host has no package database that is known (dpkg, rpm)",
    "no_package_lists": "the host has no list of the packages that there are (apt update, dnf)",
    "no_procfs": "/proc is not mounted, or has no such entry",
    "no_rights": "this user may not look there: ask as root",
    "no_root": "the directory that stands for the host is not there",
    "no_service_manager": "no systemd runs here, and the config names no command for the service",
    "no_such_directory": "a directory on the way is not there",
    "no_such_program": "the program that is asked is not installed here",
    "no_such_time": "a file bears a time that no calendar has",
    "not_a_file": "there is something at the path, but no regular file",
    "not_a_list": "the answer has another shape than the baseline needs",
    "not_a_mode": "the answer is no file mode",
    "not_a_number": "the answer is no number, and the baseline is one",
    "not_answerable_in_root": "only a machine can tell; a directory that stands for one cannot",
    "not_one_value": "the answer is a list, and the baseline one value",
    "not_parsed": "the file or the answer cannot be understood",
    "not_started": "the program that is asked could not be started",
    "only_reported": "agents tell it by themselves; it cannot be asked from here",
    "outside_root": "the path leads out of the directory that stands for the host",
    "output_truncated": "the program said more than is read",
    "timeout": "there was no answer in time",
    "too_large": "the file is larger than any configuration",
}  # fmt: skip


def why(reason: str) -> str:
    """Say what a reason code means, the code behind it; a code that is not known stands alone."""
    words = _WORDS.get(reason)
    return f"{words} ({reason})" if words else reason


_UNSIGNED: Final[Mapping[str, str]] = {
    "bad_envelope": "a statement is no envelope of this log",
    "bad_log_entry": "an entry of the log about itself is damaged",
    "head_beyond_log": "a head was signed over more leaves than there are",
    "head_differs": "a head's note says something else than is kept of it",
    "head_not_signed": "a head is not signed by the key that signed then",
    "heads_file_behind": "heads.log lacks heads that the database has: it was put back alone",
    "heads_file_damaged": "the last line of heads.log is damaged",
    "heads_file_missing": "heads.log is not there, and heads were signed",
    "inconsistent_head": "the tree does not go on from the last head that was signed",
    "key_changed_unsigned": "the key beside the database is not the one that the log names",
    "key_differs": "the key that is shown is not the one that an entry of the log brought in",
    "key_missing": "evidence_key.pem is not there",
    "key_unreadable": "evidence_key.pem cannot be read",
    "leaf_differs": "a statement is not the one that was logged",
    "leaf_missing": "a statement is missing",
    "leaves_missing": "the log has fewer statements than leaves",
    "log_differs_from_signed": "the log is not the one whose head was signed",
    "log_shorter_than_signed": "a head was signed over more leaves: an older database was put back",
    "not_readable": "the database holds what the log never wrote, and cannot be read further",
    "other_log_signed": "heads.log has a head of a log that the database does not know",
    "payload_missing": "a statement was deleted before its retention was over",
    "signature_fails": "a signature does not hold",
    "tile_differs": "hashes of the tree are not those of its leaves",
    "tile_missing": "hashes of the tree are missing",
    "tiles_missing": "hashes of the tree are missing",
}  # fmt: skip


def why_unsigned(reason: str) -> str:
    """Say what is wrong with an evidence log, the code behind it."""
    words = _UNSIGNED.get(reason)
    return f"{words} ({reason})" if words else reason
