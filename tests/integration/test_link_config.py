"""The user's SSH configuration: what OpenSSH's own ``ssh -G`` says of a host is what we say."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mnix_tui.domain.servers import parse_endpoint
from mnix_tui.errors import ConfigError
from mnix_tui.link.sshconfig import config as sshconfig
from mnix_tui.link.sshconfig.algorithms import chosen
from mnix_tui.link.sshconfig.config import UserConfig
from tests.integration.config_corpus import BROKEN, CORPUS, Case
from tests.integration.own_etc import own_etc

pytestmark = pytest.mark.needs("ssh", "unshare")

DEFAULTS = {
    "addkeystoagent": "false",
    "addressfamily": "any",
    "batchmode": "no",
    "bindaddress": "",
    "canonicalizefallbacklocal": "yes",
    "canonicalizehostname": "false",
    "compression": "no",
    "connecttimeout": "none",
    "controlmaster": "false",
    "controlpersist": "no",
    "forwardagent": "no",
    "hashknownhosts": "no",
    "hostkeyalias": "",
    "identitiesonly": "no",
    "identityagent": "",
    "kbdinteractiveauthentication": "yes",
    "numberofpasswordprompts": "3",
    "passwordauthentication": "yes",
    "preferredauthentications": "",
    "proxycommand": "",
    "pubkeyauthentication": "true",
    "revokedhostkeys": "",
    "serveralivecountmax": "3",
    "serveraliveinterval": "0",
    "stricthostkeychecking": "ask",
    "tcpkeepalive": "yes",
}
"""What `ssh -G` prints where nothing is set."""
TRUTHS = {
    "addkeystoagent",
    "controlmaster",
    "canonicalizehostname",
    "pubkeyauthentication",
    "stricthostkeychecking",
}
"""Options for which it prints true and false, and not yes and no."""
ALGORITHMS = {
    "Ciphers": "cipher",
    "MACs": "mac",
    "KexAlgorithms": "kex",
    "HostKeyAlgorithms": "HostKeyAlgorithms",
    "PubkeyAcceptedAlgorithms": "PubkeyAcceptedAlgorithms",
}
"""Options, and what `ssh -Q` calls their kind."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("MNIX_TEST_KEYS", "keys")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / "home" / ".ssh").mkdir(parents=True, mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def oracle(home: Path, tmp_path: Path) -> Callable[[str], dict[str, list[str]]]:
    me = pwd.getpwuid(os.getuid())
    # OpenSSH takes the home from passwd: it gets one in which ours is the test's.
    passwd = (
        f"{me.pw_name}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n"
        f"{me.pw_name}:x:0:0::{home}:/bin/sh\n"  # who one is in a namespace of one's own
    )
    argv = own_etc(tmp_path, {"passwd": passwd, "ssh/ssh_config": ""})

    def ask(host: str) -> dict[str, list[str]]:
        endpoint = parse_endpoint(host)
        named = ["-l", endpoint.user] if endpoint.user else []
        named += ["-p", str(endpoint.port)] if endpoint.port else []
        done = subprocess.run(
            [*argv, "ssh", "-G", *named, endpoint.host], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = {}
        for line in done.stdout.splitlines():
            name, _, value = line.partition(" ")
            found.setdefault(name.lower(), []).append(value)
        return found

    return ask


def write(case: Case, home: Path, system: Path) -> None:
    for name, text in case.files.items():
        path = system if name == "system" else home / ".ssh" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            text.encode("utf-8", "surrogateescape").replace(b"@HOME@", os.fsencode(home))
        )
        path.chmod(0o600)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_every_host_is_what_ssh_says_it_is(
    case: Case, home: Path, tmp_path: Path, oracle: Callable[[str], dict[str, list[str]]]
) -> None:
    write(case, home, tmp_path / "etc" / "ssh" / "ssh_config")
    for host in case.hosts:
        wanted = oracle(host)
        ours = sshconfig.load(parse_endpoint(host), tmp_path / "etc" / "ssh" / "ssh_config")
        found = as_openssh(ours, home)
        assert found == {name: wanted.get(name, [""]) for name in found}, host
        for name in case.tells:
            assert found[name] != [DEFAULTS.get(name, "")], f"{name} would be tested by nothing"


def as_openssh(config: UserConfig, home: Path) -> dict[str, list[str]]:
    """Say what `ssh -G` would, of what concerns us: it replaces tokens in some values only."""
    set_here = {name.lower(): value for name, value in config.raw.items()}
    found = {"hostname": [config.host], "port": [str(config.port)], "user": [config.user]}
    for name, default in DEFAULTS.items():
        said = str(set_here.get(name, default))
        if name in TRUTHS:
            said = said.replace("yes", "true").replace("no", "false")
        found[name] = [said]
    found["addkeystoagent"] = [found["addkeystoagent"][0].removeprefix("true ")]
    for name, option in (("forwardagent", "ForwardAgent"), ("identityagent", "IdentityAgent")):
        if found[name][0].startswith("~"):
            found[name] = [config.text(option)]
    found["proxycommand"] = [config.text("ProxyCommand")]
    found["proxyjump"] = [config.text("ProxyJump")]
    for name in ("identityfile", "certificatefile", "sendenv"):
        if isinstance(named := set_here.get(name), list):
            found[name] = named
    files = config.texts("UserKnownHostsFile")
    usual = [str(home / ".ssh" / "known_hosts"), str(home / ".ssh" / "known_hosts2")]
    found["userknownhostsfile"] = [" ".join(usual if files is None else files or ["none"])]
    everyone = set_here.get("globalknownhostsfile")
    if isinstance(everyone, list):
        found["globalknownhostsfile"] = [" ".join(everyone)]
    return found


OURS = """
import sys
from pathlib import Path
from mnix_tui.domain.servers import parse_endpoint
from mnix_tui.link.sshconfig import config as sshconfig
found = sshconfig.load(parse_endpoint(sys.argv[1]), Path("/dev/null"))
print(found.host, found.user, found.port, *found.texts("UserKnownHostsFile") or ())
"""


def test_full_names_are_found_as_ssh_finds_them(home: Path, tmp_path: Path) -> None:
    names = "127.0.0.1 box.lab.test. box.lab.test\n127.0.0.1 real.lab.test. alias.lab.test.\n127.0.0.2 other\n"
    argv = own_etc(tmp_path, {"hosts": names})
    config = home / ".ssh" / "config"
    config.write_text(
        "CanonicalizeHostname yes\nCanonicalDomains nowhere.test lab.test\n"
        "CanonicalizePermittedCNAMEs *.lab.test:real.*\nHost box\n Port 1\nHost box.lab.test\n"
        " User full\nMatch canonical host *.lab.test\n UserKnownHostsFile /k-%h-%n\n"
        "Host real.*\n User real\n"
    )
    config.chmod(0o600)
    both = '"$1" -c "$2" "$3" && exec ssh -F "$4" -G "$3" </dev/null'
    for host, wanted in (
        ("box", "box.lab.test full 1 /k-box.lab.test-box"),
        ("alias", "real.lab.test real 22 /k-real.lab.test-alias"),
        ("other", f"other {pwd.getpwuid(os.getuid()).pw_name} 22"),
        ("box.lab.test", "box.lab.test full 22 /k-box.lab.test-box.lab.test"),
    ):
        done = subprocess.run(
            [*argv, "sh", "-c", both, "-", sys.executable, OURS, host, str(config)],
            capture_output=True,
            text=True,
            check=False,
        )
        ours, _, said = done.stdout.partition("\n")
        assert ours == wanted, done.stderr
        assert done.returncode == 0, done.stderr
        theirs = dict(line.partition(" ")[::2] for line in said.splitlines())
        assert [theirs["hostname"], theirs["user"], theirs["port"]] == wanted.split()[:3], host
        if "/k-" in wanted:
            assert theirs["userknownhostsfile"] == wanted.split()[3]


def test_lists_of_algorithms_are_put_together_as_ssh_does(
    home: Path, oracle: Callable[[str], dict[str, list[str]]]
) -> None:
    file = home / ".ssh" / "config"
    file.touch(mode=0o600)
    plain = oracle("box")
    for option, query in ALGORITHMS.items():
        listed = subprocess.run(["ssh", "-Q", query], capture_output=True, text=True, check=True)
        every, default = listed.stdout.split(), plain[option.lower()][0].split(",")
        assert len(default) > 3
        last, first = default[-1], default[0]
        for spec in (f"+{every[0]}", f"-{first[:4]}*", f"^{last}", f"{last},{first}"):
            file.write_text(f"Host box\n  {option} {spec}\n")
            read = sshconfig.load(parse_endpoint("box")).text(option)
            assert chosen(read, default, every) == oracle("box")[option.lower()][0].split(","), spec


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_bad_line_is_named_where_it_counts_and_nowhere_else(
    case: Case, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "etc" / "ssh").mkdir(parents=True)
    write(case, home, tmp_path / "etc" / "ssh" / "ssh_config")
    with pytest.raises(ConfigError) as caught:
        sshconfig.load(parse_endpoint(case.hosts[0]), tmp_path / "etc" / "ssh" / "ssh_config")
    text = f"{caught.value.title}: {caught.value.detail}"
    assert case.tells[0] in text
    assert case.tells[1] in text
    assert caught.value.hint
    assert text.isprintable()
    for other in case.hosts[1:]:
        assert (
            sshconfig.load(parse_endpoint(other), tmp_path / "etc" / "ssh" / "ssh_config").port
            == 2200
        )
