"""What one login came to know of keys, questions and the server. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """What a login came to know, for the message if it is refused."""

    tried: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exposed: list[str] = field(default_factory=list)
    """Files of private keys that others may read: none of them is offered."""
    needed: list[str] = field(default_factory=list)
    """What only a person could have given."""
    unasked: bool = False
    """Whether somebody is there who was not asked, because nobody wanted the server."""
    banner: str = ""
    """What the server said before the login."""
    stopped: str = ""
    """Why it is given up."""
