"""Whether booting otherwise asks for a password, as Debian and the Red Hat family write it down."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from actors.catalogue.check_files import load_checks
from actors.catalogue.checks import examine
from actors.messages import Status
from runtime.hosts.local_target import LocalTarget
from tests.catalogue.trees import plant

CHECK = load_checks(Path(__file__).parents[2] / "rules" / "checks").by_id["bootloader_password"]
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
RED_HAT = "if [ -n x ]; then\n  password_pbkdf2 root ${GRUB2_PASSWORD}\nfi\n"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"/boot/grub/grub.cfg": "password_pbkdf2 ops grub.pbkdf2.sha512.1.A.B\n"}, Status.PASS),
        ({"/boot/grub/grub.cfg": "password ops secret\n"}, Status.FAIL),
        ({"/boot/grub2/grub.cfg": RED_HAT}, Status.FAIL),
        (
            {
                "/boot/grub2/grub.cfg": RED_HAT,
                "/boot/grub2/user.cfg": "GRUB2_PASSWORD=grub.pbkdf2.sha512.1.A.B\n",
            },
            Status.PASS,
        ),
        ({}, Status.UNKNOWN),
    ],
)
async def test_a_hash_counts_and_a_mention_does_not(
    tmp_path: Path, files: Mapping[str, str], status: Status
) -> None:
    answer = await examine(CHECK, LocalTarget(plant(tmp_path, files)), NOW)

    assert answer.status is status
