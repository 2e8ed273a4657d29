"""One server of this bench, as a process of its own: `python -m bench.ingest.server --help`.

Prints `PORT <number>` when it serves; ends at a signal, with its profile at an interrupt.
"""

import argparse
import asyncio
import contextlib
import cProfile
import pstats
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from bench.ingest.machine import SERVER_CORE, stay_on
from bench.ingest.work import BareWork, Work, least_work, real_work
from runtime.garbage import look_seldom
from runtime.logs import configure_logs

KINDS = ("ours", "ours-proved", "aio", "aio-generator", "sync")
STORES = ("real", "least", "bare", "none")
_WORK: Mapping[str, Callable[[], Work]] = {"real": real_work, "least": least_work}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("file", type=Path, help="the database to make")
    parser.add_argument("--store", choices=STORES, default="real")
    parser.add_argument("--streams", type=int, default=100, help="threads of the synchronous one")
    parser.add_argument("--tls", type=Path, help="a folder of certificates; ours alone")
    parser.add_argument("--profile", type=Path, help="where to write what took the time")
    args = parser.parse_args()
    stay_on(SERVER_CORE)
    configure_logs(level="error")
    try:
        with _profiled(args.profile):
            _serve(args)
    except* KeyboardInterrupt:
        pass


def _serve(args: argparse.Namespace) -> None:
    # Each kind imports its own alone, for what the others bring along changes asyncio.
    if args.kind in ("ours", "ours-proved"):
        from bench.ingest import ours

        ours.serve(
            _work(args.store), args.file, _ready, tls=args.tls, proves=args.kind == "ours-proved"
        )
        return
    from bench.ingest import peers

    records = BareWork() if args.store == "bare" else _work(args.store)
    if args.kind == "sync":
        peers.serve_sync(records, args.file, _ready, args.streams)
        return
    generator = args.kind == "aio-generator"
    asyncio.run(peers.serve_aio(records, args.file, _ready, generator=generator))


def _work(store: str) -> Work | None:
    # Last: what is loaded by then is what the collector need not look at.
    work = _WORK[store]() if store in _WORK else None
    look_seldom()  # as an appliance does
    return work


def _ready(port: int) -> None:
    print(f"PORT {port}", flush=True)


@contextlib.contextmanager
def _profiled(path: Path | None) -> Generator[None]:
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        with path.open("w", encoding="utf-8") as file:
            pstats.Stats(profile, stream=file).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
