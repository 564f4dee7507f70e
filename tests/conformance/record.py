"""Makes the recordings: real programs on a real PTY, answered by our emulator.

``python -m tests.conformance.record [NAME…]`` writes ``recordings/NAME-COLSxROWS.xz``. Needs root (for
a host name of its own) and the programs: vttest, vim, htop, tmux, fish, zsh, git, less, nano, mc,
dialog. The tests only replay what was recorded.
"""

from __future__ import annotations

import fcntl
import lzma
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from mnix_tui.terminal import Emulator, Reply

FOLDER = Path(__file__).parent / "recordings"
SIZES = ((80, 24), (103, 31))
QUIET_SECONDS = 0.35
STEP_SECONDS = 6.0
UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
ENTER, TAB, ESC = b"\r", b"\t", b"\x1b"


CROWD = "for i in 1 2 3 4 5 6 7 8 9; do (tail -f /dev/null & tail -f /dev/null) & done; "

PROGRAMS: dict[str, tuple[list[str], list[bytes]]] = {
    "vttest-cursor": (["vttest"], [b"1\r", *[ENTER] * 8, b"0\r"]),
    "vttest-screen": (["vttest"], [b"2\r", *[ENTER] * 18, b"0\r"]),
    "vttest-charsets": (["vttest"], [b"3\r", b"8\r", *[ENTER] * 4, b"0\r", b"0\r"]),
    "vttest-vt102": (["vttest"], [b"8\r", *[ENTER] * 16, b"0\r"]),
    "vttest-colours": (["vttest"], [b"11\r", b"6\r", b"2\r", *[ENTER] * 4, b"0\r", b"0\r", b"0\r"]),
    "vttest-reports": (["vttest"], [b"6\r", b"3\r", ENTER, b"0\r", b"0\r"]),
    "vim": (
        ["vim", "-N", "-u", "NONE", "--cmd", "set t_ut=", "-c", "syntax on|set nu hls", "code.py"],
        [
            b"5j", b"ohello \xe4\xb8\xad\xe6\x96\x87 world", ESC, b":vs other.txt\r", b"\x04",
            b"\x17w", b"/def\r", b"n", b"\x06", b"\x02", b"Vjjd", b"u", b":sp\r", b"ggdG", b"u",
            b":set wrap!\r", b"G", b"zz", b"12|ix\x1b", b":1\r", b"3\x19",
        ],
    ),
    "vim-quit": (
        ["vim", "-N", "-u", "NONE", "-c", "syntax on", "code.py"],
        [b"G", b"\x15", b"\x15", b"dd", b":q!\r"],
    ),
    "htop": (["sh", "-c", CROWD + "exec htop -d 30"], [b"t", b"\x1b[B\x1b[B", b"\x1bOR", b"sh", ESC, b"q"]),
    "htop-screen": (["sh", "-c", CROWD + "exec htop -d 50"], [b"\x1b[B"]),
    "tmux": (
        ["tmux", "-L", "rec", "-f", "tmux.conf"],
        [
            b"ls --color=always /\r", b"\x02%", b"seq 40\r", b'\x02"', b"printf '\\033[1;32mhi\\n'\r",
            b"\x02o", b"\x02[", UP * 5, b"q", b"\x02c", b"echo new\r", b"\x02z",
        ],
    ),
    "fish": (
        ["fish", "--no-config"],
        [
            b"ls co", TAB, TAB, ENTER, b"git ", TAB, TAB, DOWN, DOWN, b"\x03", b"echo \"unfinished",
            b"\"\r", b"seq 30\r", b"fal", b"se\r", UP, b"\x03", b"cd su", TAB, ENTER,
        ],
    ),
    "zsh": (
        ["zsh", "-f"],
        [
            b"autoload -U compinit; compinit -D; zstyle ':completion:*' menu select\r",
            b"ls ", TAB, TAB, TAB, RIGHT, DOWN, b"\x03", b"print -P '%F{red}red%f %B bold%b'\r",
            b"RPROMPT='right'\r", b"for i in 1 2 3\r", b"do print $i\r", b"done\r", b"printf part\r",
            b"git lo", TAB, b"\x03", b"\x12for", b"\x03", b"\x0c", b"echo end\r",
        ],
    ),
    "git-log": (["git", "log", "--graph", "--stat", "--color=always"], [b" ", b"/wrote\r", b"G", b"b"]),
    "git-log-quit": (["git", "--no-pager", "log", "-p", "--color=always", "-5"], []),
    "less": (
        ["less", "-R", "long.txt"],
        [b" ", b"/9\\d\r", b"n", b"b", b"G", b"5k", b"-S", ENTER, RIGHT, b"g", b"hq"[:1], b"q"],
    ),
    "less-wide": (["less", "wide.txt"], [b" ", b"j", b"j", b"k", b"G"]),
    "nano": (
        ["nano", "--ignorercfiles", "--linenumbers", "other.txt"],
        [b"Some text ", b"\x1b[B\x1b[B", b"\x0b", b"\x15\x15", b"\x17", b"line\r", b"\x07", b"\x18"],
    ),
    "mc": (["mc", "-u", "--nosubshell"], [DOWN, DOWN, b"\x1b3", b"\x1b0"[:0] or b"\x1bOS", TAB, DOWN]),
    "dialog": (
        ["dialog", "--colors", "--backtitle", "Back", "--menu", "Choose \\Z1one", "0", "0", "0",
         "a", "first", "b", "second", "c", "third"],
        [DOWN, DOWN, UP, TAB],
    ),
    "dialog-gauge": (
        ["sh", "-c", "for i in 5 40 80; do echo $i; done | dialog --gauge Working 8 40"], [],
    ),
    "bash-prompts": (
        ["bash", "--norc", "--noprofile"],
        [
            b"PS1='\\[\\e]133;A\\a\\]\\w\\n\\[\\e[32m\\]\\$\\[\\e[m\\] \\[\\e]133;B\\a\\]'\r",
            b"printf part\r", b"seq 30\r", b"echo " + b"long " * 40 + b"\r", b"false\r", b"\x0c", b"\x12seq",
            b"\x07", b"\x01", b"\x05 x", b"\x15", b"for i in 1 2; do\r", b"echo $i; done\r",
        ],
    ),
    "progress": (
        ["sh", "progress.sh"], [],
    ),
}  # fmt: skip

TMUX_CONF = """\
set -g default-shell /bin/sh
set -g default-terminal screen-256color
set -g status-right ''
set-environment -g PS1 '$ '
"""
PROGRESS = r"""
i=0
while [ $i -lt 60 ]; do
  i=$((i+1))
  printf '\r\033[K[%3d%%] \033[3%dm' $i $((i%8))
  j=0; while [ $j -lt $((i%40)) ]; do printf '━'; j=$((j+1)); done
  printf '\033[0m'
  [ $((i%7)) = 0 ] && printf '\r\033[Kline %d é 中文 👍 done\n' $i
done
printf '\n\033[2;5r\033[5;1H\n\n\nscrolled\033[r\033[20;1H\033[1;4;38;5;208mend\033[0m\n'
"""


def prepare(folder: Path) -> None:
    """Make the files that the programs look at, the same each time."""
    (folder / "code.py").write_text(
        "".join(
            f'def function_{n}(value):\n    """Say {n}."""\n    # comment\n    return "{n}" + value * {n}\n\n\n'
            for n in range(40)
        )
    )
    (folder / "other.txt").write_text(
        "".join(f"other line {n} " * (n % 9 + 1) + "\n" for n in range(60))
    )
    (folder / "long.txt").write_text(
        "".join(
            f"\x1b[3{n % 8}m{n:4}\x1b[m " + "words and more words " * (n % 12) + "\n"
            for n in range(300)
        )
    )
    (folder / "wide.txt").write_text(
        "".join(
            f"{n} 日本語のテキスト é e\u0301 한국어 🎉 " * (n % 5 + 1) + "\n" for n in range(80)
        )
    )
    (folder / "tmux.conf").write_text(TMUX_CONF)
    (folder / "progress.sh").write_text(PROGRESS)
    (folder / "subfolder").mkdir()
    for name in ("code.c", "config.toml", "common.h", "notes.md"):
        (folder / name).write_text(name + "\n")
    git = ["git", "-c", "user.name=A. Writer", "-c", "user.email=a@example.org"]
    env = {
        **os.environ,
        "GIT_AUTHOR_DATE": "2024-05-01T12:00:00Z",
        "GIT_COMMITTER_DATE": "2024-05-01T12:00:00Z",
    }
    subprocess.run([*git, "init", "-q", "-b", "main"], cwd=folder, check=True)
    for n in range(12):
        (folder / "notes.md").write_text(
            "".join(f"note {line}: wrote {n}\n" for line in range(n, 30))
        )
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run(
            [*git, "commit", "-q", "-m", f"Wrote note {n}\n\nAnd said why."],
            cwd=folder,
            check=True,
            env=env,
        )


def record(argv: list[str], steps: list[bytes], cols: int, rows: int) -> bytes:
    """Run a program, type the steps, each when it has become quiet; return all it printed."""
    with tempfile.TemporaryDirectory(prefix="rec") as home:
        prepare(Path(home))
        pid, fd = pty.fork()
        if pid == 0:
            env = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ["PATH"],
                   "PS1": "$ ", "LESSHISTFILE": "-", "SHELL": "/bin/sh", "COLORTERM": "truecolor"}  # fmt: skip
            os.chdir(home)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            os.execvpe(
                "unshare",
                [
                    "unshare",
                    "-u",
                    "-p",
                    "-f",
                    "--mount-proc",
                    "sh",
                    "-c",
                    'hostname box; exec "$@"',
                    "sh",
                    *argv,
                ],
                env,
            )
        emulator = Emulator(cols, rows)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        output = bytearray()
        for step in [b"", *steps]:
            if step:
                os.write(fd, step)
            if not _listen(fd, emulator, output):
                break
        os.kill(pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(pid, 0)
        subprocess.run(["tmux", "-L", "rec", "kill-server"], capture_output=True, check=False)
        return bytes(output).replace(home.encode(), b"/home/dev")


def _listen(fd: int, emulator: Emulator, output: bytearray) -> bool:
    """Read until the program is quiet; return whether it still runs."""
    until = time.monotonic() + STEP_SECONDS
    while time.monotonic() < until:
        if not select.select([fd], [], [], QUIET_SECONDS)[0]:
            return True
        try:
            data = os.read(fd, 65536)
        except OSError:
            return False
        if not data:
            return False
        output += data
        for event in emulator.feed(data):
            if isinstance(event, Reply):
                os.write(fd, event.data)
    return True


def main() -> int:
    """Make all recordings, or those named."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PROGRAMS:
        argv, steps = PROGRAMS[name]
        if not shutil.which(argv[0]):
            print(f"{name}: {argv[0]} is not installed")
            continue
        for cols, rows in SIZES:
            data = record(argv, steps, cols, rows)
            path = FOLDER / f"{name}-{cols}x{rows}.xz"
            path.write_bytes(lzma.compress(data, preset=9))
            print(f"{path.name}: {len(data)} bytes, {path.stat().st_size} compressed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
