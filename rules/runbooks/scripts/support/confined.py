"""Finds a path below a root as a chroot would, without needing to be root.

The way is walked by directory handles.  A symbolic link is followed inside the root (an absolute
one starts at it, `..` stops at it), so that none leads out, also not one that is put there while
we look.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from support.problem import Problem

_MAX_LINKS = 40
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def entry(root: str, path: str) -> Iterator[tuple[int, str]]:
    """Give a handle of the directory that holds `path`, and the name in it, which is no link."""
    handles = [os.open(root, _DIRECTORY)]
    try:
        name = _walk(handles, path)
        yield handles[-1], name
    finally:
        for handle in handles:
            os.close(handle)


def _walk(handles: list[int], path: str) -> str:
    todo, links = _steps(path), 0
    while todo:
        step = todo.pop()
        if step == "..":
            if len(handles) > 1:
                os.close(handles.pop())
            continue
        link = _link(handles[-1], step)
        if link is not None:
            links += 1
            if links > _MAX_LINKS:
                raise Problem("too_many_links")
            if link.startswith("/"):
                while len(handles) > 1:
                    os.close(handles.pop())
            todo += _steps(link)
        elif not todo:
            return step
        else:
            handles.append(os.open(step, _DIRECTORY | os.O_NOFOLLOW, dir_fd=handles[-1]))
    raise Problem("path_is_no_file")


def _steps(path: str) -> list[str]:
    """Take a path apart, the last step first."""
    return [step for step in path.split("/") if step not in {"", "."}][::-1]


def _link(directory: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOENT}:  # no link, or nothing there
            return None
        raise
