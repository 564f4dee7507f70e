"""Logging in to one host: keys, passwords and codes, and why it was refused.

It may take several connections: sshd ends one after six keys (MaxAuthTries), or while a person is
still looking for a password. What was tried is not tried again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import asyncssh

from mnix_tui.link.login.findings import Findings
from mnix_tui.link.login.keys import Keys
from mnix_tui.link.login.person import MAX_PROMPTS, Person, clean
from mnix_tui.link.login.secrets import MEMORY
from mnix_tui.link.model import Stage
from mnix_tui.link.sshconfig.tokens import tilded
from mnix_tui.link.ssherrors import login_refused, too_many

if TYPE_CHECKING:
    import asyncio

    from mnix_tui.errors import LoginRefused
    from mnix_tui.link.login.secrets import Account
    from mnix_tui.link.model import LinkOptions
    from mnix_tui.link.sshconfig.config import UserConfig

MAX_CHALLENGES = 20
"""Questions of a server in one login: more is no login."""


class Login:
    """One login; ``leave`` it when it is over."""

    def __init__(
        self, server: str, config: UserConfig, options: LinkOptions, jump: str = ""
    ) -> None:
        """``jump``: the jump host that this logs in to; "" for the server itself."""
        self._server = server
        self.config = config
        self._options = options
        self.jump = jump
        batch = config.flag("BatchMode", default=False)
        self.seconds = float(config.number("ConnectTimeout") or options.connect_timeout)
        """What a step may take while nobody is asked."""
        unasked = options.may_ask is not None and not options.may_ask(server)
        ask = None if batch or unasked else options.ask_secret
        self.person = Person(server, jump, ask, self.seconds)
        tries = config.number("NumberOfPasswordPrompts")
        self._tries = 3 if tries is None else tries
        self._account = f"{config.user}@{config.host}"
        self._host_key = ""
        """The fingerprint of what the connection showed."""
        self.found = Findings(unasked=unasked and not batch)
        self.keys = Keys(
            config, self.person, self.found, lambda: self.stage("login", "touch the security key")
        )
        self._typed = ""
        """A password that was typed, and is not known to be right."""
        self._unsent = False
        """Whether it has not been sent yet: the connection was lost meanwhile."""
        self._resent = False
        self._turn: asyncio.Lock | None = None
        """Held while others wait for what is answered here."""
        self._spent: set[tuple[str, str]] = set()
        """Methods, and passwords that were sent by them."""
        self._recalled: tuple[str, str] | None = None
        """The method, and the remembered password that it sent, until the server has judged it."""
        self._asked: Counter[str] = Counter()
        self._answering = ""
        """The method whose question was answered, until the server says what it thinks of it."""
        self._challenges = 0
        self._may_ask = False
        """Whether the server was let ask, and has asked nothing yet."""
        self._mute = False
        """Whether it refused without having asked: it has no questions (no PAM), now or later."""
        self._coded = False
        self._said = ""
        self._began = 0

    def stage(self, key: str, said: str = "") -> None:
        """Tell that a step begins."""
        if self._options.stage is not None:
            via = f"via {clean(self.jump)}" if self.jump else ""
            self._options.stage(Stage(self._server, key, said or via))

    def begin(self) -> None:
        """Begin anew, on another connection: with what is known to be wanted."""
        self.keys.begin()
        self._answering = ""
        self._recalled = None
        self._may_ask = False
        self._began = self.keys.offers

    @property
    def asks(self) -> bool:
        """Whether a person gave what holds once only: a code, or a touch."""
        return self._coded or self.keys.touched

    @property
    def _memory(self) -> Account:
        config = self.config
        way = config.text("ProxyJump") or config.text("ProxyCommand")
        return config.user, config.host, config.port, way, self._host_key

    def shown(self, fingerprint: str) -> None:
        """Take which host key the server shows: what was typed is for that one alone."""
        if fingerprint != self._host_key:
            self._typed, self._unsent = "", False
        self._host_key = fingerprint

    def goes_on(self, error: Exception) -> bool:
        """Say whether another connection may bring what this one did not."""
        if self.found.stopped or not isinstance(error, (asyncssh.DisconnectError, OSError)):
            return False
        if too_many(error) and self._recalled is not None:
            MEMORY.refused(self._memory, self._recalled[1])
        if self.person.thinking or self._unsent:
            return True
        lost = isinstance(error, (asyncssh.ConnectionLost, OSError))
        if lost and self._answering and self._typed and not self._resent:
            self._unsent = self._resent = True  # it may have gone before the answer came
            return True
        return too_many(error) and self.keys.offers > self._began

    # -- passwords and codes

    async def password(self) -> str | None:
        """Return a password for the method of that name; ``None`` to give up."""
        if self._another("password"):
            return await self._password("password", f"Password for {self._account}", "")
        return None

    def may_answer(self) -> bool:
        """Say whether to let the server ask (keyboard-interactive)."""
        self._mute = self._mute or self._may_ask
        if self._mute or not self._another("keyboard-interactive"):
            return False
        if self.person.there or self._remembered("keyboard-interactive") is not None:
            self._may_ask = True
            return True
        self.found.needed.append("a password or a code")
        return False

    def _another(self, method: str) -> bool:
        """Say whether to try a method (again)."""
        if self._recalled is not None:
            if self._recalled[0] == method:  # else it was right here as well
                MEMORY.refused(self._memory, self._recalled[1])
            self._recalled = None
        if self._answering:
            self._asked[self._answering] += 1
            if self._answering == method:  # else it was right, and the server wants more
                self._typed = ""
            self._answering = ""
        if self._asked[method] >= self._tries and not self.found.stopped:
            self.found.stopped = (
                f"what was answered for {self._account} was wrong {self._asked[method]} times"
                if self._tries
                else f"NumberOfPasswordPrompts 0 has nobody asked for {self._account}"
            )
        return not self.found.stopped

    async def answers(
        self, name: str, instructions: str, prompts: list[tuple[str, bool]]
    ) -> list[str] | None:
        """Answer what a server asks; ``None`` to give up."""
        self._challenges += 1
        if self.found.stopped:
            return None
        if self._challenges > MAX_CHALLENGES or len(prompts) > MAX_PROMPTS:
            self.found.stopped = f"{self._account} asks without end"
            return None
        said = "\n".join(each for each in (self._said, clean(name), instructions) if each.strip())
        if not prompts:
            self._said = clean(said, 500)
            return []
        self._said, self._may_ask = "", False
        if _is_password(prompts):
            found = await self._password("keyboard-interactive", prompts[0][0], said)
            return None if found is None else [found]
        if not self.person.there:
            self.found.needed.append(f"an answer to “{clean(prompts[0][0], 60)}”")
            return None
        return await self.person.wait(self._codes(prompts, said))

    async def _codes(self, prompts: list[tuple[str, bool]], said: str) -> list[str] | None:
        new = any("new" in text.lower() and not echo for text, echo in prompts)
        kind = "new-password" if new else "codes"
        attempt = self._asked["keyboard-interactive"] + 1
        answer = await self.person.put(
            kind, self._account, prompts, instructions=said or self.found.banner, attempt=attempt
        )
        self._answering = "keyboard-interactive"
        if answer is None:
            self.found.stopped = f"nobody answered “{clean(prompts[0][0], 60)}” of {self._account}"
            return None
        self._coded = self._coded or not new
        return list(answer)

    def _remembered(self, method: str) -> str | None:
        found = self._typed or MEMORY.passwords.get(self._memory)
        return found if found is not None and (method, found) not in self._spent else None

    async def _password(self, method: str, prompt: str, said: str) -> str | None:
        if self._unsent:
            self._answering, self._unsent = method, False
            return self._typed
        if (known := self._remembered(method)) is not None:
            self._spent.add((method, known))
            self._recalled = method, known
            return known
        if not self.person.there:
            self.found.needed.append(f"the password of {self._account}")
            return None
        found = await self.person.wait(self._type(method, prompt, said))
        self._unsent = False
        return found

    async def _type(self, method: str, prompt: str, said: str) -> str | None:
        about = self._memory
        before = MEMORY.declined[about]
        if self._turn is None:  # kept until it is known whether the answer is right
            turn = MEMORY.turn(about)
            await turn.acquire()
            self._turn = turn
        known = self._remembered(method)
        answer: tuple[str, ...] | None = None if known is None else (known,)
        if answer is None and MEMORY.declined[about] == before:
            answer = await self.person.put(
                "password",
                self._account,
                [(prompt, False)],
                instructions=said or self.found.banner,
                attempt=self._asked[method] + 1,
            )
        if answer is None:
            MEMORY.declined[about] += 1
            self.found.stopped = f"nobody gave the password of {self._account}"
            return None
        self._typed, self._answering, self._unsent = answer[0], method, True
        self._resent = False
        self._spent.add((method, self._typed))
        return self._typed

    async def new_password(self, prompt: str) -> tuple[str, str] | None:
        """Have a person choose another password, because the old one has expired."""
        if not self.person.there:
            self.found.needed.append(f"a new password for {self._account}")
            return None
        return await self.person.wait(self._choose(prompt))

    async def _choose(self, prompt: str) -> tuple[str, str] | None:
        old = self._typed or MEMORY.passwords.get(self._memory, "")
        prompts = [("New password", False), ("The same once more", False)]
        for attempt in range(1, 4):
            answer = await self.person.put(
                "new-password", self._account, prompts, instructions=prompt, attempt=attempt
            )
            if answer is None:
                break
            if answer[0] and answer[0] == answer[1]:
                self._typed = answer[0]
                return old, answer[0]
        self.found.stopped = f"nobody chose a new password for {self._account}"
        return None

    # -- the end

    async def succeeded(self) -> None:
        """Take that it worked: remember what may be, and give the agent its key."""
        if self._typed:
            MEMORY.passwords[self._memory] = self._typed
        how = self.config.text("AddKeysToAgent").split()
        if self.keys.used is None or self.keys.agent is None or not how or how[0] == "no":
            return
        file, key = self.keys.used
        if how[0] == "ask":
            about = tilded(file.path)
            text = f"Give {about} to the SSH agent?"
            if not self.person.there or await self.person.wait(self._confirm(about, text)) is None:
                return
        lifetime = int(how[1]) if len(how) > 1 else 0
        await self.keys.agent.add(key, lifetime, confirm=how[0] == "confirm")

    async def _confirm(self, about: str, text: str) -> tuple[str, ...] | None:
        return await self.person.put("confirm", about, [], instructions=text)

    def refusal(self, error: Exception | None = None) -> LoginRefused:
        """Return why the server did not let us in."""
        many = error is not None and too_many(error)
        return login_refused(self._server, self.config, self.found, too_many=many)

    async def leave(self) -> None:
        """Close what the login used."""
        await self.person.leave()
        if self._turn is not None:
            self._turn.release()
            self._turn = None
        if self.keys.agent is not None:
            await self.keys.agent.end()


def _is_password(prompts: list[tuple[str, bool]]) -> bool:
    """Say whether a server asks for the account's password, and for nothing else."""
    if len(prompts) != 1 or prompts[0][1]:
        return False
    text = prompts[0][0].lower()
    others = ("new", "one-time", "one time", "otp", "code", "token", "verification", "retype")
    return "password" in text and not any(word in text for word in others)
