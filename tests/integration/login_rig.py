"""Servers that ask: passwords, codes (PAM), keys with passphrases; and people who answer."""

import base64
import getpass
import hashlib
import hmac
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mnix_tui.link import SecretQuestion
from tests.helpers.settle import asettle, settle
from tests.integration.link_rig import Rig, Sshd
from tests.integration.own_etc import own_etc

PASSWORD = "correct horse"
SEED = b"twenty bytes of seed"
ACCOUNT = "account required pam_permit.so\nsession required pam_permit.so\n"
PAM = {
    "password": "auth required pam_unix.so\n",
    "codes": "auth required pam_google_authenticator.so secret={} user=root allow_readonly\n",
    "both": "auth required pam_unix.so\n"
    "auth required pam_google_authenticator.so secret={} user=root allow_readonly\n",
}


def code() -> str:
    """Return what the second factor shows now."""
    count = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(SEED, count, hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def asking(rig: Rig, *options: str, rules: str = "password") -> Sshd:
    """Start an sshd with a shadow file and PAM rules of its own, in which PASSWORD is right."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True
    )
    folder = rig.folder / f"pam{len(rig.sshds)}"
    folder.mkdir()
    secret = folder / "secret"
    seed = base64.b32encode(SEED).decode()
    secret.write_text(f'{seed}\n" WINDOW_SIZE 5\n" TOTP_AUTH\n')
    secret.chmod(0o400)
    shadow = f"{getpass.getuser()}:{hashed.stdout.strip()}:19000:0:99999:7:::\n"
    pam = PAM[rules].format(secret) + ACCOUNT
    inside = tuple(own_etc(folder, {"shadow": shadow, "pam.d/sshd": pam}))
    return rig.start(*options, inside=inside)


@dataclass
class Someone:
    """Answers questions, in order: a text, several, or ``None`` for a no; and notes them."""

    answers: list[str | tuple[str, ...] | Callable[[], str] | None]
    asked: list[SecretQuestion] = field(default_factory=list)
    wait: Callable[[], bool] | None = None
    """When to answer: at once, or when this is true."""

    async def __call__(self, question: SecretQuestion) -> tuple[str, ...] | None:
        self.asked.append(question)
        assert self.answers, f"nobody expected to be asked {question}"
        answer = self.answers.pop(0)
        if self.wait is not None:
            await asettle(self.wait, what="the person")
        if callable(answer):
            answer = answer()
        return (answer,) if isinstance(answer, str) else answer

    @property
    def kinds(self) -> list[tuple[str, int]]:
        return [(each.kind, each.attempt) for each in self.asked]


@dataclass
class KeyAgent:
    """A real ssh-agent."""

    socket: Path
    process: subprocess.Popen[bytes]

    def add(self, *keys: Path, provider: Path | None = None) -> None:
        with_it = () if provider is None else ("-S", str(provider))
        for key in keys:
            subprocess.run(["ssh-add", "-q", *with_it, str(key)], check=True, env=self.env)

    def listed(self) -> list[str]:
        done = subprocess.run(
            ["ssh-add", "-l"], env=self.env, capture_output=True, text=True, check=False
        )
        return [line.split()[1] for line in done.stdout.splitlines() if "SHA256:" in line]

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {"SSH_AUTH_SOCK": str(self.socket)}

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)


@contextmanager
def agent_running(folder: Path) -> Iterator[KeyAgent]:
    """Run an ssh-agent."""
    socket = folder / "agent.sock"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-P", "/usr/lib*/*", "-a", str(socket)], stdout=subprocess.DEVNULL
    )
    try:
        settle(socket.exists, what="the SSH agent")
        yield KeyAgent(socket, process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait()


def make_key(path: Path, passphrase: str = "", *more: str) -> Path:
    """Make a key; with a passphrase."""
    rounds = () if "PEM" in more else ("-a", "1")
    kind = () if "-t" in more else ("-t", "ed25519")
    subprocess.run(
        ["ssh-keygen", "-q", *kind, *rounds, "-N", passphrase, "-C", "", "-f", path, *more],
        check=True,
    )
    return path


def let_in(sshd: Sshd, *keys: Path) -> None:
    """Have these keys, and no others, open the server."""
    lines = [Path(f"{key}.pub").read_text() for key in keys]
    (sshd.folder / "authorized_keys").write_text("".join(lines))
