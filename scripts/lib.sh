# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the scripts share: installing what is missing, a Python environment of their own, clear messages. Source it after
# `set -eu`, with `root` set to the package's directory. Everything here prints to standard error, so that a script's
# standard output stays its own.

# Headers and tools that a build needs, by their Debian names.
# shellcheck disable=SC2034 # for the scripts that source this
weir_build_packages="pkg-config libnghttp2-dev libprotobuf-c-dev zlib1g-dev protobuf-compiler nghttp2-client"

# say TEXT...: one line for whoever is watching.
say() {
    printf '%s\n' "$*" >&2
}

# fail TEXT...: one line that says what is wrong and what to do, then exit 69 (EX_UNAVAILABLE).
fail() {
    say "error: $*"
    exit 69
}

# as_root COMMAND...: runs it as root, through sudo when need be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "installing packages needs root and there is no sudo; as root, run: $*"
    fi
}

# missing_packages PACKAGE...: prints those that dpkg does not have installed.
missing_packages() {
    for package in "$@"; do
        # The trailing quote of "ok installed" keeps "not-installed" from matching.
        state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
        case $state in
            *" ok installed") ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# ensure_apt PACKAGE...: installs those that are missing; asks nothing of a machine that has them all.
ensure_apt() {
    [ "${WEIR_SKIP_INSTALL:-0}" = 1 ] && return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        fail "this machine has no apt-get; install the equivalents of: $* and run again with WEIR_SKIP_INSTALL=1"
    fi
    missing=$(missing_packages "$@")
    [ -z "$missing" ] && return 0
    say "installing: $missing"
    as_root apt-get update -q >&2 || say "warning: apt-get update failed; going on with the lists that are here"
    # shellcheck disable=SC2086 # a list of names, meant to be split
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2 ||
        fail "apt-get could not install: $missing"
}

# need_swift: a Swift toolchain of at least 6.2 on the PATH, or a message that says where to get one.
need_swift() {
    command -v swift >/dev/null 2>&1 ||
        fail "there is no swift on the PATH; install Swift 6.3 from https://www.swift.org/install/linux/"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    major=${version%% *}
    minor=${version##* }
    if [ "${major:-0}" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
        fail "swift --version says '${version:-nothing}'; this package needs Swift 6.2 or later"
    fi
}

# python_with_venv: prints the first Python of at least 3.9 that can make virtual environments.
python_with_venv() {
    for python in ${WEIR_PYTHON:-} python3 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
            command -v "$python"
            return 0
        fi
    done
    return 1
}

# ensure_venv DIRECTORY REQUIREMENTS: a virtual environment with exactly these pinned packages. Made again when the
# requirements change; left alone otherwise.
ensure_venv() {
    venv=$1
    requirements=$2
    if [ -x "$venv/bin/python" ] && cmp -s "$requirements" "$venv/requirements.installed"; then
        return 0
    fi
    python_with_venv >/dev/null || ensure_apt python3 python3-venv
    python=$(python_with_venv) || fail "no Python of at least 3.9 with the venv module was found"
    say "making $venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "$python -m venv $venv failed"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
        fail "pip could not install what $requirements names"
    cp "$requirements" "$venv/requirements.installed"
}

# build_release PRODUCT: builds it optimised and prints the path of the executable.
build_release() {
    # shellcheck disable=SC2086,SC2154 # an optional flag and its value, meant to be split; root is the caller's
    swift build --package-path "$root" -c release ${WEIR_JOBS:+-j $WEIR_JOBS} --product "$1" >&2 ||
        fail "swift build -c release --product $1 failed"
    printf '%s/%s\n' "$(swift build --package-path "$root" -c release --show-bin-path)" "$1"
}
