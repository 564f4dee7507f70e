"""What a person sees of a link: its states and reasons, and when."""

import time
from dataclasses import dataclass

from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.link import Link, LinkEvent, Silence, StatusChanged


@dataclass(frozen=True)
class Sight:
    """A status, and when it was told (seconds of the monotonic clock)."""

    at: float
    status: ServerStatus

    @property
    def text(self) -> str:
        """As the dashboard words it."""
        state = str(self.status.state)
        if self.status.silent_since is not None:
            state += ", no answer"
        return f"{state}: {self.status.reason}" if self.status.reason else state


class Seen:
    """Listens to a link."""

    def __init__(self, link: Link) -> None:
        self.sights: list[Sight] = []
        self.longest_silence = 0.0
        link.subscribe(self._take)

    def _take(self, event: LinkEvent) -> None:
        if isinstance(event, StatusChanged):
            self.sights.append(Sight(time.monotonic(), event.status))
        elif isinstance(event, Silence):
            self.longest_silence = max(self.longest_silence, event.seconds)

    @property
    def texts(self) -> list[str]:
        """All that was shown, in order."""
        return [sight.text for sight in self.sights]

    @property
    def state(self) -> ServerState:
        """What is shown now."""
        return self.sights[-1].status.state if self.sights else ServerState.UNKNOWN

    def when(self, text: str, after: float = 0.0) -> float:
        """Return when a status whose text begins so was first told after a moment."""
        found = [s.at for s in self.sights if s.at >= after and s.text.startswith(text)]
        assert found, (text, self.texts)
        return found[0]
