"""What a file system may have against one item of a transfer, and what it has against all of it."""

from __future__ import annotations

import errno

_ALL = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR
}  # fmt: skip
_CHANGED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}


class NotKept(OSError):
    """What was replaced is not in the trash yet: nothing goes on before it is."""


def reason(error: OSError, *, rights: bool) -> str:
    """Return why an item is passed over; "" when all of it waits until that is repaired.

    ``rights``: somebody with more of them can be asked to finish it.
    """
    if isinstance(error, NotKept) or error.errno in _ALL:
        return ""
    if error.errno in _CHANGED:
        return "changed"  # a folder on the way became something else, or went, since the check
    if error.errno in _RIGHTS:
        return "" if rights and error.errno != errno.EROFS else "read-only"
    if error.errno == errno.EBUSY:
        return "busy"
    return (error.strerror or str(error)).lower()
