#!/usr/bin/env bash
# Builds the image and runs it for real, with podman and runc: it must answer, be healthy, and drain on TERM.
# Usage: tests/docker/run.sh [MIRROR]   (root, debootstrap, podman, runc, curl and some minutes)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

# Own mounts and processes, so that nothing is left behind whatever happens.
if [[ ! ${GIRIN_UNSHARED-} ]]; then
    GIRIN_UNSHARED=1 exec unshare --mount --mount-proc --pid --fork --kill-child "$PWD/tests/docker/run.sh" "$@"
fi

work=$(mktemp -d /var/tmp/girin-docker.XXXXXX)
name=girin-test-$$
podman() { command podman --root "$work/storage" --runroot "$work/run" --runtime runc "$@"; }
finish() {
    podman rm --force --time 1 "$name" &>/dev/null || true
    umount --recursive "$work/storage/overlay" &>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

# The base image is made here: a registry is not needed.
debootstrap --variant=minbase bookworm "$work/bookworm" ${1+"$1"}
rm -rf "$work"/bookworm/var/cache/apt/archives/*.deb "$work"/bookworm/var/lib/apt/lists/*
tar -C "$work/bookworm" -c . | podman import --change 'CMD ["bash"]' - docker.io/library/debian:bookworm-slim

podman build --format docker --pull=never --network=host -t girin-test .

# No capability, no writable file, no shell (it lies under an empty /usr/bin), limits that need no privilege to set, and
# the port that a platform gives.
run=(--network=none --read-only --cap-drop=all --security-opt=no-new-privileges --tmpfs /usr/bin:ro,notmpcopyup
    --ulimit nofile=20000:20000 --ulimit nproc=30000:30000 --env PORT=9000)
fail() { podman logs "$name"; echo "$1"; exit 1; }
wait_until() {
    local what=$1 deadline=$((SECONDS + 30))
    shift
    until "$@" &>/dev/null; do
        ((SECONDS < deadline)) || fail "waited in vain until $what"
        sleep 0.1
    done
}
podman run -d --name "$name" "${run[@]}" girin-test
wait_until "the container is healthy" podman healthcheck run "$name"

pid=$(podman inspect "$name" --format '{{.State.Pid}}')
[[ $(awk '/^NSpid/ {print $NF}' "/proc/$pid/status") == 1 ]] || fail "process $pid is not PID 1 in its container"
[[ $(readlink "/proc/$pid/exe") == */girin ]] || fail "PID 1 is no girin"
owner=$(stat -c %u "/proc/$pid")
[[ $owner == 10001 ]] || fail "the server runs as user $owner"
if podman exec "$name" /bin/sh -c true 2>/dev/null; then fail "there is a shell: nothing shows that none is needed"; fi

server=http://127.0.0.1:9000
ask() { nsenter --net=/proc/"$pid"/ns/net curl --silent --fail "$@"; }
answer=$(ask $server/)
[[ $answer == "Hello, World!" ]] || fail "the container answers: $answer"

# A request whose first half is answered when TERM comes is answered to its end, by a server that takes no other.
mkfifo "$work/body"
ask --no-buffer --request POST --upload-file . $server/echo <"$work/body" >"$work/echoed" 2>/dev/null &
asking=$!
exec 9>"$work/body"
echo one >&9
wait_until "the first half is answered" grep one "$work/echoed"
podman stop --time 20 "$name" >/dev/null 9>&- &
stopping=$!
refuses() { ! ask $server/; }
wait_until "the server drains" refuses
echo two >&9
exec 9>&-
wait "$asking" || fail "TERM broke the request"
began=${EPOCHREALTIME/./}
wait "$stopping"
took=$(((${EPOCHREALTIME/./} - began) / 1000))
[[ $(<"$work/echoed") == $'one\ntwo' ]] || fail "the request got $(<"$work/echoed")"
code=$(podman inspect "$name" --format '{{.State.ExitCode}}')
[[ $code == 0 ]] || fail "stopped with exit code $code"
((took < 5000)) || fail "ending took $took ms after the last answer"
echo "the image needs no shell, answers $answer as user $owner, is healthy, ends its last request on TERM to PID 1 and," \
    "with code 0, itself $took ms later"
