"""Reading TOML: the standard library's reader, or before 3.11 the vendored one."""

from __future__ import annotations

import sys
from typing import Any

from server_agent.protocol.errors import AgentError

if sys.version_info >= (3, 11):
    import tomllib
else:
    from server_agent._vendor import tomli as tomllib


def loads(text: bytes, where: str) -> dict[str, Any]:
    """Parse a file's content; raise ``AgentError`` ``usage`` that names the file and the place."""
    try:
        return tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise AgentError("usage", f"{where} is not UTF-8", f"at byte {error.start}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise AgentError("usage", f"{where} is not valid TOML", str(error)) from error
