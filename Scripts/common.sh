# Shared by Scripts/run, test and bench; sourced by them, not run.
#
# What these functions say goes to stderr, so that stdout belongs to the program that a script runs.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
buildFolder="$root/build"
jobs=$(nproc 2>/dev/null || echo 2)

say()  { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
fail() { say "$*"; exit 1; }

# listPackages SET...: the packages of these sets, a line each.
listPackages()
{
    local set
    for set; do awk -v set="$set" '$1 == set { print $2 }' "$root/Scripts/packages"; done
}

# installPackages SET...: installs what is missing of these sets. Quick and silent when nothing is.
installPackages()
{
    [ "${AUDIOHOST_INSTALL:-1}" != 0 ] || return 0

    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        fail "this is no Debian, so its packages cannot be installed from here. Install what Scripts/packages lists," \
             "then set AUDIOHOST_INSTALL=0 to skip this step."
    fi

    local wanted missing asRoot=()
    wanted=$(listPackages "$@" | sort -u)
    missing=$(comm -23 <(echo "$wanted") \
                       <(xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' <<<"$wanted" 2>/dev/null \
                           | awk '$1 == "installed" { print $2 }' | sort))

    [ -n "$missing" ] || return 0

    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing, and there is neither root nor sudo to install" \
                                           "them with: $(tr '\n' ' ' <<<"$missing")"
        asRoot=(sudo)
        # With nobody there to type a password, sudo fails at once and says so.
        [ -t 0 ] || asRoot+=(-n)
    fi

    say "installing Debian packages (no recommended ones):"
    awk -v missing="$(tr '\n' ' ' <<<"$missing")" 'BEGIN { split (missing, m, " "); for (i in m) is[m[i]] = 1 }
        $1 !~ /^#/ && is[$2] { name = $2; $1 = $2 = ""; printf "    %-26s%s\n", name, $0 }' "$root/Scripts/packages" >&2

    local log; log=$(mktemp)
    # shellcheck disable=SC2086 # a word each
    if ! { "${asRoot[@]}" apt-get update -q &&
           "${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } \
         </dev/null >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "apt-get could not install them (its last lines are above, all of them in $log)." \
             "With no network or no right to install: ask for $(tr '\n' ' ' <<<"$missing")"
    fi
    rm -f "$log"
}

# configure FOLDER PRESET [-DNAME=VALUE...]: configures the folder unless that was done already; Ninja sees by itself when a
# CMake file changes. A folder that came from another place, such as a moved checkout, is configured afresh.
configure()
{
    local folder=$1 preset=$2 fresh=(); shift 2

    if [ -e "$folder/CMakeCache.txt" ]; then
        if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
            fresh=(--fresh)
        elif [ -e "$folder/build.ninja" ]; then
            local definition stale=0
            for definition; do
                grep -q "^${definition%%=*}:[A-Z]*=${definition#*=}\$" <(sed 's/^/-D/' "$folder/CMakeCache.txt") || stale=1
            done
            [ $stale = 1 ] || return 0
        fi
    fi

    say "configuring in $folder"
    local log; log=$(mktemp)
    if ! (cd "$root" && cmake "${fresh[@]}" --preset "$preset" -B "$folder" "$@") >"$log" 2>&1; then
        cat "$log" >&2
        fail "CMake could not configure the build; its words are above."
    fi
    rm -f "$log"
}

# build FOLDER TARGET...: builds the targets; shows ninja's progress on a terminal, and everywhere during a first build.
build()
{
    local folder=$1 options=() began=$SECONDS; shift

    if [ ! -e "$folder/.ninja_log" ]; then
        say "building for the first time with $jobs jobs; on 2 cores this takes about 5 minutes"
    elif [ ! -t 2 ]; then
        options=(--quiet)
    fi

    NINJA_STATUS='[%f/%t, %e s] ' ninja -C "$folder" -j "$jobs" "${options[@]}" "$@" >&2 \
        || fail "the build failed; what the compiler said is above."

    [ $((SECONDS - began)) -lt 3 ] || say "built in $((SECONDS - began)) s"
}

# renderHash PROGRAM SESSION WAV: renders the session, and prints the output's hash.
renderHash()
{
    "$1" render "$2" --output "$3" --report "$3.json" >&2 || return
    sed -n 's/.*"outputHash": *"\([0-9a-f]\{64\}\)".*/\1/p' "$3.json" | grep .
}
