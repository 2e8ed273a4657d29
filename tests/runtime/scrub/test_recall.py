"""Lines that were read before are not read again, and nothing of them is remembered."""

from hypothesis import given, strategies as st

from runtime.scrub import Scrubber
from runtime.scrub.recall import Recall
from runtime.scrub.span import Span

KEY = b"the key of the tests"
LINES = [
    "patient John Smith MRN 00482913 on ws-7",
    "sshd on ws-7 answers on port 22",
    "mrn,patient name,dob",
    "00482913,Smith John,1984-03-12",
    "MSH|^~\\&|ECW|LAKESIDE|||20240312||ADT^A08|M1|P|2.3",
    "PID|1||00519244||Asante^Kwabena||19950318|M",
    "",
]


@given(st.lists(st.lists(st.sampled_from(LINES), min_size=1).map("\n".join), min_size=1))
def test_a_text_is_read_alike_whatever_was_read_before_it(texts: list[str]) -> None:
    scrubber = Scrubber(KEY)

    for text in texts:
        assert scrubber.find(text) == Scrubber(KEY).find(text)
        assert scrubber.text(text) == Scrubber(KEY).text(text)


def test_what_is_remembered_is_a_digest_and_places() -> None:
    recall = Recall(KEY)
    digest = recall.digest(LINES[0], first=True)
    recall.keep(digest, [Span(8, 18, "name")])

    assert recall.found(digest) == (Span(8, 18, "name"),)
    assert len(digest) == 16
    assert digest != Recall(b"another key").digest(LINES[0], first=True), "nobody can try names"
    assert recall.found(recall.digest(LINES[0], first=False)) is None


def test_what_is_remembered_is_bounded() -> None:
    recall = Recall(KEY)
    for number in range(5000):
        recall.keep(recall.digest(f"line {number}", first=True), [])
    long = recall.digest("x" * 100_000, first=True)
    recall.keep(long, [])

    known = sum(
        recall.found(recall.digest(f"line {number}", first=True)) is not None
        for number in range(5000)
    )
    assert 0 < known <= 2048
    assert recall.found(recall.digest("line 4999", first=True)) == ()
    assert recall.found(long) is None
