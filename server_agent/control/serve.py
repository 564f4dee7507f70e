"""`mnix-server serve`: the control channel on stdin and stdout, until stdin ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from server_agent.control.hello import say_hello
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.lines import LineSplitter, decode

if TYPE_CHECKING:
    from server_agent.control.watch import Watcher

_FINISH = 60.0
"""Seconds that requests have to finish once the client is gone."""


def run(nonce: str) -> int:
    """Serve one client. Returns 0 when it went, 1 when it broke the protocol."""
    say_hello(nonce)
    return _Server().run()


class _Server:
    def __init__(self) -> None:
        # After the preface: the client has something to do meanwhile.
        from server_agent.control import dispatch
        from server_agent.control.pool import Pool
        from server_agent.control.writer import Writer, wake_pipe
        from server_agent.jobs import faults

        self._dispatch, self._faults = dispatch, faults  # each request needs them to be answered
        # Readable once the client is gone, or has to start another agent.
        self._gone, self._end = wake_pipe()
        self._writer = Writer(1, self._end)
        self._pool = Pool()
        self._watcher: Optional[Watcher] = None

    def run(self) -> int:
        code = 0
        splitter = LineSplitter()
        try:
            while True:
                data = self._read()
                if not data:
                    break
                for line in splitter.feed(data):
                    if line.strip():
                        self._request(decode(line))
        except ProtocolError as error:
            self._writer.reply({"id": None, "error": error.to_wire()})
            code = 1
        if self._watcher:
            self._watcher.close()
        self._pool.close(_FINISH)
        self._writer.close()
        return code

    def _read(self) -> bytes:
        import select

        ready, _, _ = select.select([0, self._gone], [], [])
        return b"" if self._gone in ready else os.read(0, 64 << 10)

    def _request(self, message: dict[str, Any]) -> None:
        number, method = message.get("id"), message.get("method")
        params = message.get("params", {})
        if type(number) is not int or not isinstance(method, str):
            raise ProtocolError("a request needs a numeric id and a method")
        if params is None:
            params = {}
        if not isinstance(params, dict):
            raise ProtocolError("a request's params are not an object")
        self._pool.submit(lambda: self._answer(number, method, params))

    def _answer(self, number: int, method: str, params: dict[str, Any]) -> None:
        dispatch, faults = self._dispatch, self._faults
        result: Any = None
        try:
            result = dispatch.call(method, params)
            reply = {"id": number, "result": {} if method == "subscribe" else result}
        except BaseException as error:  # whatever it is, the client waits for an answer
            told = faults.as_agent_error(error, method)
            reply = {"id": number, "error": told.to_wire()}
            if told.code == "error" and faults.orphaned():
                self._writer.reply(reply)
                self._end()
                return
        self._writer.reply(reply)
        if method == "subscribe":
            if "result" in reply:
                self._subscribe(result)
        elif self._watcher and method in dispatch.CHANGES:
            self._watcher.poke()
        if method in dispatch.LOOKS:
            self._reap()

    def _reap(self) -> None:
        # The answer is out. What a lost job left running is ended by whoever finds it lost.
        try:
            from server_agent.jobs import killing

            killing.reap_new()
        except Exception as error:
            self._faults.note(error, "ending what lost jobs left")

    def _subscribe(self, every: float) -> None:
        from server_agent.control.watch import Watcher

        if self._watcher is not None:
            self._watcher.pace(every)
        else:
            self._watcher = Watcher(self._writer.event, self._pool.submit, every)
            # Whoever stays to watch stays long enough for this.
            from server_agent.core import warm

            warm.begin()
