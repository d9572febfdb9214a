# Shared by deploy/demo, deploy/test and deploy/benchmark; sourced, never run by itself.
#
# Everything installed that Debian does not provide lives in .tools/ at the top of the checkout.
# Every process started here is stopped here, by its own id, when the script ends for any reason.
# shellcheck shell=bash

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
TOOLS="$ROOT/.tools"
VENV="$TOOLS/venv"
PYTHON="$VENV/bin/python"
LIB="$ROOT/deploy/lib"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1

mkdir -p "$TOOLS"
RUN_FOLDER="$(mktemp -d "$TOOLS/run.XXXXXX")"
STARTED_PIDS=()
LAUNCH=()        # put before what is started in the background, such as nohup
BEFORE_CLEANUP=: # a command to run at the end, while the broker still runs but nothing else does

# Put before what runs the simulator. Every schedule asks for the same memory again, so the process
# keeps it; and its workers throw thousands of errors as they should, none worth a backtrace.
SIMULATOR=(
    env SWT_SWIFT_ERROR_BACKTRACING_ENABLED=0
    GLIBC_TUNABLES=glibc.malloc.trim_threshold=67108864:glibc.malloc.top_pad=16777216:glibc.malloc.mmap_threshold=33554432
)

# --- Words for a person -------------------------------------------------------------------------

say() { printf '%s\n' "$*" >&2; }
die() {
    say "error: $*"
    exit 1
}

# phase TITLE COMMAND...: one line with the time it took. The output is shown only if the command
# fails, or as it comes with SHOW=1, CI or HANDOFF_VERBOSE. A command that is a function of this
# file ends each step with `|| return`, because `set -e` does not reach into a tested command.
phase() {
    local title=$1 started=$EPOCHREALTIME log="$RUN_FOLDER/phase.log" status=0 took
    shift
    if [[ -n "${SHOW:-}${CI:-}${HANDOFF_VERBOSE:-}" ]]; then
        say "--- $title"
        "$@" >&2 || status=$?
    else
        if [[ -t 2 ]]; then printf '    %s ...' "$title" >&2; fi
        "$@" >"$log" 2>&1 || status=$?
        if [[ -t 2 ]]; then printf '\r\033[K' >&2; fi
        if [[ $status -ne 0 ]]; then cat "$log" >&2; fi
    fi
    took=$(elapsed "$started")
    if [[ $status -eq 0 ]]; then
        say "$(printf 'ok  %7s s  %s' "$took" "$title")"
    else
        say "$(printf 'BAD %7s s  %s (exit %d)' "$took" "$title" "$status")"
    fi
    return "$status"
}

# elapsed START: seconds with one decimal since START, a value of EPOCHREALTIME.
elapsed() {
    local now=${EPOCHREALTIME/[^0-9]/} then=${1/[^0-9]/}
    local tenths=$(((now - then) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# wait_until SECONDS PID COMMAND...: until the command succeeds; fails at the deadline or when the
# process is gone (PID 0 = no process to watch).
wait_until() {
    local deadline=$((SECONDS + $1)) pid=$2
    shift 2
    until "$@"; do
        if [[ $pid -ne 0 ]] && ! kill -0 "$pid" 2>/dev/null; then return 1; fi
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# --- Stopping what was started --------------------------------------------------------------------

# stop_process PID [SECONDS]: SIGTERM, SIGKILL at the deadline. Only for our own children.
stop_process() {
    local pid=$1 deadline=$((SECONDS + ${2:-10}))
    kill -TERM "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do
        if ((SECONDS >= deadline)); then
            kill -KILL "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.05
    done
    wait "$pid" 2>/dev/null || true
}

forget_process() {
    local kept=() pid
    for pid in "${STARTED_PIDS[@]}"; do
        if [[ $pid != "$1" ]]; then kept+=("$pid"); fi
    done
    STARTED_PIDS=("${kept[@]}")
}

stop_everything() {
    local status=$? index
    trap - EXIT INT TERM
    for ((index = ${#STARTED_PIDS[@]} - 1; index >= 0; index--)); do
        if [[ ${STARTED_PIDS[index]} == "${BROKER_PID:-}" ]]; then "$BEFORE_CLEANUP"; fi
        stop_process "${STARTED_PIDS[index]}"
    done
    if [[ -z "${BROKER_PID:-}" ]]; then "$BEFORE_CLEANUP"; fi
    rm -rf "$RUN_FOLDER"
    exit "$status"
}
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Installing what is missing -------------------------------------------------------------------

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@" 2>/dev/null || sudo "$@"; fi
}

# need_debian PACKAGE...: installs the ones that are missing; asks nothing of the network otherwise.
need_debian() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [[ ${#missing[@]} -eq 0 ]] && return 0
    command -v apt-get >/dev/null || die "please install: ${missing[*]}"
    say "    installing ${missing[*]}"
    # An installation that was cut short leaves dpkg refusing every other; otherwise a no-op.
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a || return
    as_root apt-get update -q || return
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" || return
}

# The packages that a build needs beside the Swift toolchain.
need_build_packages() {
    need_debian librdkafka-dev libsqlite3-dev libsimdjson-dev pkg-config g++ libc6-dev tzdata || return
    command -v swift >/dev/null || die "no swift on the PATH: install the Swift 6.3 toolchain"
}

# A browser for the tests of pages; without one they are skipped.
need_chromium() {
    if [[ -x "${HANDOFF_TEST_CHROMIUM:-}" ]]; then return 0; fi
    command -v chromium chromium-browser google-chrome >/dev/null && return 0
    command -v apt-get >/dev/null || return 1
    (need_debian chromium)
}

# A private virtual environment, renewed when the pinned list changes.
need_python() {
    local wanted made
    wanted="$(sha256sum <"$ROOT/deploy/requirements.txt")"
    made="$(cat "$VENV/made-from" 2>/dev/null || true)"
    if [[ "$wanted" != "$made" ]] || ! "$PYTHON" -c '' 2>/dev/null; then
        python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
            need_debian python3 python3-venv || return
        rm -rf "$VENV"
        python3 -m venv "$VENV" || return
        "$PYTHON" -m pip install -q --only-binary :all: --require-hashes \
            -r "$ROOT/deploy/requirements.txt" || return
        printf '%s\n' "$wanted" >"$VENV/made-from"
    fi
    # The package's console script starts the broker as a child that outlives it. The program
    # itself is what can be stopped, paused and killed by the id we hold.
    NOIDA="$("$PYTHON" -c 'import noida_db, pathlib
print(pathlib.Path(noida_db.__file__).with_name("noida-db"))')" || return
    chmod +x "$NOIDA" || return
}

# PyPI's wheels that schemas are read from, in $SCHEMA_WHEELS; renewed when the pinned list changes.
need_schemas() {
    local wanted
    SCHEMA_WHEELS="$TOOLS/schemas"
    wanted="$(sha256sum <"$ROOT/deploy/requirements-schemas.txt")"
    [[ "$wanted" == "$(cat "$SCHEMA_WHEELS/made-from" 2>/dev/null || true)" ]] && return 0
    rm -rf "$SCHEMA_WHEELS"
    "$PYTHON" -m pip download -q --no-deps --only-binary :all: --require-hashes \
        -d "$SCHEMA_WHEELS" -r "$ROOT/deploy/requirements-schemas.txt" || return
    printf '%s\n' "$wanted" >"$SCHEMA_WHEELS/made-from"
}

# promtool, in $PROMTOOL. Debian has it in the package of the server, which would be started by an
# installation; so the program alone is taken out of the package.
need_promtool() {
    local folder="$RUN_FOLDER/promtool"
    PROMTOOL="$(command -v promtool || true)"
    [[ -n "$PROMTOOL" ]] && return 0
    PROMTOOL="$TOOLS/promtool"
    [[ -x "$PROMTOOL" ]] && return 0
    command -v apt-get >/dev/null || die "please install promtool, which comes with Prometheus"
    say "    fetching promtool"
    mkdir -p "$folder"
    as_root apt-get update -q || return
    (cd "$folder" && apt-get download -q prometheus) || return
    dpkg-deb -x "$folder"/prometheus_*.deb "$folder" || return
    # Moved at the end, so that an interrupted run leaves no half of it.
    mv "$folder/usr/bin/promtool" "$PROMTOOL"
}

# --- Broker ---------------------------------------------------------------------------------------

free_port() {
    "$PYTHON" -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])'
}

broker_answers() { "$PYTHON" "$LIB/kafka.py" ping "$1" >/dev/null 2>&1; }

# start_broker [DATA_FOLDER]: sets BOOTSTRAP. With HANDOFF_BOOTSTRAP_SERVERS that broker is used and
# left alone; OWN_BROKER tells which case it is.
start_broker() {
    if [[ -n "${HANDOFF_BOOTSTRAP_SERVERS:-}" ]]; then
        BOOTSTRAP="$HANDOFF_BOOTSTRAP_SERVERS" OWN_BROKER=0
        wait_until 15 0 broker_answers "$BOOTSTRAP" ||
            die "no broker answers at HANDOFF_BOOTSTRAP_SERVERS=$BOOTSTRAP"
        return 0
    fi
    local folder=${1:-$RUN_FOLDER/broker} log="$RUN_FOLDER/broker.log" attempt port
    OWN_BROKER=1
    mkdir -p "$folder"
    # A port can be taken between the look and the start, so one failure is tried again.
    for attempt in 1 2 3; do
        port="$(free_port)"
        BOOTSTRAP="127.0.0.1:$port"
        "${LAUNCH[@]}" "$NOIDA" start --only kafka --kafka-port "$port" --data-dir "$folder" \
            >"$log" 2>&1 </dev/null &
        BROKER_PID=$!
        STARTED_PIDS+=("$BROKER_PID")
        if wait_until 15 "$BROKER_PID" broker_answers "$BOOTSTRAP"; then return 0; fi
        stop_process "$BROKER_PID"
        forget_process "$BROKER_PID"
        say "    broker did not come up (attempt $attempt)"
    done
    cat "$log" >&2
    die "the development broker does not start"
}
