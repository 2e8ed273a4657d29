"""Who wrote a file: real files, and real programs that write them."""

import datetime as dt
import os
import resource
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import attrs
import pytest
import trio

from runtime.hosts.file_writers import WATCHED, FileWriters, open_writers
from runtime.hosts.open_files import Process, family_of, named, youngest
from runtime.writers import Writer

REWRITER = """
import os, sys
kept = {}
for line in sys.stdin:
    verb, path, *other = line.split()
    if verb == "open":
        kept[path] = open(path, "a")
    elif verb == "write":
        kept[path].write("x")
        kept[path].flush()
    elif verb == "chmod":
        os.chmod(path, 0o600)
    else:
        kept.pop(path).close()
        os.replace(path, other[0])
"""
IN_THE_BACKGROUND = 'exec 3<&0; "$0" "$@" <&3 &'
SEEN = Writer("rewriter", seen=True)


@attrs.frozen
class Program:
    """A process that writes what it is told, and holds what it opened until it ends."""

    stdin: int

    def do(self, *words: str | Path) -> None:
        os.write(self.stdin, f"{' '.join(str(word) for word in words)}\n".encode())

    def append(self, file: Path) -> None:
        self.do("open", file)
        self.do("write", file)


@contextmanager
def rewriter(directory: Path, *, ours: bool = False) -> Generator[Program]:
    """Start a program of that name: of another family, or a child of this process."""
    program = directory / "rewriter"
    if not program.exists():
        program.symlink_to(Path(sys.executable).resolve())
    argv = [str(program), "-I", "-c", REWRITER]
    read, write = os.pipe()
    with os.fdopen(write, "wb"), os.fdopen(read, "rb") as end:
        before = [] if ours else ["/bin/sh", "-c", IN_THE_BACKGROUND]
        started = subprocess.Popen([*before, *argv], stdin=end)
        if not ours:
            started.wait()  # so that the program has another parent
        yield Program(write)
    started.wait()


@asynccontextmanager
async def watching(*files: Path) -> AsyncGenerator[FileWriters]:
    with open_writers() as writers:
        assert writers is not None
        async with trio.open_nursery() as nursery:
            for file in files:
                await writers.watch("/", str(file))
            nursery.start_soon(writers.run)
            with trio.fail_after(60):
                yield writers
            nursery.cancel_scope.cancel(reason="the test is over")


def who(writers: FileWriters, file: Path, root: Path = Path("/")) -> Writer | None:
    at = dt.datetime.fromtimestamp(file.stat().st_ctime, dt.UTC)
    return writers.of(str(root), f"/{file.relative_to(root)}", at)


async def until(known: Callable[[], bool]) -> None:
    while not known():  # noqa: ASYNC110  # it happens in another process
        await trio.sleep(0.01)


@pytest.fixture
def watched(tmp_path: Path) -> tuple[Path, Path]:
    """Two files: what is known of the second shows that the first was judged before."""
    files = tmp_path / "etc/first", tmp_path / "etc/second"
    files[0].parent.mkdir()
    for file in files:
        file.write_text("as it should be", "utf-8")
    return files


async def test_a_program_that_has_the_file_open_is_seen(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, _ = watched
    async with watching(file) as writers:
        with rewriter(tmp_path) as program:
            program.append(file)
            await until(lambda: who(writers, file) == SEEN)
        # That it is closed at the end takes nothing back.
        assert who(writers, file) == SEEN


async def test_a_program_that_changes_the_mode_is_seen_while_it_has_the_file_open(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, _ = watched
    async with watching(file) as writers:
        with rewriter(tmp_path) as program:
            program.do("open", file)
            program.do("chmod", file)
            await until(lambda: who(writers, file) == SEEN)


async def test_a_program_that_replaces_the_file_is_known_from_its_temporary_file(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, second = watched
    draft = file.with_name(".first.tmp")
    async with watching(file, second) as writers:
        with rewriter(tmp_path) as program:
            program.append(draft)
            program.append(second)
            await until(lambda: who(writers, second) == SEEN)
            assert who(writers, file) is None

            program.do("replace", draft, file)
            await until(lambda: not draft.exists() and who(writers, file) == SEEN)


async def test_what_this_program_starts_is_never_named(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, second = watched
    async with watching(file, second) as writers:
        with rewriter(tmp_path, ours=True) as own:
            own.append(file)
            await until(lambda: file.stat().st_size > len("as it should be"))
            with rewriter(tmp_path) as program:
                program.append(second)
                await until(lambda: who(writers, second) == SEEN)
            assert who(writers, file) is None


async def test_a_writer_is_not_named_for_another_change_of_the_file(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, _ = watched
    async with watching(file) as writers:
        with rewriter(tmp_path) as program:
            program.append(file)
            await until(lambda: who(writers, file) == SEEN)
        later = dt.datetime.fromtimestamp(file.stat().st_ctime + 60, dt.UTC)
        assert writers.of("/", str(file), later) is None


async def test_a_file_of_a_tree_is_known_by_its_path_in_the_tree(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, _ = watched
    (tmp_path / "etc/out").symlink_to("/etc/passwd")
    async with watching() as writers:
        for path in ("/etc/first", "/etc/out", "/not/there/file"):
            await writers.watch(str(tmp_path), path)
        with rewriter(tmp_path) as program:
            program.append(file)
            await until(lambda: who(writers, file, tmp_path) == SEEN)
        assert who(writers, tmp_path / "etc/out", tmp_path) is None


async def test_of_many_files_the_latest_are_watched(
    tmp_path: Path, watched: tuple[Path, Path]
) -> None:
    file, second = watched
    async with watching(file) as writers:
        for number in range(WATCHED):
            await writers.watch("/", f"{second.parent}/{number}")
        await writers.watch("/", str(second))
        with rewriter(tmp_path) as program:
            program.append(file)
            program.append(second)
            await until(lambda: who(writers, second) == SEEN)
        assert who(writers, file) is None


def test_without_inotify_nobody_is_known_and_nothing_fails() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with open_writers() as writers:
            assert writers is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


SHELL = Process(10, "sh", 1, 100.0)
COPY = Process(11, "cp", 10, 100.5)


def test_who_started_just_now_is_a_guess_unless_it_is_ours() -> None:
    known = {10: SHELL, 11: COPY}

    assert youngest(known, set(), 101) == Writer("cp", seen=False)
    assert youngest(known, family_of(10, known), 101) is None
    assert youngest(known, set(), 110) is None
    assert youngest({}, set(), 1) is None


def test_a_name_that_a_terminal_would_obey_is_not_repeated() -> None:
    assert named(Process(1, "\x1b[2J", 0, 1.0), seen=True) is None
