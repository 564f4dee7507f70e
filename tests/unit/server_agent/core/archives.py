"""Archives, for tests of uploads."""

import io
import tarfile


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **rest: object
) -> tuple[tarfile.TarInfo, bytes]:
    """Make one member; `rest` sets fields of the header (mode, linkname, mtime…)."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    for key, value in rest.items():
        setattr(info, key, value)
    return info, data


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    """Make a folder."""
    return member(name, kind=tarfile.DIRTYPE)


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    """Make a symbolic link."""
    return member(name, kind=tarfile.SYMTYPE, linkname=target)


def archive(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Pack members into a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
