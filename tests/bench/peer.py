"""PyPI mnix 0.2.0 in a scratch environment: the peer that the commands are measured against."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

VERSION = "0.2.0"


def install() -> Path:
    """Install the peer once, where every user of the machine can run it; return its ``bin``."""
    folder = Path("/var/tmp") / f"mnix-peer-{VERSION}-{os.getuid()}"
    binaries = folder / "bin"
    if not (binaries / "mnix-server").exists():
        # A Python that the servers' users may read; this one's own may lie in root's home.
        python = next(p for p in ("/usr/bin/python3", sys.executable) if Path(p).exists())
        subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
        site = next((folder / "lib").glob("python3*")) / "site-packages"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--target",
                str(site),
                f"mnix=={VERSION}",
            ],
            check=True,
        )
        for name, module in (("mnix", "client"), ("mnix-server", "server.interfaces")):
            script = binaries / name
            script.write_text(
                f"#!{binaries}/python3\nimport sys\nfrom mnix.{module}.cli import main\n"
                "sys.exit(main())\n"
            )
            script.chmod(0o755)
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    return binaries
