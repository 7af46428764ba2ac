"""Opens a file inside some folders, and nothing else: what is checked is what is open.

Between a check of a path and its opening somebody may put a link in the place of a folder. So the
path is walked from its root, folder by folder, each opened in the one before and none through a
link, and the kind of file is asked of what is open.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from langchain_gptv.exceptions import (
    GPTVError,
    ImageError,
    ImageNotFoundError,
    ImageTooLargeError,
    SourceNotAllowedError,
    UnsupportedImageError,
)

_KERNEL = ("/proc", "/sys")
"""Folders of ordinary-looking files that are none: keys in the environment of a process, memory."""

_KERNEL_TYPES = frozenset(
    "bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs mqueue proc pstore securityfs "
    "selinuxfs sysfs tracefs".split()
)
"""The same by the type of a file system, which may be mounted elsewhere, and more than once."""

_LONGEST = 4096

_CAN_WALK = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = _READ | getattr(os, "O_NOFOLLOW", 0)
_FILE = _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = _NO_LINK | getattr(os, "O_DIRECTORY", 0)


def open_inside(path: str | os.PathLike[str], roots: Sequence[Path]) -> BinaryIO:
    """Open an ordinary file that lies in one of `roots`, links followed.

    Args:
        path: As content names it.
        roots: Folders, resolved.

    Raises:
        SourceNotAllowedError: It lies outside, is no ordinary file, or was moved meanwhile.
        ImageNotFoundError: There is no such file.
        ImageError: It cannot be opened, for want of permission for example.
    """
    shown = _shown(path)
    resolved = None if _is_elsewhere(path, roots) else _resolved(path)
    root = next((root for root in roots if resolved and resolved.is_relative_to(root)), None)
    if root is None or resolved is None:
        raise SourceNotAllowedError(
            f"'{shown}' is outside the allowed roots {[str(root) for root in roots]}. Add its "
            "folder to ImageSources(roots=[...]), or open it yourself with image_block(path)."
        )
    if any(resolved.is_relative_to(folder) for folder in _KERNEL):
        raise _special(shown)
    try:
        descriptor = _walked(root, resolved, shown) if _CAN_WALK else _compared(resolved, shown)
    except GPTVError:
        raise  # some of ours are an OSError too
    except OSError as error:
        raise _explained(error, shown, resolved) from None
    return cast("BinaryIO", os.fdopen(descriptor, "rb", buffering=0))


def read_within(file: BinaryIO, limit: int, name: str) -> bytes:
    """Read an open file of at most `limit` bytes, also when it grows meanwhile.

    Raises:
        ImageTooLargeError: It has more.
    """
    size = os.fstat(file.fileno()).st_size
    data = file.read(limit + 1) if size <= limit else b""
    size = max(size, len(data))
    if size > limit:
        raise ImageTooLargeError(
            f"'{name}' has {size:,} bytes, over the limit of {limit:,}. Set "
            "ImageSources(max_bytes=...).",
            value=size,
            limit=limit,
        )
    return data


def _is_elsewhere(path: str | os.PathLike[str], roots: Sequence[Path]) -> bool:
    r"""Tell whether a path names another drive than every root does, without looking there.

    To look at \\host\share is to sign in there, with the user's name and password.
    """
    drive = os.path.splitdrive(path)[0].casefold()
    return bool(drive) and drive not in {root.drive.casefold() for root in roots}


def _resolved(path: str | os.PathLike[str]) -> Path:
    # Following a path takes time by the square of its length.
    if len(os.fspath(path)) > _LONGEST:
        raise SourceNotAllowedError(
            f"'{_shown(path)}' is longer than the {_LONGEST:,} letters of a path. Name a file."
        )
    named = Path(path)
    try:
        # Not "~ada": whether there is such a user is nobody's business, and a directory's to ask.
        return (named.expanduser() if named.parts[:1] == ("~",) else named).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # A circle of links, no home, a NUL in the name.
        raise SourceNotAllowedError(f"{_shown(path)!r} leads nowhere: {error}") from None


def _walked(root: Path, resolved: Path, shown: str) -> int:
    """Open folder by folder; a link on the way, put there since, is an OSError."""
    *folders, name = resolved.relative_to(root).parts or (".",)
    folder = os.open(root, _FOLDER)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Opening some devices does something already.
        _check_ordinary(os.stat(name, dir_fd=folder, follow_symlinks=False), shown)
        return _checked(os.open(name, _FILE, dir_fd=folder), shown)
    finally:
        os.close(folder)


def _compared(resolved: Path, shown: str) -> int:
    """Open by path, where folders cannot be opened, and compare with what was checked."""
    before = os.lstat(resolved)
    _check_ordinary(before, shown)
    descriptor = _checked(os.open(resolved, _FILE), shown)
    if not os.path.samestat(before, os.fstat(descriptor)) or resolved.resolve() != resolved:
        os.close(descriptor)
        raise _moved(shown)
    return descriptor


def _checked(descriptor: int, shown: str) -> int:
    """Ask of what is open, which nobody can exchange any more."""
    try:
        _check_ordinary(os.fstat(descriptor), shown)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_ordinary(found: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnsupportedImageError(f"'{shown}' is a directory, not an image. Name a file in it.")
    if stat.S_ISLNK(found.st_mode):
        raise _moved(shown)
    if not stat.S_ISREG(found.st_mode) or found.st_dev in _kernel_devices():
        raise _special(shown)


@cache
def _kernel_devices() -> frozenset[int]:
    """Return the file systems of the kernel, wherever they are mounted."""
    mounts = Path("/proc/self/mountinfo")
    found = set()
    for line in mounts.read_text().splitlines() if mounts.exists() else ():
        place, _, source = line.partition(" - ")
        if source.partition(" ")[0] in _KERNEL_TYPES:
            major, minor = map(int, place.split()[2].split(":"))
            found.add(os.makedev(major, minor))
    return frozenset(found)


def _special(shown: str) -> SourceNotAllowedError:
    return SourceNotAllowedError(
        f"'{shown}' is a pipe, a socket or a device, or a file of the kernel's, which could be "
        "read forever or give secrets away. Name an ordinary file."
    )


def _moved(shown: str) -> SourceNotAllowedError:
    return SourceNotAllowedError(
        f"'{shown}' was exchanged for a link while it was opened. Name a file that stays."
    )


def _explained(error: OSError, shown: str, resolved: Path) -> ImageError | SourceNotAllowedError:
    if isinstance(error, FileNotFoundError):
        return ImageNotFoundError(
            f"There is no file '{shown}'. Check the path; it is relative to '{Path.cwd()}'."
        )
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return _moved(shown)
    return ImageError(f"'{shown}' cannot be opened ({error.strerror}). Name a readable file.")


def _shown(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    text = text if len(text) <= 200 else f"{text[:200]}..."
    # A line break or an escape in a name would write into a log, or on a terminal.
    return text if text.isprintable() else ascii(text)[1:-1]
