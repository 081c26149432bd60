#!/bin/sh
# deps.sh - looks for the packages that allways is built with, and installs what is missing.
#
# `sh tools/deps.sh all`: also what tests give reports and views to, where it is there: Chromium, zsh, fish,
# a reader of JUnit files, and from npm, into build/node, playwright-core, the schemas of SARIF and of Jenkins,
# mermaid and speedscope. Without them those tests say that they are skipped.
#
# Installs when it may (root, or sudo without a password); else names what is missing and stops.
set -eu

packages="gcc make pkg-config libfyaml-dev libxxhash-dev libdw-dev libelf-dev libjansson-dev \
libgmp-dev libzydis-dev libfiu-dev fiu-utils libcriterion-dev python3 python3-jsonschema python3-yaml patch \
libxml2-utils"

all=""
if [ "$#" -gt 1 ] || { [ "$#" = 1 ] && [ "$1" != all ]; }; then
    echo "usage: sh tools/deps.sh [all]" >&2
    exit 2
fi
if [ "${1:-}" = all ]; then
    all=yes
    packages="$packages chromium nodejs npm fonts-dejavu-core zsh fish python3-junitparser"
fi

# package@version, all in one call: npm removes what it was not told of.
from_npm="playwright-core@1 @microsoft/jest-sarif@1.0.0-beta.0 mocha-junit-reporter@2 mermaid@12 speedscope@1"
node_packages() {
    [ -n "$all" ] || return 0
    for package in $from_npm; do
        if [ ! -d "build/node/node_modules/${package%@*}" ]; then
            # shellcheck disable=SC2086
            npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps --prefix build/node \
                $from_npm >/dev/null ||
                echo "allways: npm did not install $from_npm: tests that need them are skipped" >&2
            return
        fi
    done
}

missing=""
for package in $packages; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || { node_packages; exit 0; }

# What is there by other means (a compiler of one's own, say) needs no package.
still=""
for package in $missing; do
    case $package in
    gcc | make | python3 | patch | pkg-config | chromium | npm | zsh | fish) command -v "$package" >/dev/null 2>&1 || still="$still $package" ;;
    nodejs) command -v node >/dev/null 2>&1 || still="$still $package" ;;
    *) still="$still $package" ;;
    esac
done
[ -n "$still" ] || { node_packages; exit 0; }

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
node_packages
