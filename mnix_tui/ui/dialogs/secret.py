"""What a login needs from a person: a passphrase, a password, codes, a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import Input, Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.sudden import SuddenDialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.link.model import SecretQuestion

_QUIET = "$foreground-muted"
LONGEST = 1024
"""Characters that an answer may have."""
MOST = 16
"""Lines of a server's instructions that are shown."""
_HEADINGS = {
    "passphrase": "Passphrase",
    "password": "Password",
    "codes": "Log in",
    "new-password": "New password",
    "confirm": "Agree?",
}
_NEVER_EMPTY = ("passphrase", "password")
_LABELS = {"passphrase": "Passphrase", "password": "Password"}


class SecretDialog(SuddenDialog[tuple[str, ...]]):
    """Dismisses with an answer for each prompt, or ``None`` when it was cancelled."""

    YES = "Log in"
    AUTO_FOCUS = "Input, #no"

    def __init__(self, question: SecretQuestion, *, sudden: bool = False) -> None:
        super().__init__(sudden=sudden, classes="-careful" if question.attempt > 1 else "")
        self._question = question
        heading = _HEADINGS.get(question.kind, "Log in")
        server = words.plain(question.server)
        self.HEADING = f"{heading} · {server}"
        if question.kind == "confirm":
            self.YES = "Yes"
        elif question.kind == "passphrase":
            self.YES = "Unlock"

    def body(self) -> ComposeResult:
        """Say who asks and for what, and take the answers."""
        yield Static(self._about(), classes="text")
        if self._question.instructions.strip():
            yield Static(_told(self._question.instructions), classes="text told", markup=False)
        for number, (prompt, echo) in enumerate(self._question.prompts):
            yield Static(self._label(prompt), classes="label", markup=False)
            yield Input(
                password=not echo, max_length=LONGEST, id=f"answer-{number}", classes="answer"
            )

    def _about(self) -> Content:
        asked = self._question
        about, server = words.plain(asked.about), words.plain(asked.server)
        lines: list[Content] = []
        if asked.attempt > 1:
            wrong = "That was not right. Try it once more:"
            lines.append(Content.styled(wrong, "bold $warning"))
        if asked.jump:
            jump = words.plain(asked.jump)
            lines.append(
                Content.assemble("This is asked by ", (jump, "bold"), f", on the way to {server}.")
            )
        lines.append(_purpose(asked.kind, about))
        return Content("\n").join(lines)

    def _label(self, prompt: str) -> str:
        known = _LABELS.get(self._question.kind)
        return known or words.plain(words.visible(prompt)) or "Answer"

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Go on to the next field; from the last one, log in."""
        event.stop()
        fields = list(self.query(Input))
        at = fields.index(event.input)
        if at + 1 < len(fields):
            fields[at + 1].focus()
        else:
            self.accept()

    def accept(self) -> None:
        """Hand over the answers."""
        answers = tuple(field.value for field in self.query(Input))
        if self._question.kind in _NEVER_EMPTY and not all(answers):
            return  # enter was pressed too early: that is no wrong answer
        self.dismiss(answers)


def _purpose(kind: str, about: str) -> Content:
    if kind == "passphrase":
        kept = "It stays unlocked while mnix runs; the passphrase itself is not kept."
        return Content.assemble("The key ", (about, "bold"), " is locked.\n", (kept, _QUIET))
    if kind == "password":
        kept = "It is kept in memory while mnix runs, and nowhere else."
        return Content.assemble((about, "bold"), " wants a password.\n", (kept, _QUIET))
    if kind == "new-password":
        return Content.assemble("The password of ", (about, "bold"), " has expired.")
    return Content.assemble((about, "bold"), " asks:")


def _told(instructions: str) -> str:
    lines = [words.visible(line) for line in instructions.strip().splitlines()]
    more = [f"… {len(lines) - MOST} more lines"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *more])
