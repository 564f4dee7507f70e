"""Archives and the frames that carry them, for tests of uploads."""

import hashlib
import io
import tarfile

from server_agent.protocol.frames import Type, frame, json_frame


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


def frames(data: bytes, count: int, piece: int = 200_000) -> bytes:
    """Frame an archive of `count` members as a client does."""
    chunks = [frame(Type.CHUNK, data[at : at + piece]) for at in range(0, len(data), piece)]
    end = {"sha256": hashlib.sha256(data).hexdigest(), "members": count}
    return b"".join(chunks) + json_frame(Type.END, end)


def upload(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return the whole stream of an upload with these members."""
    return frames(archive(*members), len(members))
