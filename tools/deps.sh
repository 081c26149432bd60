#!/bin/sh
# deps.sh - looks for the packages that allways is built with, and installs what is missing.
#
# `sh tools/deps.sh page`: also Chromium, node and playwright-core (from npm, into build/node), with which
# tests/view opens the page of a trace; without them that test says that it is skipped.
#
# Installs when it may (root, or sudo without a password); else names what is missing and stops.
set -eu

packages="gcc make pkg-config libfyaml-dev libxxhash-dev libdw-dev libelf-dev libjansson-dev \
libgmp-dev libfiu-dev fiu-utils libcriterion-dev python3 python3-jsonschema python3-yaml patch \
libxml2-utils"

page=""
if [ "${1:-}" = page ]; then
    page=yes
    packages="$packages chromium nodejs npm fonts-dejavu-core"
fi

playwright() {
    [ -z "$page" ] || [ -d build/node/node_modules/playwright-core ] ||
        npm install --silent --no-audit --no-fund --prefix build/node playwright-core@1 >/dev/null
}

missing=""
for package in $packages; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || { playwright; exit 0; }

# What is there by other means (a compiler of one's own, say) needs no package.
still=""
for package in $missing; do
    case $package in
    gcc | make | python3 | patch | pkg-config | chromium | npm) command -v "$package" >/dev/null 2>&1 || still="$still $package" ;;
    nodejs) command -v node >/dev/null 2>&1 || still="$still $package" ;;
    *) still="$still $package" ;;
    esac
done
[ -n "$still" ] || { playwright; exit 0; }

if ! command -v apt-get >/dev/null 2>&1; then
    echo "allways: missing:$still (and there is no apt-get to install them with)" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "allways: these packages are missing, and installing them takes root:" >&2
    echo "    sudo apt-get install$still" >&2
    exit 1
fi
echo "allways: installing$still" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $still >/dev/null
playwright
