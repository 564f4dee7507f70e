"""``mnix-server sync``: one conversation about a workspace's files, on stdin and stdout.

The client says what it knows; what changed since goes to it; then files go either way, as it asks
for them. Imports only what every conversation needs: the client waits for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from server_agent.core import projects
from server_agent.core.known import Known, Rules
from server_agent.core.projects import Project
from server_agent.core.talking import Gone, Talk
from server_agent.protocol import PROTOCOL, sync
from server_agent.protocol.errors import AgentError, ProtocolError
from server_agent.protocol.frames import Frame, Type
from server_agent.trees.model import clean_path, to_wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from server_agent.core.incoming import Incoming
    from server_agent.core.watching import Watch

MOST_NOTES = 1000
MOST_PARTS = 10_000
MOST_MISSING = 500
_HASHED = 1000  # files whose digests are told at once
_APART = 0.2  # seconds from one look to the next, at least, while it watches
_CALM = 0.05  # seconds for which one waits for more of what just began
_COST = 3.0
_FRESH = 2.0  # seconds for which a look that nobody had asked for yet counts
_ITEMS = (
    Type.BATCH,
    Type.BATCH_Z,
    Type.FILE,
    Type.PIECE,
    Type.PIECE_Z,
    Type.COPY,
    Type.FILE_END,
    Type.FILE_DROP,
)


def main(project_id: str, nonce: str, hello: str = "") -> int:
    """Talk with one client until it goes; return the exit code.

    ``hello`` is a file with what it said first, for a process that takes the conversation over.
    """
    talk = Talk()
    try:
        if not hello:
            talk.preface(nonce, {"protocol": PROTOCOL})
        Conversation(_project(project_id), talk, hello).run()
        return 0
    except Gone:
        return 0
    except Exception as error:
        from server_agent.jobs import faults

        known = faults.as_agent_error(error, "sync")
        talk.tell(sync.failed(known))
        return 75 if known.code == "busy" else 1


def _project(project_id: str) -> Project:
    project = projects.load(project_id)
    if project.in_place:
        raise AgentError(
            "usage",
            f"{project.name} uses its folder in place: there is nothing to move",
            "just rebuild: mnix rebuild-switch",
        )
    if not os.path.isdir(project.workspace):
        raise AgentError(
            "error", f"the workspace of {project.name} is gone: {project.workspace}", "restore it"
        )
    return project


class Conversation:
    """One client's."""

    def __init__(self, project: Project, talk: Talk, hello: str = "") -> None:
        self._project = project
        self._talk = talk
        self._handed = hello
        self._known = Known(project)
        self._ahead: Optional[_Ahead] = None
        self._incoming: Optional[Incoming] = None
        self._asked: list[Any] = []
        self._watch: Optional[Watch] = None
        self._told = ("", 0)  # of which index the client knows everything, up to which number
        self._alarmed = False  # whether it was told that there is more
        self._rest = 0.0

    def run(self) -> None:
        """Answer until the client goes. Raises ``AgentError``, ``OSError``, ``Gone``."""
        try:
            self._look_ahead()
            self._hello(self._first())
            while True:
                self._answer(self._talk.next(self._wait))
        finally:
            if self._incoming is not None:
                self._incoming.close()

    # -- what is there

    def _look_ahead(self) -> None:
        # While the client finds out what to say: it will most likely have the rules of last time.
        rules = None if self._handed else self._known.last_rules()
        if rules is None:
            return
        try:
            self._known.rules(*rules)
            self._known.recover()
            if not self._known.needs_owner():
                self._ahead = _Ahead(rules, self._look(None), time.monotonic())
        except (AgentError, OSError):
            pass  # it is said when the client asks

    def _first(self) -> dict[str, Any]:
        if self._handed:
            import json

            with open(self._handed, "rb") as file:
                said = json.loads(file.read())
            os.unlink(self._handed)
            return dict(said)
        found = self._talk.next()
        if found.type is not Type.HELLO:
            raise ProtocolError(f"a sync begins with HELLO, not with {found.type.name}")
        return sync.read(found)

    def _hello(self, said: dict[str, Any]) -> None:
        hello = _Hello(said)
        self._known.rules(hello.dot_git, hello.extra)
        self._known.recover()
        if hello.watch:
            from server_agent.core.watching import Watch

            self._watch = Watch(self._project.workspace, self._known.skipped)
        if self._known.needs_owner():
            self._take_over(said)
        rules, ahead = (hello.dot_git, tuple(hello.extra)), self._ahead
        if ahead is not None and self._watch is None and ahead.holds(rules, self._known):
            notes = ahead.notes
        else:
            notes = self._look(None)
        if any(note.kind == "unreadable" for note in notes):
            self._known.note_owner()
            self._take_over(said)
        self._known.note_rules(rules)
        self._listing(hello.index, hello.seq, notes)

    def _take_over(self, said: dict[str, Any]) -> None:
        # By a process that may read everything, if there can be one: it goes on from the HELLO.
        from server_agent.core import owner

        args = ("sync", "--project", self._project.id, "--nonce", "-", "--hello")
        argv = owner.argv(self._project, *args)
        if argv is not None and not self._talk.pending and owner.works(self._project):
            path = self._known.hand_over(said)
            os.chdir("/")
            os.execvpe(argv[0], [*argv, path], owner.environment())

    def _look(self, only: Optional[set[str]]) -> list[Any]:
        watch = self._watch
        if watch is not None and only is None:
            self._known.load()
            watch.follow(self._known.folders())
        began = time.monotonic()
        notes = self._known.look(only)
        if watch is not None:
            if only is None:
                watch.looked(time.monotonic() - began)
            # What came into a new folder before it was watched is seen by a second look.
            fresh = watch.follow(self._known.folders())
            if fresh:
                notes += self._known.look(fresh)
        return notes

    def _listing(self, index: str, seq: int, notes: list[Any]) -> None:
        known = self._known
        full = not known.kept or index != known.index.id or seq > known.index.seq
        self._told, self._alarmed = (known.index.id, known.index.seq), False
        for part in _states(known, 0 if full else seq):
            self._talk.send(part)
        if full and index:  # who knew something asks what became of it
            for part in sync.rows(Type.STATE, "left", known.index.left_out()):
                self._talk.send(part)
        files, _, size = known.index.totals()
        ready = {
            "index": known.index.id if known.kept else "",
            "seq": known.index.seq,
            "full": full,
            "files": files,
            "bytes": size,
            "free": known.free(),
            "parts": dict(list(known.parts().items())[:MOST_PARTS]),
            "notes": [[note.path, note.kind, note.text] for note in notes[:MOST_NOTES]],
        }
        self._talk.send(sync.message(Type.READY, ready))

    # -- what the client asks

    def _answer(self, found: Frame) -> None:
        kind = found.type
        if kind in _ITEMS:
            self._receiving().feed(found)
        elif kind is Type.COMMIT:
            self._commit(sync.read(found))
        elif kind is Type.REFRESH:
            said = sync.read(found)
            watch = self._watch
            notes = self._look(None if watch is None or watch.polls else watch.take())
            self._listing(self._told[0], _number(said.get("seq")), notes)
        elif kind is Type.DIGEST:
            if self._gathered(sync.read(found), "paths"):
                self._digests()
        elif kind is Type.FETCH:
            if self._gathered(sync.read(found), "items"):
                self._send()
        else:
            raise ProtocolError(f"a {kind.name} frame comes where none can")

    def _gathered(self, said: dict[str, Any], key: str) -> bool:
        some = said.get(key)
        if not isinstance(some, list) or len(self._asked) + len(some) > sync.MAX_ITEMS:
            raise ProtocolError(f"{key} is no list, or too long")
        self._asked += some
        return bool(said.get("end"))

    def _digests(self) -> None:
        paths, self._asked = [clean_path(path) for path in self._asked], []
        for at in range(0, len(paths), _HASHED):
            found = self._known.digests(paths[at : at + _HASHED])
            for part in _pieces(found):
                self._talk.send(sync.message(Type.DIGESTS, {"digests": part, "end": False}))
        self._talk.send(sync.message(Type.DIGESTS, {"digests": {}, "end": True}))

    def _send(self) -> None:
        from server_agent.core import outgoing

        asked, self._asked = self._asked, []
        missing = outgoing.send(self._talk, self._known, asked)
        # One message: of many long names only as many as it takes.
        first = next(sync.rows(Type.SENT, "missing", missing[:MOST_MISSING]), None)
        self._talk.send(first or sync.message(Type.SENT, {"missing": []}))

    def _receiving(self) -> Incoming:
        if self._incoming is None:
            from server_agent.core.incoming import Incoming

            self._incoming = Incoming(self._project, self._known)
        return self._incoming

    def _commit(self, said: dict[str, Any]) -> None:
        incoming = self._receiving()
        by = str(said.get("by") or "")[:200]
        answer = incoming.apply(_number(said.get("items")), by, empty=said.get("empty") is True)
        self._incoming = None
        index, (told, seq) = self._known.index, self._told
        if (index.id, index.seq) == (told, seq + 1):
            self._told = (index.id, index.seq)  # its own change, and nobody else's before it
        self._talk.send(sync.message(Type.APPLIED, answer))

    # -- while nothing is asked

    def _wait(self) -> None:
        # Returns when the client has said something. Meanwhile it is told of changes, once.
        while True:
            watch = self._watch
            if watch is None or self._alarmed or self._incoming is not None:
                self._talk.wait()
                return
            pause = self._rest - time.monotonic()
            if pause > 0:
                heard = self._talk.wait(timeout=pause)
            elif watch.polls:
                heard = self._talk.wait(timeout=watch.wait())
            else:
                heard = self._talk.wait(watch.handle)
                heard = heard or self._talk.wait(timeout=_CALM)
            if heard:
                return
            if pause <= 0:
                self._look_around(watch)

    def _look_around(self, watch: Watch) -> None:
        began = time.monotonic()
        dirty = watch.take()
        if dirty is None or dirty:
            self._look(dirty)
            if (self._known.index.id, self._known.index.seq) != self._told:
                self._alarmed = True
                self._talk.send(sync.message(Type.DIRTY, {}))
        now = time.monotonic()
        self._rest = now + max(_APART, _COST * (now - began))


class _Ahead(NamedTuple):
    rules: Rules
    notes: list[Any]
    at: float

    def holds(self, rules: Rules, known: Known) -> bool:
        # Whoever had the turn meanwhile may have changed everything.
        fresh = time.monotonic() - self.at < _FRESH
        return fresh and self.rules == rules and known.is_newest()


class _Hello:
    def __init__(self, said: dict[str, Any]) -> None:
        extra = said.get("extra") or []
        if not isinstance(extra, list) or len(extra) > 10_000:
            raise ProtocolError("a HELLO's rules are no list, or too long")
        self.index = str(said.get("index") or "")
        self.seq = _number(said.get("seq"))
        self.watch = said.get("watch") is True
        self.dot_git = said.get("dot_git") is not False
        self.extra = [line[:1000] for line in extra if isinstance(line, str)]


def _states(known: Known, seq: int) -> Iterator[bytes]:
    gone: list[str] = []

    def changed() -> Iterator[list[Any]]:
        for path, state in known.index.since(seq):
            if state is not None:
                yield [path, *to_wire(state)]
            elif not known.index.leaves_out(path):  # else it is there, and only not taken
                gone.append(path)

    yield from sync.rows(Type.STATE, "changed", changed())
    yield from sync.rows(Type.STATE, "gone", gone)


def _pieces(found: dict[str, Optional[str]]) -> Iterator[dict[str, Optional[str]]]:
    # A path may have 4 KiB, and a message an end.
    part: dict[str, Optional[str]] = {}
    for path, value in found.items():
        part[path] = value
        if len(part) >= 100:
            yield part
            part = {}
    if part:
        yield part


def _number(value: object) -> int:
    if type(value) is int and 0 <= value < 1 << 63:
        return value
    raise ProtocolError("a number is none")
