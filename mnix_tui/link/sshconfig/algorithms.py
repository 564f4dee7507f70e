"""Lists of algorithms as OpenSSH's configuration writes them: ``a,b``, ``+a``, ``-a*``, ``^a``."""

from __future__ import annotations

from mnix_tui.link.sshconfig.patterns import any_of, matches


def chosen(spec: str, default: list[str], known: list[str]) -> list[str]:
    """Return the algorithms that ``spec`` asks for, of those that are ``known``, in its order."""
    how = spec[:1] if spec[:1] in "+-^" else ""
    named = spec.removeprefix(how).split(",")
    if how == "-":
        return [each for each in default if not any_of(each, named)]
    wanted = [each for name in named for each in known if matches(each, name)]
    if how == "+":
        wanted = [*default, *wanted]
    elif how == "^":
        wanted = [*wanted, *default]
    return list(dict.fromkeys(wanted))
