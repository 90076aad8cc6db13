#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a file is beside its bytes: links, mode, owner, ACLs, attributes, file capabilities. In place all
# of it stays; what cannot be kept is refused.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)
build program marker.c
original=$(digest program)
fresh() {
    rm -f file && cp program file
}
cage want program "${deny[@]}"
want=$(digest want)

for mode in 755 700 555 4755 2755 6711 1755 111; do
    fresh && chmod "$mode" file
    is_root || [ "$mode" != 111 ] || continue
    run "$ELFCAGE" inject -q "${deny[@]}" -i file
    is "$status$err $(stat -c %a file)" "0 $mode" "in place keeps mode $mode"
    run "$ELFCAGE" remove -i file
    is "$status$err $(stat -c %a file)" "0 $mode" "remove in place keeps mode $mode"
done
(umask 077 && fresh && chmod 751 file && "$ELFCAGE" inject -q "${deny[@]}" -o out file)
is "$(stat -c %a out)" 751 "-o gives the mode of the input, whatever the umask"

if is_root; then
    fresh && chown 1234:5678 file && chmod 6755 file
    run "$ELFCAGE" inject -q "${deny[@]}" -i file
    is "$status$err $(stat -c '%u:%g %a' file)" "0 1234:5678 6755" "in place keeps owner, and setuid with it"
    run "$ELFCAGE" inject -q --replace --default allow --deny chown -i file
    is "$status$err $(stat -c '%u:%g %a' file)" "0 1234:5678 6755" "--replace too"
    run "$ELFCAGE" remove -i file
    is "$status$err $(stat -c '%u:%g %a' file)" "0 1234:5678 6755" "remove too"

    fresh && chown 1234:5678 file && chmod 6755 file && rm -f out
    run "$ELFCAGE" inject "${deny[@]}" -o out file
    is "$status$err $(stat -c %a out)" \
        "0elfcage: note: out: lost set-user-ID and set-group-ID, since owner or group are others: -i keeps them 755" \
        "-o of another's setuid program: the new file is the caller's, and a note says what is lost"

    # Somebody who may not give the file its owner: refused, and as it was.
    cp "$ELFCAGE" elfcage && chmod 755 elfcage
    mkdir shared && chmod 777 shared && cp program shared/file && chown 1234:5678 shared/file
    inode=$(stat -c '%i %u:%g' shared/file)
    run as_nobody ./elfcage inject -q "${deny[@]}" -i shared/file
    is "$status $(wc -l <.err) $(stat -c '%i %u:%g' shared/file)" "5 1 $inode" \
        "an owner that cannot be kept: refused, the file is as it was"
    is "$(ls -A shared)" file "and nothing is left behind"
else
    skip "owners" "needs root"
fi

fresh
if setfacl -m u:1234:rx file 2>/dev/null; then
    acl=$(getfacl -cE file)
    run "$ELFCAGE" inject -q "${deny[@]}" -i file
    is "$status$err $(getfacl -cE file)" "0 $acl" "in place keeps an ACL"
    run "$ELFCAGE" remove -i file
    is "$status$err $(getfacl -cE file)" "0 $acl" "remove too"
else
    skip "ACLs" "setfacl is not there, or the file system has no ACLs"
fi
fresh
if setfattr -n user.note -v something file 2>/dev/null; then
    setfattr -n user.empty file
    attributes=$(getfattr -d -m - file)
    run "$ELFCAGE" inject -q "${deny[@]}" -i file
    is "$status$err $(getfattr -d -m - file)" "0 $attributes" "in place keeps extended attributes"
    run "$ELFCAGE" remove -i file
    is "$status$err $(getfattr -d -m - file)" "0 $attributes" "remove too"
else
    skip "extended attributes" "setfattr is not there, or the file system has none"
fi
fresh
if is_root && setcap cap_net_raw,cap_chown+ep file 2>/dev/null; then
    capabilities=$(getcap file)
    run "$ELFCAGE" inject -q "${deny[@]}" -i file
    is "$status$err $(getcap file)" "0 $capabilities" "in place keeps file capabilities"
    is "$(digest file)" "$want" "and the bytes are those of any injection"
    run "$ELFCAGE" inject -q --replace --default allow --deny chown -i file
    is "$status$err $(getcap file)" "0 $capabilities" "--replace too"
    run "$ELFCAGE" remove -i file
    is "$status$err $(getcap file) $(digest file)" "0 $capabilities $original" "remove too"
    mkdir -p shared && chmod 777 shared && cp program shared/caps && chown 65534:65534 shared/caps
    setcap cap_net_raw+ep shared/caps
    before=$(stat -c %i shared/caps)
    run as_nobody ./elfcage inject -q "${deny[@]}" -i shared/caps
    is "$status $(wc -l <.err) $(stat -c %i shared/caps)" "5 1 $before" \
        "capabilities that cannot be kept: refused, the file is as it was"
    is "$(getcap shared/caps | grep -c cap_net_raw)" 1 "and still has them"
    is "$(ls -A shared | tr '\n' ' ' | sed 's/file //')" "caps " "and nothing is left behind"
else
    skip "file capabilities" "needs root and a file system that has them"
fi

# Symbolic links are followed.
fresh && ln -s file link && mkdir away && ln -s ../file away/link && ln -s away/link chain
for link in link away/link chain; do
    fresh
    run "$ELFCAGE" inject -q "${deny[@]}" -i "$link"
    is "$status$err $(digest file) $(test -L "$link" && test ! -L file && echo kept)" "0 $want kept" \
        "in place through $link: the target is changed, the link stays"
done
fresh
run "$ELFCAGE" inject -q "${deny[@]}" -o chain program
is "$status$err $(digest file) $(readlink chain)" "0 $want away/link" "-o to a link: the target is replaced"
ln -s nowhere dangling
run "$ELFCAGE" inject -q "${deny[@]}" -o dangling program
if [ "$status" -eq 0 ]; then
    is "$(digest nowhere) $(readlink dangling)" "$want nowhere" "-o to a dangling link: its target is made"
else
    is "$status $(wc -l <.err) $(readlink dangling)" "5 1 nowhere" "-o to a dangling link: refused"
fi
ln -s loop loop
run "$ELFCAGE" inject -q "${deny[@]}" -i loop
is "$status $(wc -l <.err)" "5 1" "a link to itself: refused"

# Hard links.
fresh && ln -f file other
fails 5 '^elfcage: file: .*--break-hardlinks' "a file with two names is refused" \
    "$ELFCAGE" inject "${deny[@]}" -i file
is "$(digest file) $(stat -c %h file)" "$original 2" "and is as it was"
run "$ELFCAGE" inject -q "${deny[@]}" --break-hardlinks -i file
is "$status$err $(digest file) $(digest other)" "0 $want $original" "--break-hardlinks changes one name only"
fresh && ln -f file other
run "$ELFCAGE" inject -q "${deny[@]}" -o out file
is "$status$err" 0 "with -o its names do not matter"

# A program that runs can be replaced, and goes on as it was.
cat >waits.c <<'C'
#include <unistd.h>
int main(void)
{
    char byte;
    if (write(1, "r", 1) != 1 || read(0, &byte, 1) != 1) {
        return 1;
    }
    return 7;
}
C
${CC:-gcc} -o waits waits.c || bail "no compiler"
mkfifo to from
./waits <to >from &
pid=$!
exec 8>to 9<from
IFS= read -r -n 1 -u 9 _
succeeds "a running program can be caged in place" "$ELFCAGE" inject -q "${deny[@]}" -i waits
printf x >&8
exec 8>&- 9<&-
wait "$pid"
is "$?" 7 "and goes on"
run "$ELFCAGE" verify waits
is "$status" 0 "what stands there now is caged"

# A file system that may not be written, and one that is full.
script=$(
    cat <<'S'
set -u
mount -t tmpfs -o size=1m,mode=755 tmpfs disk || exit 77
cp program disk/program
before=$(sha256sum <disk/program)
# As full as it gets.
dd if=/dev/zero of=disk/rest bs=1k 2>/dev/null
"$ELFCAGE" inject -q --default allow --deny chown -i disk/program 2>err
echo "full $? $(wc -l <err) $(ls -A disk | tr '\n' ' ')$([ "$(sha256sum <disk/program)" = "$before" ] && echo same)"
cat err
"$ELFCAGE" inject -q --default allow --deny chown -o disk/out program 2>err
echo "full-o $? $(wc -l <err) $(ls -A disk | tr '\n' ' ')"
"$ELFCAGE" compile -q --default allow --deny chown -o disk/filter 2>err
echo "full-compile $? $(wc -l <err) $(ls -A disk | tr '\n' ' ')"
rm disk/rest
mount -o remount,ro disk
"$ELFCAGE" inject -q --default allow --deny chown -i disk/program 2>err
echo "read-only $? $(wc -l <err) $(ls -A disk | tr '\n' ' ')$([ "$(sha256sum <disk/program)" = "$before" ] && echo same)"
cat err
S
)
mkdir disk
run unshare -m --propagation private bash -c "$script"
if [ "$status" -ne 0 ]; then
    skip "a full disk and a read-only one" "cannot mount a file system of its own here"
else
    like "$out" 'full 5 1 program rest same' "a full disk: status 5, one line, the file is as it was"
    like "$out" 'elfcage: disk/program: .*No space left' "and says so"
    like "$out" 'full-o 5 1 program rest ' "a full disk: no output with -o"
    like "$out" 'full-compile (0|5) [01] ' "a full disk: compile"
    unlike "$out" 'full-compile 5 1 filter' "a full disk: no half filter"
    like "$out" 'read-only 5 1 program same' "a read-only file system: status 5, one line"
    like "$out" 'elfcage: disk/program: .*Read-only' "and says so"
fi
# A link that the kernel does not follow, since somebody else put it into a directory for all.
if [ "$(id -u)" -eq 0 ] && [ "$(cat /proc/sys/fs/protected_symlinks 2>/dev/null)" = 1 ]; then
    mkdir -m 1777 for-all
    chmod o+x .
    echo precious >victim
    as_nobody ln -s ../victim for-all/link
    fails 5 'for-all/link: .*Permission denied' "-o does not follow a link that the kernel does not follow" \
        "$ELFCAGE" inject "${deny[@]}" -o for-all/link program
    is "$(cat victim) $(ls -A for-all)" "precious link" "and its target is as it was"
else
    skip "links of others" "not root, or fs.protected_symlinks is off"
fi
# The same where a file may not grow (SIGXFSZ).
fresh
run bash -c "ulimit -f 8; exec '$ELFCAGE' inject -q --default allow --deny chown -i file"
is "$status $(wc -l <.err) $(digest file)" "5 1 $original" "a limit on file sizes: status 5, one line, the file is as it was"
is "$(ls -A | grep -c 'file.')" 0 "and nothing is left behind"
finish
