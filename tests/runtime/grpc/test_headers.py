"""What the headers of a call say."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from runtime.hosts.grpc import Code, RefusedCallError
from runtime.hosts.grpc.headers import NotGrpcError, head_of, trailing

CALL = [
    (b":method", b"POST"),
    (b":path", b"/aright.Service/Method"),
    (b"content-type", b"application/grpc"),
    (b"te", b"trailers"),
]


def test_a_head_names_the_method_its_time_and_what_the_client_adds() -> None:
    head = head_of([*CALL, (b"grpc-timeout", b"250m"), (b"site", b"north"), (b"key-bin", b"AAE")])

    assert head.path == "/aright.Service/Method"
    assert head.timeout_s == 0.25
    assert dict(head.metadata) == {"site": "north", "key-bin": b"\x00\x01"}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"grpc-timeout", b"1"),
        (b"grpc-timeout", b"123456789S"),
        (b"grpc-timeout", b"-1S"),
        (b"key-bin", b"not base64!"),
        (b"name", b"\xff"),
    ],
)
def test_a_malformed_header_is_an_invalid_argument(header: bytes, value: bytes) -> None:
    with pytest.raises(RefusedCallError) as refused:
        head_of([*CALL, (header, value)])

    assert refused.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        (b":method", b"GET", 405),
        (b"content-type", b"application/json", 415),
        (b"content-type", b"application/grpcweb", 415),
    ],
)
def test_what_no_grpc_client_asks_gets_a_status_of_http(
    name: bytes, value: bytes, status: int
) -> None:
    with pytest.raises(NotGrpcError) as refused:
        head_of([*(pair for pair in CALL if pair[0] != name), (name, value)])

    assert refused.value.status == status


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=8))
def test_no_header_makes_it_fall(headers: list[tuple[bytes, bytes]]) -> None:
    with contextlib.suppress(RefusedCallError, NotGrpcError):
        head_of([*CALL, *headers])


def test_an_answer_that_has_not_begun_is_one_header_block() -> None:
    alone = trailing(Code.NOT_FOUND, "näh", begun=False)

    assert alone[0] == (":status", "200")
    assert alone[-2:] == [("grpc-status", "5"), ("grpc-message", "n%C3%A4h")]
    assert trailing(Code.OK, None, begun=True) == [("grpc-status", "0")]
