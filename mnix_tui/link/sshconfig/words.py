"""The lines of an OpenSSH client configuration, split as OpenSSH splits them. Pure."""

from __future__ import annotations

from mnix_tui.errors import ConfigError

_BLANK = " \t\r\n"
_ESCAPED = "'\"\\"


def unusable(where: str, option: str, said: str, hint: str) -> ConfigError:
    """Return the error for an option that can't be used, by where it stands (``FILE:LINE``).

    Its title begins with what matters, and fits into a server's row; the file's path does not.
    """
    line = where.rpartition(":")[2]
    title = f"SSH config, line {line}," if where else option
    return ConfigError(f"{title} can't be used", f"{where}: {said}" if where else said, hint)


def keyword_and_rest(line: str) -> tuple[str, str]:
    """Return the lower-case keyword and what follows it; ("", "") where a line says nothing.

    One ``=`` may stand between them; what follows is not unquoted yet.
    """
    text = line.partition("\0")[0].rstrip(_BLANK + "\f").lstrip(_BLANK)
    if not text or text.startswith("#"):
        return "", ""
    word, rest = _delimited(text, equals=True)
    return word.lower(), rest


def words(text: str) -> list[str]:
    """Split arguments at blanks, minding quotes, escapes and a comment at the end.

    Raise ``ValueError`` for a quote that is not closed.
    """
    found: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in " \t":
            at += 1
        elif text[at] == "#":
            break
        else:
            word, at = _word(text, at)
            found.append(word)
    return found


def _word(text: str, at: int) -> tuple[str, int]:
    word: list[str] = []
    quote = ""
    while at < len(text):
        char = text[at]
        after = text[at + 1 : at + 2]
        if char == "\\" and after and (after in _ESCAPED or (not quote and after == " ")):
            at += 1
            word.append(after)
        elif not quote and char in " \t":
            break
        elif not quote and char in "'\"":
            quote = char
        elif quote and char == quote:
            quote = ""
        else:
            word.append(char)
        at += 1
    if quote:
        raise ValueError("a quote is not closed")
    return "".join(word), at


def criteria(text: str) -> list[str]:
    """Split what follows ``Match``; raise ``ValueError`` for a quote that is not closed."""
    found: list[str] = []
    rest = text
    while rest:
        word, rest = _delimited(rest, equals=True)
        if word.startswith("#"):
            break
        if word:
            found.append(word)
    return found


def command(text: str) -> str:
    """Return a command as it stands: quotes and comments in it belong to the shell."""
    return text.lstrip(" \t\r\n=")


def _delimited(text: str, *, equals: bool) -> tuple[str, str]:
    """Cut the first word off; a quoted one without its quotes."""
    stops = _BLANK + '"' + ("=" if equals else "")
    end = next((at for at, char in enumerate(text) if char in stops), None)
    if end is None:
        return text, ""
    if text[end] == '"':
        close = text.find('"', end + 1)
        if close < 0:
            raise ValueError("a quote is not closed")
        return text[:end] + text[end + 1 : close], text[close + 1 :].lstrip(_BLANK)
    rest = text[end + 1 :].lstrip(_BLANK)
    if equals and text[end] != "=" and rest.startswith("="):
        rest = rest[1:].lstrip(_BLANK)
    return text[:end], rest
