from pathlib import Path

import asyncssh
import pytest

from mnix_tui.domain.servers import Endpoint
from mnix_tui.errors import ConfigError
from mnix_tui.link.sshconfig import config as sshconfig
from mnix_tui.link.sshconfig.arguments import CIPHERS, KEY_EXCHANGES, arguments


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "config"


def told(config: Path, text: str) -> asyncssh.SSHClientConnectionOptions:
    """What asyncssh makes of a configuration."""
    config.write_text(text)
    found = sshconfig.load(Endpoint("box", "ann", 2222), config.parent / "none")
    return asyncssh.SSHClientConnectionOptions(
        host=found.host, client_keys=None, **arguments(found)
    )


def test_without_a_configuration_the_fastest_ciphers_come_first(config: Path) -> None:
    options = told(config, "")
    assert (options.username, options.port) == ("ann", 2222)
    assert [name.decode() for name in options.encryption_algs] == list(CIPHERS)
    kinds = {name.decode() for name in options.kex_algs}
    assert "curve25519-sha256" in kinds
    assert kinds <= KEY_EXCHANGES
    assert (options.gss_auth, options.public_key_auth, options.password_auth) == (False, True, True)


def test_what_the_user_wants_is_what_asyncssh_is_told(config: Path) -> None:
    options = told(
        config,
        "Ciphers aes256-ctr,none-such\nMACs -umac-*,*md5*\nKexAlgorithms ^ecdh-sha2-nistp521\n"
        "PubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PreferredAuthentications keyboard-interactive,password\nCompression yes\n"
        'TCPKeepAlive no\nSendEnv LANG LC_*\nSetEnv A=b "C=d e"\nHostKeyAlias vault\n',
    )
    assert list(options.encryption_algs) == [b"aes256-ctr"]
    assert not [name for name in options.mac_algs if name.startswith(b"umac-")]
    assert options.kex_algs[0] == b"ecdh-sha2-nistp521"
    assert len(options.kex_algs) > 3
    assert not any([options.public_key_auth, options.password_auth, options.kbdint_auth])
    assert options.preferred_auth == ["keyboard-interactive", "password"]
    assert options.compression_algs[0] == b"zlib@openssh.com"
    assert not options.tcp_keepalive
    assert list(options.send_env or ()) == ["LANG", "LC_*"]
    assert options.host_key_alias == "vault"


def test_algorithms_that_are_all_unknown_are_named_with_their_line(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"config:2: .*none-such") as caught:
        told(config, "# here\nCiphers none-such\n")
    assert "aes128-gcm@openssh.com" in caught.value.hint


def test_keys_sign_as_the_configuration_accepts_it(config: Path) -> None:
    def signs(spec: str) -> list[bytes]:
        return list(told(config, f"PubkeyAcceptedAlgorithms {spec}\n").signature_algs)

    assert signs("ssh-ed25519") == [b"ssh-ed25519"]
    assert signs("sk-ssh-ed25519-cert-v01@openssh.com") == [b"sk-ssh-ed25519@openssh.com"]
    assert b"ssh-rsa" in signs("+ssh-rsa")
    assert b"ssh-rsa" not in signs("-ecdsa-*")
    assert not [each for each in signs("-ecdsa-*") if each.startswith(b"ecdsa-")]
    with pytest.raises(ConfigError, match="config:1"):
        signs("none-such")
