import base64
import subprocess
from pathlib import Path

import pytest

from mnix_tui.link.hostkeys.randomart import randomart


@pytest.mark.needs("ssh")
@pytest.mark.parametrize(
    ("kind", "title"), [("ed25519", "ED25519 256"), ("ecdsa", "ECDSA 256"), ("rsa", "RSA 3072")]
)
def test_the_picture_is_the_one_that_openssh_draws(kind: str, title: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub")
    shown = subprocess.run(
        ["ssh-keygen", "-lvf", str(public)], capture_output=True, text=True, check=True
    ).stdout
    blob = base64.b64decode(public.read_text().split()[1])
    assert randomart(blob, title) == shown.split("\n", 1)[1].rstrip("\n")
