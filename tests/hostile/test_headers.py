"""Headers that a stranger may send: by the letter of HTTP/2, and then of gRPC."""

import pytest
from h2.errors import ErrorCodes as E

from runtime.hosts.grpc import Code
from tests.hostile import frames as f
from tests.hostile.required import Required, answers, declines, goes_on, refuses
from tests.hostile.site import site

MALFORMED = {
    "a second :path": f.request(b"Heartbeat", (b":path", b"/a")),
    "a second :method": [(b":method", b"POST"), *f.request()],
    "no :path": f.request(without=[b":path"]),
    "an empty :path": f.request(path=b""),
    "no :method": f.request(without=[b":method"]),
    "no :scheme": f.request(without=[b":scheme"]),
    "no :authority": f.request(without=[b":authority"]),
    "no headers": [],
    "a pseudo-header that nobody knows": [(b":secret", b"x"), *f.request()],
    "a pseudo-header of an answer": [(b":status", b"200"), *f.request()],
    "a pseudo-header after the others": [*f.request()[1:], f.request()[0]],
    "an upper-case name": f.request(b"Heartbeat", (b"X-Upper", b"x")),
    "an empty name": f.request(b"Heartbeat", (b"", b"x")),
    "a newline in a name": f.request(b"Heartbeat", (b"x\nevil", b"x")),
    "a carriage return in a name": f.request(b"Heartbeat", (b"x\r\nevil", b"x")),
    "a colon in a name": f.request(b"Heartbeat", (b"x:evil", b"x")),
    "a space in a name": f.request(b"Heartbeat", (b"x evil", b"x")),
    "NUL in a name": f.request(b"Heartbeat", (b"x\0", b"x")),
    "a byte over 0x7f in a name": f.request(b"Heartbeat", (b"x\xff", b"x")),
    "a newline in a value": f.request(b"Heartbeat", (b"x-a", b"a\nevil: b")),
    "a carriage return in a value": f.request(b"Heartbeat", (b"x-a", b"a\r\nevil: b")),
    "NUL in a value": f.request(b"Heartbeat", (b"x-a", b"a\0b")),
    "a space before a value": f.request(b"Heartbeat", (b"x-a", b" a")),
    "a tab after a value": f.request(b"Heartbeat", (b"x-a", b"a\t")),
    "connection": f.request(b"Heartbeat", (b"connection", b"close")),
    "keep-alive": f.request(b"Heartbeat", (b"keep-alive", b"9")),
    "transfer-encoding": f.request(b"Heartbeat", (b"transfer-encoding", b"chunked")),
    "upgrade": f.request(b"Heartbeat", (b"upgrade", b"h2c")),
    "te other than trailers": f.request(te=b"gzip"),
    "a content-length that is no number": f.request(b"Heartbeat", (b"content-length", b"x")),
    "CONNECT with a path": f.request(method=b"CONNECT"),
    "another host than the authority": f.request(b"Heartbeat", (b"host", b"evil")),
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_headers_are_an_error_of_the_protocol(fields: list[f.Field]) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, fields), f.data(1, f.message(b""), end=True))
        await refuses(E.PROTOCOL_ERROR)(line)


MALFORMED_TRAILERS = {
    "with a pseudo-header": f.headers(1, [(b":path", b"/a")], end=True),
    "without an end": f.headers(1, [(b"x-a", b"a")]),
    "with a newline": f.headers(1, [(b"x-a", b"a\nb")], end=True),
}


@pytest.mark.parametrize("sent", MALFORMED_TRAILERS.values(), ids=MALFORMED_TRAILERS.keys())
async def test_malformed_trailers_are_an_error_of_the_protocol(sent: bytes) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"ReportDrift")), sent)
        await refuses(E.PROTOCOL_ERROR)(line)


async def test_trailers_of_a_client_end_its_stream() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"ReportDrift")))
        await line.send(f.headers(1, [(b"x-a", b"a")], end=True))
        await answers(Code.OK)(line)


async def test_a_body_of_another_length_than_was_said_is_an_error_of_the_protocol() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"Heartbeat", (b"content-length", b"99"))))
        await line.send(f.data(1, f.message(b""), end=True))
        await refuses(E.PROTOCOL_ERROR)(line)


BAD, NONE = Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED

REFUSED: dict[str, tuple[list[f.Field], Code]] = {
    "a byte over 0x7f in a value": (f.request(b"Heartbeat", (b"x-a", b"\xff")), BAD),
    "UTF-8 in a value": (f.request(b"Heartbeat", (b"x-a", "ü".encode())), BAD),
    "a byte over 0x7f in the path": (f.request(b"Heart\xff"), BAD),
    "metadata that is not base64": (f.request(b"Heartbeat", (b"x-bin", b"!!!!")), BAD),
    "metadata of half a base64": (f.request(b"Heartbeat", (b"x-bin", b"A")), BAD),
    "a timeout without a unit": (f.request(grpc_timeout=b"10"), BAD),
    "a timeout of an unknown unit": (f.request(grpc_timeout=b"10X"), BAD),
    "a negative timeout": (f.request(grpc_timeout=b"-1S"), BAD),
    "a timeout of nine digits": (f.request(grpc_timeout=b"123456789S"), BAD),
    "a timeout of other digits": (f.request(grpc_timeout=b"1e3S"), BAD),
    "an empty timeout": (f.request(grpc_timeout=b""), BAD),
    "an encoding": (f.request(grpc_encoding=b"gzip"), NONE),
    "an encoding that nobody knows": (f.request(grpc_encoding=b"x" * 900), NONE),
    "a method that nobody serves": (f.request(b"Nothing"), NONE),
    "a service that nobody serves": (f.request(path=b"/other.Service/Heartbeat"), NONE),
    "a path that is none": (f.request(path=b"*"), NONE),
    "a path with a query": (f.request(b"Heartbeat?a=b"), NONE),
    "a long path": (f.request(b"x" * 9000), NONE),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_headers_that_grpc_does_not_allow_end_the_call_with_a_status(
    fields: list[f.Field], code: Code
) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, fields), f.data(1, f.message(b""), end=True))
        await answers(code)(line)


OTHER_REQUESTS: dict[str, tuple[list[f.Field], Required]] = {
    "GET": (f.request(method=b"GET"), declines(405)),
    "HEAD": (f.request(method=b"HEAD"), declines(405)),
    "a method that nobody knows": (f.request(method=b"BREW"), declines(405)),
    "text": (f.request(content_type=b"text/html"), declines(415)),
    "no content-type": (f.request(without=[b"content-type"]), declines(415)),
    "almost gRPC": (f.request(content_type=b"application/grpcx"), declines(415)),
    "gRPC for browsers": (f.request(content_type=b"application/grpc-web"), declines(415)),
}


@pytest.mark.parametrize(("fields", "required"), OTHER_REQUESTS.values(), ids=OTHER_REQUESTS.keys())
async def test_what_is_no_call_of_grpc_gets_a_status_of_http(
    fields: list[f.Field], required: Required
) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, fields), f.data(1, f.message(b""), end=True))
        await required(line)


TAKEN = {
    "no te": f.request(without=[b"te"]),
    "another name for the codec": f.request(content_type=b"application/grpc+custom"),
    "a codec that is ours": f.request(content_type=b"application/grpc+proto"),
    "a content-type with a parameter": f.request(content_type=b"application/grpc;charset=utf-8"),
    "the same name twice": f.request(b"Heartbeat", (b"x-a", b"a"), (b"x-a", b"b")),
    "metadata with and without padding": f.request(
        b"Heartbeat", (b"x-bin", b"YQ=="), (b"x-bin", b"YQ"), (b"y-bin", b"YQ,Yg==")
    ),
    "an empty value": f.request(b"Heartbeat", (b"x-a", b""), (b"x-bin", b"")),
    "an encoding that is none": f.request(grpc_encoding=b"identity"),
    "a long timeout": f.request(grpc_timeout=b"99999999H"),
    "metadata for servers to come": f.request(b"Heartbeat", (b"grpc-future", b"\x7e")),
}


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN.keys())
async def test_what_clients_may_leave_out_or_add_is_taken(fields: list[f.Field]) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, fields), f.data(1, f.message(b""), end=True))
        await answers(Code.OK)(line)


async def test_a_deadline_that_is_over_ends_the_call() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"ReportHealing", grpc_timeout=b"0S")))
        await answers(Code.DEADLINE_EXCEEDED)(line)


async def test_the_table_of_headers_outlives_calls_that_are_refused() -> None:
    """A block must be read whole even where its call is refused: the table goes on from it."""
    indexed = b"\x40" + f.block([(b"x-kept", b"in the table")])[1:]
    async with site() as port, port.attacker() as line:
        await line.begin()
        refused = f.block(f.request(b"Nothing")) + indexed
        await line.send(f.frame(f.HEADERS, 5, 1, refused))
        assert await line.until(lambda: 1 in line.ended)
        await line.send(f.frame(f.HEADERS, 4, 3, f.block(f.request()) + b"\xbe"))
        await line.send(f.data(3, f.message(b""), end=True))
        assert await line.until(lambda: 3 in line.ended)
        assert line.fields[3]["grpc-status"] == "0"


async def test_a_client_may_forbid_the_table_of_headers() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin((f.HEADER_TABLE_SIZE, 0))
        await goes_on(line)
