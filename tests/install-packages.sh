#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a purpose needs: `tests/install-packages.sh build|demo|test|bench|system|foreign`.
#
# Quiet, and may be run again: what is installed already is not touched, and when nothing is missing
# apt is not called, so that it works without network. As root, or through sudo.
set -eu

# What compiles elfcage: clang, lld and llvm make the stubs of every architecture.
build=(gcc libc6-dev cmake ninja-build pkg-config libelf-dev libseccomp-dev libyajl-dev nettle-dev
  libcmocka-dev clang lld llvm python3)
# What the demonstration cages besides: programs in Go and C, GNU tar.
demo=(golang-go curl tar binutils)
# What the tests use: compilers and linkers whose files are caged, tools that are run over them.
test=(perl clang-tidy libclang-rt-14-dev g++ gcc-multilib libc6-dev-x32 musl-tools mold tcc rustc
  elfutils patchelf gdb valgrind strace sudo iputils-ping qemu-user-static acl attr libcap2-bin mandoc
  busybox-static bubblewrap git redis-tools sqlite3 systemd
  linux-libc-dev-arm64-cross linux-libc-dev-armhf-cross linux-libc-dev-riscv64-cross
  libc6-dev-arm64-cross libc6-dev-armhf-cross libc6-dev-riscv64-cross
  libgcc-12-dev-arm64-cross libgcc-12-dev-armhf-cross libgcc-12-dev-riscv64-cross
  binutils-aarch64-linux-gnu binutils-arm-linux-gnueabihf binutils-riscv64-linux-gnu
  libstdc++-12-dev-arm64-cross libstdc++-12-dev-armhf-cross libstdc++-12-dev-riscv64-cross)
# What elfcage is measured against; systemd for systemd-analyze, which lists its sets of calls.
bench=(binutils bubblewrap patchelf systemd)
# Programs that tests/system/load.py puts under load besides those of the tests.
system=(nginx-light postgresql nodejs)
# Machines for the kernels of tests/foreign/kernel.py; their firmware comes along.
foreign=(qemu-system-arm qemu-system-x86 qemu-system-misc)

case "${1:-}" in
build) wanted=("${build[@]}") ;;
demo) wanted=("${build[@]}" "${demo[@]}") ;;
test) wanted=("${build[@]}" "${demo[@]}" "${test[@]}") ;;
bench) wanted=("${build[@]}" "${bench[@]}") ;;
system) wanted=("${build[@]}" "${demo[@]}" "${test[@]}" "${system[@]}") ;;
foreign) wanted=("${build[@]}" "${demo[@]}" "${test[@]}" "${foreign[@]}") ;;
*)
  echo "usage: ${0##*/} build|demo|test|bench|system|foreign" >&2
  exit 2
  ;;
esac

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "missing packages: ${missing[*]}: run this as root, or install sudo" >&2
    exit 1
  }
  as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Servers are wanted as programs: invoke-rc.d(8) asks this file whether it may start them.
no_services=/usr/sbin/policy-rc.d
if [ "$1" = system ] && [ ! -e $no_services ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $no_services >"$log"
  "${as_root[@]}" chmod 755 $no_services
  trap 'rm -f "$log"; "${as_root[@]}" rm -f $no_services' EXIT
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" \
    </dev/null >"$log" 2>&1 || {
    cat "$log" >&2
    echo "apt-get $1 failed (see above)" >&2
    exit 1
  }
}
echo "installing ${#missing[@]} Debian packages ..." >&2
apt update
apt install --yes --no-install-recommends "${missing[@]}"
