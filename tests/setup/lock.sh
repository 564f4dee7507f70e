#!/bin/sh
# Writes requirements.lock and requirements-dev.lock anew from pyproject.toml.
#
# Every file is pinned by hash, for every platform at once, and no index or host is named: where
# packages come from is the business of the machine that installs them.
set -eu
cd "$(dirname "$0")/../.."

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"${PYTHON:-python3}" -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check uv

compile() {
    output=$1
    shift
    UV_CUSTOM_COMPILE_COMMAND="make lock" "$tool/bin/uv" pip compile --quiet --universal \
        --python-version 3.11 --generate-hashes --no-annotate --no-emit-package pip \
        --output-file "$output" "$@" pyproject.toml >/dev/null
}
compile requirements.lock --group build
# The developers' lock holds the same versions of what the program itself needs.
compile requirements-dev.lock --group dev --constraints requirements.lock
