"""Running a command's asynchronous part."""

import os
import subprocess
import sys

SAYS = """
import logging
from mnix_tui.cli import connect

async def work():
    logging.getLogger("asyncio").warning("socket.send() raised exception.")

connect.run(work())
"""


def test_what_asyncio_says_of_a_lost_line_reaches_no_person() -> None:
    def said(**more: str) -> bytes:
        env = {**os.environ, **more}
        done = subprocess.run(
            [sys.executable, "-c", SAYS], env=env, capture_output=True, check=True
        )
        return done.stderr

    assert said(MNIX_DEBUG="") == b""
    assert b"socket.send()" in said(MNIX_DEBUG="1")
