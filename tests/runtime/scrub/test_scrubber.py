"""The scrubber: tags, documents, data, and what it does when it fails."""

import hashlib
import itertools
import json
import re

import pytest
from hypothesis import given, strategies as st

from runtime.scrub import Json, Scrubber, ScrubError
from runtime.scrub.beside import Beside
from runtime.scrub.tags import TAG

SCRUBBER = Scrubber(b"the key of the tests")


def test_a_value_has_one_tag_at_a_site_however_it_is_punctuated() -> None:
    one, two = (SCRUBBER.text(text).text for text in ("SSN 078-05-1120", "ssn: 078 05 1120"))

    assert TAG.findall(one) == TAG.findall(two) != []


def test_a_password_of_nothing_but_signs_stops_no_text() -> None:
    assert SCRUBBER.text("password ))) of ws-12").text == "password ))) of ws-12"


@pytest.mark.parametrize(
    "line",
    [
        '"password": "Tr\'oub4dor&3", "host": "db1"',
        r'{"password": "Tr\"oub4dor&3", "host": "db1"}',
        r'{"log": "{\"password\": \"Tr\\\"oub4dor&3\", \"host\": \"db1\"}"}',
        "password='Tr\"oub4dor&3' host=db1",
        "password=Troub'4dor&3 host=db1",
    ],
)
def test_a_quote_within_a_password_does_not_end_it(line: str) -> None:
    clean = SCRUBBER.text(line).text

    assert "4dor" not in clean
    assert "db1" in clean


@pytest.mark.parametrize(
    "line", ['password: "Hun ter22\\"', 'password="Hun ter22\\" port=5432', 'pwd = "Hun ter22\\";']
)
def test_a_backslash_at_the_end_of_a_password_leaves_nothing_of_it(line: str) -> None:
    clean = SCRUBBER.text(line).text

    assert "Hun" not in clean
    assert "ter22" not in clean


@pytest.mark.parametrize(
    "line",
    [
        "sqlcmd -S db1 -U sa -P 'Hun ter22' -Q x",
        'mysql -u root -p"Hun\'ter22" ehr',
        "curl -u 'bob:Hun ter22' https://db1/x",
        'net user bob "Hun ter22" /add',
        "openssl rsa -passin 'pass:Hun ter22' -in db1.key",
        "echo Hunter22 | sudo -S systemctl restart x",
        "echo -n 'Hun ter22' | cryptsetup open /dev/sda2 x",
    ],
)
def test_a_password_of_a_command_line_goes_as_the_shell_reads_it(line: str) -> None:
    clean = SCRUBBER.text(line).text

    assert "Hun" not in clean
    assert "ter22" not in clean


def test_a_word_of_a_command_line_that_only_stands_in_quotes_stays() -> None:
    line = "docker run -p '8080:80' -e 'a b' image; echo done | sudo tee /var/log/x"

    assert SCRUBBER.text(line).text == line


def test_an_apostrophe_makes_no_password_of_what_people_say() -> None:
    said = "password wasn't accepted, user's shell isn't 4 bash"

    assert SCRUBBER.text(said).text == said


def test_another_site_has_other_tags() -> None:
    other = Scrubber(b"the key of another site")

    assert other.text("SSN 078-05-1120") != SCRUBBER.text("SSN 078-05-1120")


def test_a_tag_is_no_hash_that_everybody_can_make() -> None:
    tag = SCRUBBER.text("SSN 078-05-1120").text[-7:-1]
    plain = [hashlib.sha256(text).hexdigest() for text in (b"078-05-1120", b"078051120")]
    assert not any(digest.startswith(tag) for digest in plain)


def test_private_addresses_go_where_a_site_wants_it() -> None:
    closed = Scrubber(b"the key of the tests", private_addresses=True)
    line = "ws-12 at 10.0.4.12, gateway 192.168.1.1, dns fd12:3456:789a::1, version 10.0.19045.3803"

    assert SCRUBBER.text(line).text == line
    assert re.sub(TAG, "-", closed.text(line).text) == (
        "ws-12 at -, gateway -, dns -, version 10.0.19045.3803"
    )


def test_spans_are_of_the_text_that_was_given() -> None:
    text = "ｐａｔｉｅｎｔ_ｎａｍｅ=Ａｄａ Ｂｙｒｏｎ; SSN 0%37%38-05-1\u200b120"  # noqa: RUF001

    found = SCRUBBER.find(text)

    assert [(text[span.start : span.end], span.label) for span in found] == [
        ("Ａｄａ Ｂｙｒｏｎ", "name"),  # noqa: RUF001
        ("0%37%38-05-1\u200b120", "ssn"),
    ]


def test_a_line_is_judged_alone_unless_the_first_begins_a_document() -> None:
    row = "Lowe,447192"

    assert row in SCRUBBER.text(f"Notes\n{row}").text
    assert "Lowe" not in SCRUBBER.text(f"last_name,account\n{row}").text


@pytest.mark.parametrize("blank", ["\t", " \t", "\r", "\x0b "])
def test_a_blank_before_a_cell_leaves_no_end_of_it(blank: str) -> None:
    text = f"ssn;mrn;host\n{blank}078-05-112X;{blank}A-4471Z;{blank}ws-7"

    clean = SCRUBBER.text(text).text.split("\n")[1]

    assert [cell.strip()[:5] for cell in clean.split(";")] == ["<ssn:", "<mrn:", "ws-7"]
    assert not re.search("[XZ]", clean)


def test_data_is_scrubbed_with_its_numbers_and_keys() -> None:
    clean = json.loads(
        SCRUBBER.document(
            {
                "host": "ws-12",
                "port": 50051,
                "ratio": 0.5,
                "ok": True,
                "nothing": None,
                "ssn": 78051120,
                "078-05-1120": "a key",
                "patient": {"first_name": "ada", "visits": [{"mrn": 445566}]},
                "note": "first line\npatient John Smith\nSSN 078-05-1120",
                "custom": [{"name": "phone", "value": "5035550190"}],
            }
        ).text
    )

    assert clean["host"] == "ws-12"
    assert (clean["port"], clean["ratio"], clean["ok"], clean["nothing"]) == (
        50051,
        0.5,
        True,
        None,
    )
    assert TAG.fullmatch(clean["ssn"])
    assert [key for key in clean if TAG.fullmatch(key)]
    assert TAG.fullmatch(clean["patient"]["first_name"])
    assert TAG.fullmatch(clean["patient"]["visits"][0]["mrn"])
    assert "Smith" not in clean["note"]
    assert "1120" not in clean["note"]
    assert clean["note"].startswith("first line\n")
    assert TAG.fullmatch(clean["custom"][0]["value"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "Hunter2x!\n"),
        ("password", "Welcome\nHunter2x!"),
        ("password", 'Hun"Hunter2x!'),
        ("password", 'a"Hunter2x!'),
        ("password", "my Hunter2x!\\"),
        ("ssn", "078051120\n"),
        ("mrn", "\r\n00482913\r\n"),
        ("Dr", "House"),
    ],
)
def test_what_a_key_tells_goes_whatever_lines_and_quotes_stand_in_it(key: str, value: str) -> None:
    clean = SCRUBBER.document({"host": "ws-12", key: value}).text

    assert not any(each in clean for each in ("Hunter2x", "1120", "2913", "House"))
    assert json.loads(clean)["host"] == "ws-12"


@pytest.mark.parametrize(
    ("field", "value"),
    [("DefaultPassword", "Summer2024!"), ("password", "hunter2x"), ("ssn", "078051120")],
)
def test_what_an_object_holds_for_its_key_goes(field: str, value: str) -> None:
    told: dict[str, Json] = {
        field: {"type": "REG_SZ", "value": value},
        "policy": {"password": {"value": "never"}},
    }

    for clean in (SCRUBBER.document(told).text, SCRUBBER.text(json.dumps(told)).text):
        assert TAG.fullmatch(json.loads(clean)[field].pop("value"))
        assert json.loads(clean) | {field: {}} == told | {field: {}}


def test_the_name_of_a_field_is_no_password() -> None:
    line = '{"password": {"secretKeyRef": {"name": "db", "key": "login"}}}'

    assert SCRUBBER.text(line).text == line


def test_data_that_stands_as_text_in_data_is_read_as_data() -> None:
    inner = '{"resourceType": "Patient", "name": [{"family": "Lowe"}], "password": "hunter2x"}'

    clean = SCRUBBER.document({"raw": inner, "trace": f"{inner}\n{inner}"}).text

    assert "Lowe" not in clean
    assert "hunter2x" not in clean


def test_a_number_that_went_leaves_valid_json_behind() -> None:
    assert json.loads(SCRUBBER.text('{"ssn": 123456789, "host": "ws-1"}').text)["host"] == "ws-1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_data_becomes_json_text(value: Json) -> None:
    json.loads(SCRUBBER.document(value).text)


@given(st.text())
def test_any_text_is_scrubbed_and_scrubbing_again_changes_nothing(text: str) -> None:
    once = SCRUBBER.text(text).text

    assert SCRUBBER.text(once).text == once


@given(st.text(), st.text())
def test_spans_stand_in_order_and_apart(left: str, right: str) -> None:
    text = f"{left}SSN 078-05-1120, jane@example.org{right}"

    found = SCRUBBER.find(text)

    assert all(one.end <= two.start for one, two in itertools.pairwise(found))
    assert all(0 <= span.start < span.end <= len(text) for span in found)


def test_a_failure_lets_nothing_leave_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Beside, text: str, __: object) -> None:
        raise IndexError(text)

    monkeypatch.setattr(Beside, "find", fails)

    with pytest.raises(ScrubError) as of_text:
        SCRUBBER.text("patient Jane Roe")
    with pytest.raises(ScrubError) as of_data:
        SCRUBBER.document({"a": "patient Jane Roe"})

    for raised in (of_text, of_data):
        assert "Roe" not in str(raised.value)
        assert raised.value.__cause__ is None


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ScrubError):
        SCRUBBER.document(float("nan"))
    with pytest.raises(ScrubError):
        SCRUBBER.document({"a": {1, 2}})  # type: ignore[dict-item]
