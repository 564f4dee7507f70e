"""Client configurations as people have them, for comparing with OpenSSH's own reading."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Files in ~/.ssh (and "system", for everyone), and hosts to ask about."""

    name: str
    files: dict[str, str]
    hosts: tuple[str, ...]
    tells: tuple[str, ...] = ()
    """Options that differ from what they are by themselves; of a broken one: what is said."""


def one(
    name: str,
    config: str,
    *hosts: str,
    tells: tuple[str, ...] = (),
    more: dict[str, str] | None = None,
) -> Case:
    return Case(name, {"config": config, **(more or {})}, hosts or ("box",), tells)


CORPUS = (
    one("nothing", "", "box", "ann@BOX.lab:2222", "10.0.0.7", "[fe80::1%lo]:22"),
    one(
        "first-wins",
        "Port 2200\nHost box\n Port 2300\n User ann\nHost *\n User bob\n HostName %h.lab\n",
        "box",
        "Other",
        "carl@box:24",
    ),
    one(
        "kept",
        "Host a\n ControlMaster auto\n ControlPersist 10m\nHost b\n ControlPersist yes\n"
        " ControlMaster ask\nHost c\n ControlPersist 1h30m\n ControlMaster autoask\n",
        "a",
        "b",
        "c",
        tells=("controlmaster", "controlpersist"),
    ),
    one(
        "writing",
        '\tHost box "my box" b?b\n'
        "  \tport=2200\n PORT = 23\n"
        ' user "ann smith"   # who\n'
        " IdentityFile = ~/.ssh/a\\ b\n"
        ' IdentityFile "~/.ssh/c d"\r\n'
        " hostname\t10.0.0.1\f\n"
        "#Port 1\n   # Host box\n"
        "Host=bob\n User=bert\n",
        "box",
        "bob",
        "bib",
        tells=(),
    ),
    one(
        "patterns",
        "Host *.lab !db.lab 10.0.?.*\n Port 1\nHost !*.lab *\n Port 2\nHost BOX\n User upper\n",
        "web.lab",
        "db.lab",
        "10.0.1.200",
        "10.0.11.200",
        "box",
        "BOX",
    ),
    one(
        "keys",
        "Host box\n IdentityFile ~/.ssh/%r@%h\n IdentityFile %d/.ssh/two\n IdentityFile ~/.ssh/%r@%h\n"
        " IdentityFile ${MNIX_TEST_KEYS}/three\n IdentitiesOnly yes\n CertificateFile ~/.ssh/c-cert.pub\n"
        "Host nokey\n IdentityFile none\n CertificateFile none\n"
        "IdentityAgent ~/agent\nHost *\n IdentityFile ~/.ssh/last\n",
        "box",
        "nokey",
        tells=("identityfile",),
    ),
    one(
        "agents",
        "Host a\n IdentityAgent none\n ForwardAgent yes\n AddKeysToAgent yes\n"
        "Host b\n IdentityAgent $OTHER\n ForwardAgent ~/agent\n AddKeysToAgent confirm 10m\n"
        "Host c\n IdentityAgent SSH_AUTH_SOCK\n AddKeysToAgent ask\n ForwardAgent $OTHER\n"
        "Host d\n AddKeysToAgent 1h30m\n",
        "a",
        "b",
        "c",
        "d",
        tells=("addkeystoagent",),
    ),
    one(
        "known-hosts",
        'Host a\n UserKnownHostsFile ~/.ssh/kh-%h %d/more "with blank"\n'
        " GlobalKnownHostsFile /a /b\n HostKeyAlias alias\n HostName real\n"
        "Host b\n UserKnownHostsFile none\n StrictHostKeyChecking accept-new\n HashKnownHosts yes\n"
        "Host c\n StrictHostKeyChecking off\n RevokedHostKeys ~/.ssh/revoked\n"
        "Host d\n StrictHostKeyChecking true\n UserKnownHostsFile ~/.ssh/kh-%k-%p-%r-%n\n",
        "a",
        "b",
        "c",
        "d",
    ),
    one(
        "proxies",
        "Host a\n ProxyJump one,ann@two:2200,ssh://bob@three:23\n"
        'Host b\n ProxyCommand nc "%h" %p # not a comment\n ProxyJump late\n'
        "Host c\n ProxyJump none\n ProxyCommand late\n"
        "Host d\n ProxyCommand none\nHost e\n ProxyCommand = ssh -W '%h:%p' %r@gate\n"
        "Host *\n ProxyJump everyone\n",
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        tells=(),
    ),
    one(
        "times",
        "Host a\n ServerAliveInterval 1m\n ServerAliveCountMax 7\n ConnectTimeout none\n"
        "Host b\n ServerAliveInterval none\n ConnectTimeout 1h30m\n"
        "Host *\n ConnectTimeout 20\n ServerAliveInterval 9S\n",
        "a",
        "b",
        "c",
        tells=("serveraliveinterval",),
    ),
    one(
        "logins",
        "Host *\n PasswordAuthentication no\n ChallengeResponseAuthentication no\n"
        " PubkeyAuthentication no\n PreferredAuthentications publickey,password\n BatchMode true\n"
        " NumberOfPasswordPrompts 1\n Compression yes\n AddressFamily inet6\n BindAddress 10.1.2.3\n"
        " TCPKeepAlive no\n ServerAliveInterval 7\n",
        tells=("batchmode", "pubkeyauthentication", "bindaddress"),
    ),
    one(
        "include",
        "Include conf.d/*.conf ~/.ssh/more\nInclude nowhere\nHost box\n Include inner\n User late\n"
        "Include @HOME@/.ssh/absolute\nHost other\n Include inner\n",
        "box",
        "other",
        "third",
        more={
            "conf.d/10.conf": "Port 2210\nHost box\n  HostName ten\nInclude conf.d/nested\n",
            "conf.d/20.conf": "Port 2220\nUser twenty\n",
            "conf.d/nested": "Match host ten\n  IdentityFile nested-%h\n",
            "more": "HostKeyAlias more\n",
            "inner": "ConnectTimeout 5\nHost third\n ConnectTimeout 6\n",
            "absolute": "ServerAliveInterval 11\n",
        },
    ),
    one(
        "system",
        "Host box\n Port 2200\n",
        "box",
        "other",
        more={
            "system": "Port 2300\nHost *\n HashKnownHosts yes\n SendEnv LANG LC_*\nMatch host other\n User sys\n"
        },
        tells=("hashknownhosts",),
    ),
    one(
        "sent",
        "Host a\n SendEnv -LC_* LANG AWS_*\nHost b\n SendEnv A B\n SendEnv -A C -AWS*\n"
        "Host *\n SendEnv LC_ALL AWS_KEY D\n SendEnv -AWS_* -[D]\n",
        "a",
        "b",
    ),
    one(
        "comments",
        "Host # everything *\n Port 2200\nHost *\n SendEnv # none\n SetEnv # none\n"
        " UserKnownHostsFile # none\n UserKnownHostsFile /k\n Include # none\n",
    ),
    one(
        "match",
        "Host box\n HostName BOX.lab\n User ann\n"
        "Match host box.LAB user ann\n Port 1\nMatch host box\n Port 2\n"
        "Match originalhost box,other !user bob\n ServerAliveInterval 3\n"
        "Match user bob\n ServerAliveInterval 4\nMatch !host *.lab\n ConnectTimeout 5\n"
        "Match localuser nobody-at-all\n HostKeyAlias never\nMatch !localuser nobody-at-all\n"
        " HostKeyAlias always\nMatch all\n AddressFamily inet\n",
        "box",
        "bob@box",
        "other",
        "third",
        tells=("hostkeyalias", "addressfamily"),
    ),
    one(
        "match-exec",
        'Match exec "test %h = box"\n Port 1\nMatch host other exec "exit 1"\n Port 2\n'
        "Match !exec false\n User ann\nMatch exec true !exec true\n User never\n"
        "Match exec \"test '%n:%p:%r' = 'other:22:ann'\"\n HostKeyAlias told\n",
        "box",
        "other",
    ),
    one(
        "match-final",
        "Host box\n HostName real\nMatch final host real\n Port 1\n IdentityFile ~/final-%h\n"
        "Host real\n User by-name\nMatch canonical\n ConnectTimeout 9\nMatch !final host real\n"
        " ServerAliveInterval 3\nIdentityFile ~/both\n",
        "box",
        "real",
        "other",
        tells=("connecttimeout",),
    ),
    one("match-tokens", 'Match exec "test -n %% %L%l%C%d%u%k%i"\n Port 1\n'),
    one("match-all-alone", "Match !all\n Port 1\nMatch all\n Port 2\n"),
    one(
        "canonical",
        "CanonicalizeHostname yes\nCanonicalDomains nowhere.invalid localdomain.invalid\n"
        "Host box\n Port 1\nMatch canonical host box\n User ann\n",
        "box",
        "127.0.0.1",
        tells=("canonicalizehostname",),
    ),
    one(
        "late-lines",
        "Host box\n User ann\n\n\nHost box\n User bob\n Port 2\n IdentityFile one\nHost b*\n IdentityFile two\n",
        tells=(),
    ),
    one(
        "not-utf-8",
        "# \udcff\udcfe\nHost b\udcff* box\n Port 7\nHost \udce9\n User \udcff\nHost *\n User ann\n",
    ),
)
BROKEN = (
    one(
        "number",
        "Host bad\n Port twenty\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("config", "config:2: Port twenty"),
    ),
    one(
        "missing",
        "Host good\n Port 2200\nHost bad\n User\n",
        "bad",
        "good",
        tells=("line 4", "User"),
    ),
    one(
        "quote",
        'Host bad\n User "open\nHost *\n Port 2200\n',
        "bad",
        "good",
        tells=("line 2", "quote"),
    ),
    one(
        "more",
        "Host bad\n Port 1 2\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 2", "too much"),
    ),
    one(
        "jump",
        "Host bad\n ProxyJump -oProxyCommand=x\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 2", "ProxyJump"),
    ),
    one(
        "answer",
        "Host bad\n StrictHostKeyChecking perhaps\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 2", "accept-new"),
    ),
    one(
        "criterion",
        "Match host bad sometimes x\n User x\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 1", "sometimes"),
    ),
    one(
        "token",
        "Host bad\n IdentityFile ~/%y\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("config:2", "%y"),
    ),
    one(
        "not-utf-8",
        "Host bad\n User \udcff\x1b\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 2", "UTF-8"),
    ),
    one(
        "loop",
        "Host bad\n Include config\nHost *\n Port 2200\n",
        "bad",
        "good",
        tells=("line 2", "include each other"),
    ),
    one(
        "host-line",
        'Host "bad\n User x\nHost *\n Port 2200\n',
        "bad",
        "good",
        tells=("line 1", "quote"),
    ),
    one(
        "included",
        "Include inner\n",
        "bad",
        "good",
        more={"inner": "Host bad\n Port 70000\nHost *\n Port 2200\n"},
        tells=("inner", "line 2"),
    ),
)
