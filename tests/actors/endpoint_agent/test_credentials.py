"""The certificate of an agent: made of its own key, replaced whole, renewed in time."""

import datetime as dt
from pathlib import Path

import pytest
import trio
import trio.testing

from actors.endpoint_agent import Credentials, EnrolmentFailedError, Invitation
from runtime.clock import VirtualClock
from runtime.hosts.device_certificate import CertificateError, NewKey
from tests.pki import NOW, Pki


async def test_a_certificate_is_due_when_two_thirds_of_its_life_are_over(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    credentials = Credentials(Pki(tmp_path).device(), "ws-7", VirtualClock(NOW))

    await credentials.until_due()

    begins, ends = credentials.device.life()
    assert ends - begins > dt.timedelta(hours=24)
    due = (begins + (ends - begins) * 2 / 3 - NOW).total_seconds()
    assert trio.current_time() == pytest.approx(due, abs=1)


def test_a_certificate_for_another_key_is_not_taken_and_the_old_one_stays(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    device, other = pki.device(), NewKey.made("ws-7")
    before = (device.folder / "device.pem").read_bytes()

    with pytest.raises(CertificateError, match="another key"):
        device.keep(NewKey.made("ws-7"), pki.issued(other))
    with pytest.raises(CertificateError, match="no certificate"):
        device.keep(other, b"")

    assert (device.folder / "device.pem").read_bytes() == before


def test_nobody_else_reads_the_key(tmp_path: Path) -> None:
    device = Pki(tmp_path).device()

    assert (device.folder / "device.pem").stat().st_mode & 0o777 == 0o600
    assert device.folder.stat().st_mode & 0o777 == 0o700


def test_an_invitation_is_read_and_never_repeated() -> None:
    text = "aright-1:main%20street:ABCDEFGHIJKLMNOPQRSTUVWXYZ:" + "a" * 64

    invitation = Invitation.parsed(f" {text}\n")

    assert invitation.site_id == "main street"
    assert "ABCDEF" not in repr(invitation)
    with pytest.raises(EnrolmentFailedError) as refused:
        Invitation.parsed(text[:-1])
    assert "ABCDEF" not in str(refused.value)
