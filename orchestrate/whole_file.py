"""Files that readers see whole, old or new: written beside their place and renamed onto it."""

import os
import secrets
from pathlib import Path


def write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Make `data` the content of the file at `path`; `mode` is what the umask leaves of it.

    Raises:
        OSError: it cannot be written; what stood there stands.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, mode), "wb") as file:
            file.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
