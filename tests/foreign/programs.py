# SPDX-License-Identifier: Apache-2.0
"""The programs of Debian packages that are caged for a foreign architecture, and what each does.

A line is `PACKAGE PATH [ARGUMENT...] [< FILE]`, quoted as in a shell. The path is that in the
package, with {tuple} for the architecture's library folder; the inputs are those of inputs(). No
line starts another program (a foreign one would not start by itself), and each says the same
every time and ends with status 0. Kinds of files that the lines stand for: C, C++, Go, Rust,
Haskell, OCaml; PIE, ET_EXEC, static, static-pie; glibc, musl, dietlibc, klibc; JITs, interpreters,
files with data behind the image."""

import collections
import hashlib
import os
import shlex

Program = collections.namedtuple("Program", "package path arguments stdin")

LINES = r"""
coreutils bin/ls -1 .
coreutils bin/cat text
coreutils bin/date -u -d @1000000000
coreutils bin/echo words
coreutils usr/bin/stat -c %s text
coreutils usr/bin/sort text
coreutils usr/bin/sha256sum text data.json
coreutils usr/bin/base64 text
coreutils usr/bin/od -A x -t x1 text
coreutils usr/bin/factor 1234567890123456789
coreutils usr/bin/expr 6 * 7
coreutils usr/bin/numfmt --to=iec 123456789
coreutils usr/bin/tr a-z A-Z < text
coreutils usr/bin/cksum text
coreutils usr/bin/tsort pairs
bash bin/bash -c 'for ((i = 0; i < 5; i++)); do echo $((i ** 3)); done; type cd; [[ abc =~ b ]] && echo yes'
bash-static bin/bash-static -c 'declare -A a=([x]=1); echo ${!a[@]} $((2 ** 40))'
dash bin/dash -c 'i=0; while [ $i -lt 5 ]; do echo $i; i=$((i+1)); done; (echo child); wait'
mksh bin/mksh -c 'typeset -i x=5; print $((x * x)); (print child)'
mksh usr/lib/diet/bin/mksh -c 'print static; (print child)'
mksh usr/lib/{tuple-musl}/bin/mksh -c 'print musl; (print child)'
zsh-static bin/zsh-static -f -c 'print ${(U):-words}; print $((7.0 / 2)); (print child)'
sash bin/sash -c '-echo words'
busybox-static bin/busybox sh -c 'echo $((6 * 7)); printf "%s\n" b a | sort; echo words | sha1sum'
klibc-utils usr/lib/klibc/bin/cat text
klibc-utils usr/lib/klibc/bin/mksh -c 'print klibc; (print child)'
klibc-utils usr/lib/klibc/bin/uname -s
libc-bin sbin/ldconfig -V
libc-bin usr/bin/getconf PAGE_SIZE
libc-bin usr/bin/iconv -f UTF-8 -t UTF-16LE text
grep bin/grep -n -E 'a.*e' text
sed bin/sed -n -e 's/a/<&>/gp' text
gawk usr/bin/gawk '{ n[length($0)]++ } END { for (i = 0; i < 80; i++) if (n[i]) print i, n[i] }' text
mawk usr/bin/mawk '{ s += length($0) } END { printf "%d %.3f\n", s, atan2(1, 1) }' text
tar bin/tar --mtime=@0 --owner=0 --group=0 --mode=644 -cf - text data.json
gzip bin/gzip -9 -n -c text
xz-utils usr/bin/xz -T2 -c text
bzip2 bin/bzip2 -c text
zstd usr/bin/zstd -q -T2 -c text
lz4 usr/bin/lz4 -q -c text
lzip usr/bin/lzip.lzip -c text
brotli usr/bin/brotli -c text
pigz usr/bin/pigz -n -p 4 -c text
zip usr/bin/zip -X -q - text
unzip usr/bin/unzip -v
p7zip usr/lib/p7zip/7zr b -mmt1 -md10 --help
openssl usr/bin/openssl dgst -sha512 -hmac key text
curl usr/bin/curl -s file://{here}/text
git usr/bin/git hash-object text
python3-minimal usr/bin/python3.11 -S -c 'import sys, zlib, threading; t = threading.Thread(target=print, args=(zlib.crc32(b"words"),)); t.start(); t.join(); print(sys.byteorder, 2**100)'
perl-base usr/bin/perl -e 'my %h = map { $_ => length } qw(a bb ccc); print "$_ $h{$_}\n" for sort keys %h; print join(",", map { $_ ** 2 } 1..9), "\n"'
lua5.4 usr/bin/lua5.4 -e 'local t = {} for w in ("a b c"):gmatch("%a") do t[#t+1] = w:upper() end print(table.concat(t, "-"), 1 << 40)'
luajit usr/bin/luajit -e 'local s = 0 for i = 1, 1e6 do s = s + i end print(s)'
tcl8.6 usr/bin/tclsh8.6 script.tcl
ruby3.1 usr/bin/ruby3.1 --disable-gems -e 'puts [3, 1, 2].sort.map { |x| x ** 20 }.inspect; Thread.new { puts :thread }.join'
php8.2-cli usr/bin/php8.2 -n -r 'echo json_encode(array_map(fn($x) => $x ** 2, range(1, 9))), "\n";'
nodejs usr/bin/node --jitless -e 'console.log([1, 2, 3].map(x => 2n ** BigInt(x * 40)).join())'
guile-3.0 usr/lib/{tuple}/guile/3.0/bin/guile --no-auto-compile -c '(display (expt 3 100)) (newline)'
gforth usr/bin/gforth-0.7.3 --version
sbcl usr/bin/sbcl --version
ocaml-nox usr/bin/ocamlrun -version
ocaml-nox usr/bin/ocamlopt.opt -config-var version
sqlite3 usr/bin/sqlite3 :memory: 'create table t(x); insert into t values (1), (2), (3); select sum(x), sqlite_version() from t'
jq usr/bin/jq '.list | map(. * 2) | add' data.json
file usr/bin/file -m magic text data.json
findutils usr/bin/find . -maxdepth 1 -name '*.json' -printf '%f %s\n'
diffutils usr/bin/cmp -n 100 text text
diffutils usr/bin/diff -u --label a --label b text text
bc usr/bin/bc -ql < sums
dc usr/bin/dc -e '20 k 2 v p'
ed bin/ed -s text < edits
vim-tiny usr/bin/vim.tiny --version
nano bin/nano --version
m4 usr/bin/m4 macros.m4
make usr/bin/make -f makefile -n all
ninja-build usr/bin/ninja --version
ccache usr/bin/ccache --version
re2c usr/bin/re2c --vernum
flex usr/bin/flex --version
bison usr/bin/bison --version
nasm usr/bin/nasm -v
tcc usr/bin/tcc -v
xxd usr/bin/xxd text
bsdextrautils usr/bin/column -t pairs
bsdextrautils usr/bin/hexdump -C text
util-linux usr/bin/rev text
util-linux usr/bin/getopt -o ab: -- -a -b 1 rest
procps usr/bin/free --version
units usr/bin/units --version
hello usr/bin/hello
figlet usr/bin/figlet-figlet -I0
gettext usr/bin/msgfmt --version
xsltproc usr/bin/xsltproc --version
libxml2-utils usr/bin/xmllint --xpath 'sum(//n)' table.xml
tidy usr/bin/tidy -q -i page.html
dpkg usr/bin/dpkg --compare-versions 1.10 gt 1.9
dpkg usr/bin/dpkg-deb --version
iproute2 bin/ip -V
strace usr/bin/strace -V
gdbserver usr/bin/gdbserver --version
redis-tools usr/bin/redis-benchmark --version
nginx-light usr/sbin/nginx -v
rsync usr/bin/rsync --version
shellcheck usr/bin/shellcheck --version
gron usr/bin/gron data.json
fzf usr/bin/fzf --filter=ab < text
pup usr/bin/pup 'li text{}' < page.html
age usr/bin/age --version
minisign usr/bin/minisign -v
direnv usr/bin/direnv version
restic usr/bin/restic version
caddy usr/bin/caddy version
ripgrep usr/bin/rg -n --no-config 'a.e' text
fd-find usr/bin/fdfind json
bat usr/bin/batcat --no-config --plain --color=never text
hexyl usr/bin/hexyl --color=never -n 256 text
exa usr/bin/exa -1 .
hyperfine usr/bin/hyperfine --version
"""


def inputs(folder):
    """The files that the lines name, in a folder."""
    state, words = 1, []
    for _ in range(3000):
        state = state * 1103515245 + 12345 & 0x7fffffff
        digits = hashlib.md5(str(state).encode()).hexdigest()[:3 + state % 7]
        words.append(digits.translate(str.maketrans("0123456789", "ghijklmnop")))
    lines = [" ".join(words[at:at + 6]) for at in range(0, len(words), 6)]
    texts = {
        "text": "\n".join(lines) + "\n",
        "data.json": '{"name": "words", "list": [1, 2.5, 30], "deep": {"a": [null, true]}}\n',
        "page.html": "<!DOCTYPE html><html><head><title>t</title></head><body><ul><li>one</li><li>two</li></ul></body></html>\n",
        "table.xml": "<t><n>1</n><n>2</n><n>39</n></t>\n",
        "pairs": "a b\nb c\na d\n",
        "sums": "2 ^ 100\nscale = 20\n4 * a(1)\nsqrt(2)\n",
        "edits": "2,4d\n1s/$/X/\n,p\nQ\n",
        "script.tcl": "puts [expr {2 ** 90}]\nforeach x {c a b} {puts $x}\n",
        "macros.m4": "define(`twice', `$1 $1')twice(twice(x)) eval(6*7)\n",
        "makefile": "N := $(words a b c)\nall:\n\t$(info $(N)) words\n",
        "magic": "0 string { JSON or the like\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, (1_000_000_000, 1_000_000_000))


def programs(architecture):
    """What LINES say for an architecture, as Programs."""
    for line in LINES.strip().splitlines():
        words = shlex.split(line)
        stdin = words.pop() if words[-2] == "<" else None
        if stdin:
            words.pop()
        package, path, *arguments = words
        for name, value in architecture.folders.items():
            path = path.replace("{" + name + "}", value)
        yield Program(package, path, arguments, stdin)


# What cannot be caged, by (architecture, path), and what the refusal says.
REFUSED = {
    # Linked at the lowest address that a kernel maps, with code right behind the headers.
    ("arm", "usr/lib/arm-linux-musleabihf/bin/mksh"): ["no layout fits this file"],
    # The same, made here.
    ("arm", "bare-exec"): ["no layout fits this file"],
    ("arm", "bare-thumb"): ["no layout fits this file"],
    ("arm", "bare-a32"): ["no layout fits this file"],
    ("riscv64", "bare-exec"): ["no layout fits this file"],
    ("riscv64", "static-no-id"): ["no layout fits this file"],
    ("riscv64", "pie-short-tls"): ["DT_TEXTREL"],
    # ocamlopt's code is not position independent on arm.
    ("arm", "usr/bin/ocamlopt.opt"): ["DT_TEXTREL"],
}
