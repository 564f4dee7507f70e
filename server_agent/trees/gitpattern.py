"""pathspec's translation of a pattern, with brackets as git reads them."""

from __future__ import annotations

import re
from typing import List

from server_agent._vendor.pathspec.patterns.gitignore.base import _RangeError
from server_agent._vendor.pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern
from server_agent.trees.patterns import HIDDEN, bracket


class GitPattern(GitIgnoreSpecPattern):
    """A pattern of a .gitignore file."""

    @staticmethod
    def _translate_segment_glob(pattern: str, range_error: str) -> str:
        """Translate what stands between two slashes; raise for what can't match anything."""
        if ord(pattern[-1:] or "\0") >= HIDDEN:
            pattern = pattern[:-1] + chr(ord(pattern[-1]) - HIDDEN)
        out: List[str] = []
        at = 0
        while at < len(pattern):
            char = pattern[at]
            at += 1
            if char == "*":
                if out[-1:] != ["[^/]*"]:
                    out.append("[^/]*")
            elif char == "?":
                out.append("[^/]")
            elif char == "[":
                found = bracket(pattern, at)
                if found is None:
                    raise _RangeError(pattern)
                text, at = found
                out.append(text)
            else:
                if char == "\\":
                    if at == len(pattern):
                        raise _RangeError(pattern)
                    char = pattern[at]
                    at += 1
                out.append(re.escape(char))
        return "".join(out)
