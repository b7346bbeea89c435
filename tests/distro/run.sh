#!/usr/bin/env bash
# Proves the README on a machine that has nothing: a fresh clone in a bare Debian root must serve, and must pass its tests.
# Usage: tests/distro/run.sh bookworm|trixie [MIRROR]   (root, debootstrap, port 8000 and some minutes)
# KEEP=1 leaves the root behind; CXX=g++-14 builds with that compiler and not with the one that CMake picks.
set -euo pipefail
suite=${1:?which Debian? bookworm or trixie}
clone=$(git -C "$(dirname "$(readlink -f "$0")")" rev-parse --show-toplevel)

# Own mounts and processes, so that nothing is left behind whatever happens.
if [[ ! ${GIRIN_UNSHARED-} ]]; then
    GIRIN_UNSHARED=1 exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

root=$(mktemp -d "/var/tmp/girin-$suite.XXXXXX")
finish() {
    umount --recursive "$root"/{proc,dev} 2>/dev/null || true
    if [[ ${KEEP-} ]]; then echo "the root is $root"; else rm -rf --one-file-system "$root"; fi
}
trap finish EXIT

chmod 755 "$root"
debootstrap --variant=minbase "$suite" "$root" ${2+"$2"}
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
git clone --quiet "$clone" "$root/girin"
inside=(chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root)
if [[ ${CXX-} ]]; then
    "${inside[@]}" apt-get update -q
    "${inside[@]}" apt-get install -y --no-install-recommends "$CXX"
    inside+=(CXX="$CXX" CC="${CXX/g++/gcc}")
fi

# As the README says it; the set-up and the build come before the answer.
if curl --silent http://127.0.0.1:8000/ >/dev/null; then echo "port 8000 is taken"; exit 1; fi
"${inside[@]}" /girin/dev serve &
server=$!
until answer=$(curl --silent --fail http://127.0.0.1:8000/); do
    kill -0 "$server" || { echo "./dev serve ended before it answered"; exit 1; }
    sleep 1
done
echo "curl http://127.0.0.1:8000/ → $answer"
[[ $answer == "Hello, World!" ]]
kill "$server"
wait "$server"

"${inside[@]}" /girin/dev test
echo "$suite: ./dev serve answered and ./dev test passed"
