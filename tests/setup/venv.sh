#!/bin/sh
# Builds or updates .venv from a lock file: `venv.sh run` for the program alone, `venv.sh dev`
# with the tools too. Does nothing, quickly, when .venv already holds what the lock says.
set -eu
cd "$(dirname "$0")/../.."

kind=$1
case $kind in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*)
    echo "usage: venv.sh run|dev" >&2
    exit 2
    ;;
esac

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$1"
    say "  $2"
    exit 1
}

# A Python that is new enough and can make virtual environments.
usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if usable "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# Debian splits venv off python3, so on a fresh machine it is the one thing that is missing.
install_python() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "There is no Python 3.11 or later that can make a virtual environment." \
            "Install python3 and python3-venv, or name one: make setup PYTHON=/path/to/python3.11"
    fi
    say "installing python3-venv"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get install -y -q --no-install-recommends python3 python3-venv >&2 ||
        { apt-get update -q >&2 &&
            apt-get install -y -q --no-install-recommends python3 python3-venv >&2; } ||
        fail "apt-get could not install python3-venv." \
            "Look at its message above, install python3-venv, and try again."
}

digest() {
    # The checkout's path belongs to it: a moved .venv has the old path in all its scripts.
    { pwd && cat "$lock" pyproject.toml; } | sha256sum | cut -d' ' -f1
}

works() { [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null; }

stamp=.venv/.mnix-$kind
wanted=$(digest)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && works; then
    touch "$stamp"
    exit 0
fi

if ! works; then
    python=$(find_python) || {
        install_python
        python=$(find_python) || fail "The Python that apt-get installed is too old." \
            "Install Python 3.11 or later and name it: make setup PYTHON=/path/to/python3.11"
    }
    say "making .venv with $python"
    "$python" -m venv --clear .venv
fi

pip() {
    # Everything comes from the lock, so pip's search for a newer pip is only noise.
    PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip --quiet "$@"
}
say "installing $lock"
pip install --require-hashes --requirement "$lock" ||
    fail "pip could not install the packages of $lock." \
        "Check the network and pip's own configuration, then run the same command again."
# The lock has the build backend, so the checkout itself needs no build environment of pip's.
pip install --no-build-isolation --no-deps --editable .
rm -f .venv/.mnix-run .venv/.mnix-dev
printf '%s\n' "$wanted" >"$stamp"
if [ "$kind" = dev ]; then
    lock=requirements.lock
    digest >.venv/.mnix-run
fi
