"""`python -m bench.anchor`: 100,000 proofs from one submission to a calendar on loopback.

Each digest is put under one root, the root is handed to a calendar by a real connection, the
promise is kept with a block, and every proof is written out twice: pending, and with the block.
Every path is checked against the root; one proof in a hundred is read again as a stranger would.
Seconds are of the processor: it is one thread, and other work may stand beside it.
"""

import argparse
import hashlib
import resource
import sys
import time
from random import Random

import trio

from actors.anchorer.calendar import HttpCalendars
from actors.anchorer.core import accepted, heights, waiting
from actors.anchorer.pace import Pace
from actors.anchorer.proof import Stamp
from actors.anchorer.stamps import grown, issue, spelled
from actors.anchorer.tree import NONCE, Tree, check, plant
from runtime.clock import SystemClock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpClient
from runtime.hosts.http_message import Request, Response
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import loopback_listener
from runtime.outbound import Outbound
from tests.fakes.calendar import Calendar, Chain

LIMIT_S, LIMIT_MB = 30.0, 200.0
_READ_AGAIN = 100


async def promised(root: bytes) -> tuple[Stamp, Stamp]:
    """Have a root stamped: what the calendar promised, and what became of it."""
    calendar = Calendar("", Chain())

    async def handle(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        if request.method == "POST":
            return Response(200, calendar.submit(request.body))
        asked = bytes.fromhex(request.path.removeprefix("/timestamp/"))
        return Response(200, calendar.timestamp(asked) or b"")

    listener = loopback_listener(0)
    url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
    calendar.uri, clock = url, SystemClock()
    door = Outbound(HttpClient(), frozenset([Destination.of(url)]), clock, Random(7))
    calendars = HttpCalendars(door, [url], [url], Pace(clock, 0.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_http, [listener], handle)
        stamp = accepted(root, await calendars.submit(url, root), [url])
        [(uri, commitment)] = waiting(stamp, [url])
        calendar.keep_promises()
        whole = grown(stamp, uri, commitment, await calendars.ask(uri, commitment) or b"")
        nursery.cancel_scope.cancel()
    assert len(calendar.heard) == 1
    assert heights(whole)
    return stamp, whole


def write_out(digests: list[bytes], tree: Tree, stamp: Stamp) -> tuple[int, int]:
    """Write every proof; give the bytes of the smallest and of the largest."""
    sizes = [
        len(spelled(digest, path, stamp)) for digest, path in zip(digests, tree.paths, strict=True)
    ]
    for place in range(0, len(digests), _READ_AGAIN):
        issue(digests[place], tree.paths[place], stamp)
    return min(sizes), max(sizes)


def main() -> int:
    """Prove, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proofs", type=int, default=100_000)
    count = parser.parse_args().proofs
    digests = [hashlib.sha256(b"%d" % number).digest() for number in range(count)]
    random = Random(7)
    begun, worked = time.perf_counter(), time.process_time()

    def lap(what: str) -> None:
        print(f"{time.process_time() - worked:7.2f} s  {what}", flush=True)

    tree = plant(digests, [random.randbytes(NONCE) for _ in digests])
    lap(f"{count} digests under one root")
    check(digests, tree.paths, tree.root)
    lap("every path checked against the root")
    stamp, whole = trio.run(promised, tree.root)
    lap("one submission promised, and kept")
    write_out(digests, tree, stamp)
    lap("every pending proof written, one in a hundred read again")
    least, most = write_out(digests, tree, whole)
    lap(f"every proof with its block written, of {least} to {most} bytes")
    took, passed = time.process_time() - worked, time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took:.1f} s of {LIMIT_S:g} s, by the clock {passed:.1f} s")
    print(f"{peak:.0f} MB of {LIMIT_MB:g} MB at most")
    return 0 if took < LIMIT_S and peak < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
