#!/usr/bin/env bash
# Builds the Dockerfile and runs the image for real, with podman and runc: it must answer, be healthy, and end at once on TERM.
# Usage: tests/docker/run.sh [MIRROR]   (root, debootstrap, podman, runc, netavark and some minutes)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
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

# No capability, no writable file, and limits that need no privilege to set.
run=(--network=none --read-only --cap-drop=all --security-opt=no-new-privileges
    --ulimit nofile=20000:20000 --ulimit nproc=30000:30000)
podman run -d --name "$name" "${run[@]}" girin-test
deadline=$((SECONDS + 30))
until podman healthcheck run "$name" &>/dev/null; do
    ((SECONDS < deadline)) || { podman logs "$name"; echo "the container does not get healthy"; exit 1; }
    sleep 0.2
done
pid=$(podman inspect "$name" --format '{{.State.Pid}}')
answer=$(nsenter --net=/proc/"$pid"/ns/net curl --silent --fail http://127.0.0.1:8000/)
[[ $answer == "Hello, World!" ]] || { echo "the container answers: $answer"; exit 1; }
owner=$(stat -c %u "/proc/$pid")
[[ $owner == 10001 ]] || { echo "the server runs as user $owner"; exit 1; }

began=${EPOCHREALTIME/./}
podman stop --time 10 "$name" >/dev/null
took=$(((${EPOCHREALTIME/./} - began) / 1000))
code=$(podman inspect "$name" --format '{{.State.ExitCode}}')
[[ $code == 0 ]] || { podman logs "$name"; echo "stopped with exit code $code"; exit 1; }
((took < 5000)) || { echo "stopping took $took ms"; exit 1; }
echo "the image answers, is healthy, runs as user $owner and ends with 0 in $took ms after TERM"
