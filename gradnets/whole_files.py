"""Files that are whole or absent: written beside and moved into place."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that at every moment the old one or the new one is there, never a part.

    Raises:
        OSError: the folder cannot be written, or the disk is full; it names the file, and the old
            one is unchanged.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "greeting"
    >>> write_whole(path, lambda file: file.write(b"hello"))
    >>> path.read_text()
    'hello'
    """
    # One name for each target, so that what a killed process left is overwritten by the next.
    beside = path.with_name(f"{path.name}.partial")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        beside.unlink(missing_ok=True)
