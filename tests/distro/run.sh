#!/usr/bin/env bash
# Proves the README on a machine that has nothing: a fresh clone in a bare Debian root must test and serve itself.
# Usage: tests/distro/run.sh bookworm|trixie [MIRROR]   (root, debootstrap and some minutes; KEEP=1 leaves the root behind)
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
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }

# Serves on port 8000 of a network of its own, as the README says, and asks once.
serve_and_ask() {
    ip link set lo up
    inside /girin/dev serve &
    local answer deadline=$((SECONDS + 30))
    until answer=$(curl --silent --fail http://127.0.0.1:8000/); do
        ((SECONDS < deadline)) || { echo "nobody answers on port 8000"; return 1; }
        sleep 0.1
    done
    echo "curl http://127.0.0.1:8000/ → $answer"
    kill %1
    wait %1
    [[ $answer == "Hello, World!" ]]
}
export root
export -f inside serve_and_ask

chmod 755 "$root"
debootstrap --variant=minbase "$suite" "$root" ${2+"$2"}
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
git clone --quiet "$clone" "$root/girin"
inside /girin/dev test
inside /girin/dev build
unshare --net bash -euo pipefail -c serve_and_ask
echo "$suite: ./dev test passed and ./dev serve answered"
