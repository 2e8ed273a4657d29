"""Headers of Bitcoin blocks: which have work in them, and which files of them are read."""

import datetime as dt
import hashlib
import json

import pytest

from actors.anchorer.headers import MAX_HEADERS_FILE, header_of, read_headers
from runtime.errors import InvalidFileError
from tests.actors.anchorer.forge import vector

FILE = vector("bitcoin-headers.json")
RAW = bytes.fromhex(json.loads(FILE)["358391"]["header"])
GENESIS = bytes.fromhex(
    "01000000" + "00" * 32 + "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    "29ab5f49" + "ffff001d" + "1dac2b7c"
)
"""The first block: of difficulty 1 exactly."""


def with_bits(raw: bytes, bits: int) -> bytes:
    return raw[:72] + bits.to_bytes(4, "little") + raw[76:]


def mined(bits: int) -> bytes:
    """Find a header whose hash is below an easy target, as a liar would."""
    shown, size = bits & 0x7FFFFF, bits >> 24
    target = shown << 8 * (size - 3)
    for nonce in range(2**20):
        raw = with_bits(RAW[:76] + nonce.to_bytes(4, "little"), bits)
        if int.from_bytes(_double(raw), "little") <= target:
            return raw
    raise AssertionError("not found")


def _double(raw: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(raw).digest()).digest()


def test_a_real_header_gives_root_time_and_the_id_that_people_write() -> None:
    header = header_of(RAW)

    assert header is not None
    assert header.root.hex() == "007ee445d23ad061af4a36b809501fab1ac4f2d7e7a739817dd0cbb7ec661b8a"
    assert header.time == dt.datetime(2015, 5, 28, 15, 41, 18, tzinfo=dt.UTC)
    assert header.id.hex() == "000000000000000003e892881a8cdcdc117c06d444057c98b6f04a9ee75a2319"


def test_the_easiest_block_ever_is_one() -> None:
    header = header_of(GENESIS)

    assert header is not None
    assert header.id.hex().startswith("000000000019d668")


@pytest.mark.parametrize("place", [0, 4, 40, 70, 79])
def test_a_header_with_another_byte_has_no_work(place: int) -> None:
    changed = bytearray(RAW)
    changed[place] ^= 1

    assert header_of(bytes(changed)) is None


@pytest.mark.parametrize("bits", [0x207FFFFF, 0x2000FFFF, 0x1F0FFFFF])
def test_work_that_is_true_and_too_easy_is_no_work(bits: int) -> None:
    assert header_of(mined(bits)) is None


@pytest.mark.parametrize(
    "bits",
    [
        0,  # a target of nothing
        0x1D010000,  # easier than difficulty 1 by a hair
        0x1C800001,  # a negative target
        0xFF00FFFF,  # a target of more than 256 bits
        0x1D00FFFF,
    ],
)
def test_a_header_does_not_choose_its_own_target(bits: int) -> None:
    assert header_of(with_bits(RAW, bits)) is None


def test_a_file_of_headers_is_asked_by_height() -> None:
    headers = read_headers("headers.json", FILE)

    assert headers.at(358391) == header_of(RAW)
    assert headers.at(358392) is None


def test_hash_and_time_in_a_file_only_inform() -> None:
    told = {"358391": {"header": RAW.hex().upper(), "hash": "00", "time": "yesterday"}}

    assert read_headers("headers.json", json.dumps(told).encode()).at(358391) == header_of(RAW)


def test_a_header_without_work_leaves_the_file_usable() -> None:
    told = {"1": {"header": "00" * 80}, "358391": {"header": RAW.hex()}}
    headers = read_headers("headers.json", json.dumps(told).encode())

    assert headers.at(1) is None
    assert headers.at(358391) == header_of(RAW)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b'"358391"',
        b"[" * 100_000,
        b'{"358391": ' + b"9" * 10_000 + b"}",
        b'{"high": {"header": "00"}}',
        b'{"-1": {"header": "%s"}}' % (b"00" * 80),
        b'{"0358391": {"header": "%s"}}' % (b"00" * 80),
        b'{"358391": "%s"}' % (b"00" * 80),
        b'{"358391": {}}',
        b'{"358391": {"header": 7}}',
        b'{"358391": {"header": "%s"}}' % (b"00" * 79),
        b'{"358391": {"header": "%s"}}' % (b"00" * 81),
        b'{"358391": {"header": "%s"}}' % (b"zz" * 80),
        b'{"1": {"header": "%s"}, "1": {"header": "%s"}}' % (b"00" * 80, b"11" * 80),
    ],
)
def test_what_is_no_file_of_headers_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(InvalidFileError, match=r"^headers\.json: "):
        read_headers("headers.json", content)


def test_a_file_of_headers_has_a_largest_size() -> None:
    with pytest.raises(InvalidFileError, match="more than"):
        read_headers("headers.json", bytes(MAX_HEADERS_FILE + 1))
