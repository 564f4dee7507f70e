#!/bin/sh
# Installs the system packages that the tests use and this machine lacks, where that is possible:
# on Debian and its children, as root. Elsewhere it names them and goes on, and the tests that
# need them say so themselves.
set -eu

packages="
aardvark-dns
bash-static
catatonit
ca-certificates
csh
faketime
fish
fuse-overlayfs
git
htop
iproute2
iptables
less
libpam-google-authenticator
mmdebstrap
netavark
nix-bin
openssh-client
openssh-server
openssh-tests
openssl
podman
procps
python3
rsync
runc
slirp4netns
tcsh
tmux
uidmap
vim
zsh
"

say() { printf 'setup: %s\n' "$*" >&2; }

if ! command -v dpkg-query >/dev/null; then
    say "this is no Debian: install the equivalents of these by hand, as far as they are missing:"
    say " " $packages
    exit 0
fi

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    say "missing system packages:$missing"
    say "  the tests that need them will be skipped; to have them: sudo apt-get install$missing"
    exit 0
fi

say "installing$missing"
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
# Servers that a package brings along are for the tests to start, on their own ports.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
install() { apt-get install -y -q --no-install-recommends $missing >&2; }
apt-get update -q >&2 || true
if ! install; then
    say "apt-get could not install:$missing"
    say "  the tests that need them will be skipped; see apt-get's message above"
    [ -z "${MNIX_REQUIRE_ALL:-}" ] || exit 1
fi
