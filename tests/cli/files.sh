#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What file systems, quotas and old kernels do to elfcage: where one has none of them at hand, a cage around
# elfcage itself plays them. Beside that, labels, immutable files, folders that may not be written, other
# file systems, and files with holes, larger than 4 GiB. (More is in in-place.sh and killed.sh.)
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)
build program marker.c
build static marker.c -static
cage want program "${deny[@]}"
cage want-static static "${deny[@]}"
mkdir d
fresh() {
    chattr -i d/* 2>/dev/null
    rm -rf d && mkdir d && cp program d/file && cp static d/static
}
nothing_left() {
    is "$(ls -A d | tr '\n' ' ')" "file static " "$1: nothing is left behind"
}

# A kernel, or a file system, that cannot do copy_file_range(2) or say where holes are.
for errno in ENOSYS EOPNOTSUPP EXDEV EINVAL EPERM; do
    "$ELFCAGE" inject -q --default allow --deny "copy_file_range,lseek:$errno" -o caged "$ELFCAGE" 2>.err ||
        bail "elfcage cannot be caged: $(cat .err)"
    fresh
    # remove asks for the size by lseek(2).
    run ./caged inject -q "${deny[@]}" -i d/file d/static
    is "$status$err $(digest d/file) $(digest d/static)" "0 $(digest want) $(digest want-static)" \
        "copy_file_range and lseek give $errno: the same bytes"
    "$ELFCAGE" inject -q --default allow --deny "copy_file_range:$errno" -o caged "$ELFCAGE"
    run ./caged remove -i d/file d/static
    is "$status$err $(digest d/file) $(digest d/static)" "0 $(digest program) $(digest static)" \
        "and back"
done
# No locks, no extended attributes.
"$ELFCAGE" inject -q --default allow --deny flock:ENOLCK --deny fgetxattr,flistxattr,fsetxattr,fremovexattr:EOPNOTSUPP \
    -o caged "$ELFCAGE"
fresh
run ./caged inject -q "${deny[@]}" -i d/file
is "$status$err $(digest d/file)" "0 $(digest want)" "neither locks nor attributes: the same bytes"
nothing_left "neither locks nor attributes"

# What is refused: one line with the reason, status 5, the file as it was.
refused() { # CALLS:ERRNO REASON
    "$ELFCAGE" inject -q --default allow --deny "$1" -o caged "$ELFCAGE"
    fresh
    fails 5 "^elfcage: d/file: .*$2" "$1: inject says so" ./caged inject "${deny[@]}" -i d/file
    cp want d/file
    fails 5 "^elfcage: d/file: .*$2" "$1: remove says so" ./caged remove -i d/file
    is "$(digest d/file)" "$(digest want)" "$1: it is as it was"
    nothing_left "$1"
}
refused ftruncate:EDQUOT "Disk quota exceeded"
refused pwrite64:EDQUOT "Disk quota exceeded"
refused pwrite64:ENOSPC "No space left on device"
refused pwrite64:EIO "Input/output error"
refused copy_file_range:EIO "Input/output error"
refused copy_file_range:EDQUOT "Disk quota exceeded"
refused fchmod:EPERM "cannot keep its mode 0755.*Operation not permitted"
refused renameat,renameat2,rename:EROFS "Read-only file system"
refused renameat,renameat2,rename:EACCES "Permission denied"
"$ELFCAGE" inject -q --default allow --deny fsync:EIO -o caged "$ELFCAGE"
fresh
fails 5 "^elfcage: d/file: cannot synchronise the new file: Input/output error" "--sync where fsync fails" \
    ./caged inject "${deny[@]}" --sync -i d/file
is "$(digest d/file)" "$(digest program)" "--sync where fsync fails: it is as it was"
nothing_left "--sync where fsync fails"
fresh
succeeds "without --sync nobody calls fsync" ./caged inject -q "${deny[@]}" -i d/file
fresh
succeeds "--sync" "$ELFCAGE" inject -q "${deny[@]}" --sync -i d/file
succeeds "--sync, -o" "$ELFCAGE" inject -q "${deny[@]}" --sync -o d/static program
is "$(digest d/file) $(digest d/static)" "$(digest want) $(digest want)" "--sync: the same bytes"

# Another file system.
if [ -d /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ] && there=$(mktemp -d /dev/shm/elfcage.XXXXXX 2>/dev/null); then
    trap 'rm -rf -- "$WORK" "$there"' EXIT
    succeeds "-o to another file system" "$ELFCAGE" inject -q "${deny[@]}" -o "$there/out" program
    is "$(digest "$there/out")" "$(digest want)" "the same bytes"
    succeeds "and back from there" "$ELFCAGE" remove -o back "$there/out"
    is "$(digest back)" "$(digest program)" "the original"
    ln -s "$there/out" across
    succeeds "-i through a link to another file system" "$ELFCAGE" remove -i across
    is "$(digest "$there/out") $(readlink across) $(ls -A "$there")" "$(digest program) $there/out out" "changed there, the link stays"
else
    skip "another file system" "no other file system that may be written"
fi

# A folder that may not be written.
fresh && chmod 555 d
if is_root; then
    cp "$ELFCAGE" elfcage && chown 65534:65534 d/* d && chmod 755 elfcage
    run as_nobody ./elfcage inject -q "${deny[@]}" -i d/file
    like "$status $err" "^5 elfcage: d/file: cannot make a temporary file in the destination's directory.*: Permission denied$" \
        "a folder that may not be written: says that it needs one"
    is "$(wc -l <.err) $(digest d/file)" "1 $(digest program)" "and leaves the file as it was"
    run as_nobody ./elfcage inject -q "${deny[@]}" -o d/out program
    is "$status $(ls -A d | wc -l)" "5 2" "-o into it likewise"
else
    fails 5 "^elfcage: d/file: cannot make a temporary file in the destination's directory.*: Permission denied$" \
        "a folder that may not be written" "$ELFCAGE" inject "${deny[@]}" -i d/file
    is "$(digest d/file)" "$(digest program)" "and leaves the file as it was"
fi
chmod 755 d

# A security label: kept in place; that of the folder with -o.
fresh
if is_root && setfattr -n security.selinux -v system_u:object_r:elfcage_test_t:s0 d/file 2>/dev/null; then
    label=$(getfattr -n security.selinux --only-values d/file | tr -d '\0')
    run "$ELFCAGE" inject -q "${deny[@]}" -i d/file
    is "$status$err $(getfattr -n security.selinux --only-values d/file 2>&1 | tr -d '\0') $(digest d/file)" \
        "0 $label $(digest want)" "in place keeps a label of SELinux"
    run "$ELFCAGE" remove -i d/file
    is "$status$err $(getfattr -n security.selinux --only-values d/file 2>&1 | tr -d '\0')" "0 $label" "remove too"
    run "$ELFCAGE" inject -q "${deny[@]}" -o d/out d/file
    unlike "$(getfattr -n security.selinux --only-values d/out 2>&1)" elfcage_test_t "-o: the label is the folder's to give"
else
    skip "a label of SELinux" "it cannot be set here"
fi

# Immutable: nobody replaces it; a copy can be made.
fresh
if is_root && chattr +i d/file 2>/dev/null; then
    run "$ELFCAGE" inject -q "${deny[@]}" -i d/file
    like "$status $err" '^5 elfcage: d/file: .*Operation not permitted$' "an immutable file is not replaced"
    is "$(digest d/file) $(wc -l <.err)" "$(digest program) 1" "it is as it was, and that is one line"
    nothing_left "an immutable file"
    succeeds "a copy of it can be made" "$ELFCAGE" inject -q "${deny[@]}" -o out d/file
    run "$ELFCAGE" inject -q "${deny[@]}" -i d/file d/static
    is "$status $(digest d/static)" "5 $(digest want-static)" "and the next file of the run is caged"
    chattr -i d/file
else
    skip "an immutable file" "it cannot be made here"
fi
fresh

# Larger than 4 GiB, nearly all of it a hole: the section headers behind it, or a segment.
cat >far.py <<'P'
import struct, sys
path, kind = sys.argv[1:]
data = bytearray(open(path, "rb").read())
phoff, shoff = struct.unpack_from("<QQ", data, 32)
phnum, shentsize, shnum = struct.unpack_from("<HHH", data, 56)
far = 5 << 30
if kind == "headers":
    tail = data[shoff:shoff + shentsize * shnum]
    struct.pack_into("<Q", data, 40, far)
else:
    tail = b"far away" * 512
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HH", data, 60, 0, 0)
    at, = (phoff + 56 * i for i in range(phnum) if data[phoff + 56 * i:][:4] == b"\x51\xe5\x74\x64")
    struct.pack_into("<IIQQQQQQ", data, at, 1, 4, far, 0x10000000, 0x10000000, 4096, 4096, 4096)
with open(path, "r+b") as file:
    file.write(data)
    file.seek(far)
    file.write(tail)
P
cat >peek.c <<'C'
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
int main(void)
{
    const char *volatile far = (const char *)0x10000000;
    puts(memcmp(far, "far away", 8) == 0 ? "there" : "elsewhere");
    errno_is();
    return 0;
}
int errno_is(void)
{
    extern int *__errno_location(void);
    getpriority(PRIO_PROCESS, 0);
    return printf("errno %d\n", *__errno_location());
}
C
${CC:-gcc} -w -no-pie -fno-pie -o segment peek.c && cp program headers && cp segment near || bail "no compiler"
if ! truncate -s 6G probe 2>/dev/null || [ "$(du -k probe | cut -f1)" -gt 1024 ]; then
    skip "larger than 4 GiB" "no files with holes here"
else
    rm -f probe
    for kind in headers segment; do
        "$PYTHON" far.py "$kind" "$kind" || bail "far.py $kind"
        limit=some
        grep -qa __asan_init "$ELFCAGE" && limit=unlimited
        # Address space for file and result, and little more: they are mapped, not read into memory.
        run bash -c "[ $limit = unlimited ] || ulimit -v $(((10 << 20) + 200000)); exec '$ELFCAGE' inject -q --default allow --deny getpriority:ENOANO -o far-caged $kind"
        is "$status$err" 0 "5 GiB, $kind: caged"
        holds "5 GiB, $kind: the hole is kept" test "$(du -k far-caged | cut -f1)" -le 2048
        run "$ELFCAGE" verify far-caged
        is "$status$err" 0 "5 GiB, $kind: verifies"
        run "$ELFCAGE" remove -o back far-caged
        is "$status$err" 0 "5 GiB, $kind: removed"
        holds "5 GiB, $kind: the hole is kept" test "$(du -k back | cut -f1)" -le 2048
        is "$(stat -c %s back)" "$(stat -c %s "$kind")" "5 GiB, $kind: as large as before"
        # The data is at both ends; cmp would read 10 GiB of zeros.
        is "$(head -c 1M back | sha256sum) $(tail -c 1M back | sha256sum)" \
            "$(head -c 1M "$kind" | sha256sum) $(tail -c 1M "$kind" | sha256sum)" "5 GiB, $kind: the same bytes as before"
        if [ "$kind" = segment ]; then
            run ./segment
            is "$status $out" "0 there
errno 0" "5 GiB, segment: the original runs"
            run ./far-caged
            is "$status $out" "0 there
errno 55" "5 GiB, segment: filtered, and the segment is loaded"
        else
            run ./far-caged
            is "$status $out" "7 main" "5 GiB, headers: runs"
        fi
        rm -f far-caged back
    done
fi
finish
