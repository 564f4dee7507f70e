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
        parts: List[str] = [""]  # what stands between the stars
        at = 0
        while at < len(pattern):
            char = pattern[at]
            at += 1
            if char == "*":
                if parts[-1] or len(parts) == 1:
                    parts.append("")
            elif char == "?":
                parts[-1] += "[^/]"
            elif char == "[":
                found = bracket(pattern, at)
                if found is None:
                    raise _RangeError(pattern)
                text, at = found
                parts[-1] += text
            else:
                if char == "\\":
                    if at == len(pattern):
                        raise _RangeError(pattern)
                    char = pattern[at]
                    at += 1
                parts[-1] += re.escape(char)
        if len(parts) == 1:
            return parts[0]
        # A star that another one follows ends where its next part first is: were it tried
        # elsewhere too, the time would grow with the power of the number of stars.
        middle = [f"(?:(?!{part})[^/])*{part}" for part in parts[1:-1]]
        return "".join([parts[0], *middle, "[^/]*", parts[-1]])
