#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints constants_data.c: the names of constants that system calls take (O_RDONLY, TCGETS,
PR_SET_NAME, ...) with their values, for every architecture.

The values are the kernel's: those of its installed headers (linux-libc-dev and its -arm64-cross,
-armhf-cross and -riscv64-cross siblings), and only for what these lack (AF_UNIX, SOCK_STREAM, ...)
those of the C library's (libc6-dev and its siblings). That matters where a library hides the
kernel's value: O_LARGEFILE is 0 in glibc's headers for x86-64. Of most headers all constants are
taken; of the others (drivers) the requests of ioctl(2). clang evaluates each for each
architecture as an integer; what is no integer constant there is left out. The output is
committed; run this only to bring it up to newer headers.

    injector/arch/generate_constants.py > injector/arch/constants_data.c
"""

import concurrent.futures
import functools
import os
import re
import subprocess
import sys

# column: clang's target, folders of headers. Debian's amd64 package has no drm/, whose headers are
# the same for all.
X86 = ["/usr/include/x86_64-linux-gnu", "/usr/include"]
ARCHITECTURES = {
    "x86_64": ("x86_64-linux-gnu", X86),
    "i386": ("i386-linux-gnu", X86),
    "aarch64": ("aarch64-linux-gnu", ["/usr/aarch64-linux-gnu/include"]),
    "arm": ("arm-linux-gnueabihf", ["/usr/arm-linux-gnueabihf/include"]),
    "riscv64": ("riscv64-linux-gnu", ["/usr/riscv64-linux-gnu/include"]),
}
DRM = "/usr/aarch64-linux-gnu/include"

# All constants of these. The kernel's first: where two differ, the earlier one holds.
KERNEL = """asm/errno.h asm/fcntl.h asm/ioctls.h asm/mman.h asm/poll.h asm/prctl.h asm/ptrace.h
asm/resource.h asm/signal.h asm/siginfo.h asm/socket.h asm/sockios.h asm/stat.h asm/termbits.h
asm/hwcap.h asm/ldt.h
linux/errno.h linux/fcntl.h linux/aio_abi.h linux/audit.h linux/bpf.h linux/capability.h
linux/close_range.h linux/dm-ioctl.h linux/eventpoll.h linux/falloc.h linux/fanotify.h linux/fb.h
linux/fd.h linux/fiemap.h linux/filter.h linux/fs.h linux/fscrypt.h linux/fsmap.h
linux/fsverity.h linux/fuse.h linux/futex.h linux/hidraw.h linux/hdreg.h linux/if.h
linux/if_alg.h linux/if_arp.h linux/if_bridge.h linux/if_ether.h linux/if_link.h linux/if_packet.h
linux/if_tun.h linux/inotify.h linux/io_uring.h linux/ioctl.h linux/ioprio.h linux/ipc.h
linux/kcmp.h linux/kd.h linux/kexec.h linux/keyctl.h linux/kvm.h linux/landlock.h linux/loop.h
linux/magic.h linux/major.h linux/memfd.h linux/mempolicy.h linux/membarrier.h linux/mman.h
linux/mount.h linux/mqueue.h linux/msg.h linux/net.h linux/net_tstamp.h linux/netlink.h
linux/nsfs.h linux/openat2.h linux/perf_event.h linux/personality.h linux/pidfd.h linux/poll.h
linux/prctl.h linux/ptrace.h linux/quota.h linux/random.h linux/reboot.h linux/resource.h
linux/rseq.h linux/rtnetlink.h linux/sched.h linux/seccomp.h linux/securebits.h linux/sem.h
linux/serial.h linux/shm.h linux/signal.h linux/signalfd.h linux/socket.h linux/sockios.h
linux/stat.h linux/swab.h linux/taskstats.h linux/tcp.h linux/termios.h linux/time.h
linux/timerfd.h linux/times.h linux/tty.h linux/udp.h linux/un.h linux/userfaultfd.h
linux/usbdevice_fs.h linux/utime.h linux/vfio.h linux/vhost.h linux/vm_sockets.h linux/vt.h
linux/wait.h linux/watchdog.h linux/watch_queue.h linux/xattr.h linux/input.h linux/genetlink.h
linux/in.h linux/in6.h linux/ipv6.h linux/virtio_vsock.h linux/udmabuf.h linux/dma-buf.h
linux/dma-heap.h linux/sync_file.h linux/uinput.h linux/rtc.h linux/ethtool.h linux/blkzoned.h
linux/blkpg.h linux/nvme_ioctl.h linux/msdos_fs.h linux/i2c-dev.h linux/spi/spidev.h
linux/gpio.h linux/tee.h linux/tiocl.h linux/cdrom.h linux/pps.h linux/ppdev.h linux/random.h
linux/autofs.h linux/auto_fs.h""".split()
LIBRARY = """errno.h fcntl.h poll.h sched.h signal.h time.h termios.h unistd.h netinet/in.h
netinet/tcp.h netinet/udp.h sys/epoll.h sys/eventfd.h sys/fanotify.h sys/file.h sys/inotify.h
sys/ioctl.h sys/ipc.h sys/klog.h sys/mman.h sys/mount.h sys/msg.h sys/personality.h sys/poll.h
sys/prctl.h sys/ptrace.h sys/quota.h sys/random.h sys/reboot.h sys/resource.h sys/select.h
sys/sem.h sys/sendfile.h sys/shm.h sys/signalfd.h sys/socket.h sys/stat.h sys/statfs.h
sys/statvfs.h sys/swap.h sys/syslog.h sys/time.h sys/timerfd.h sys/timex.h sys/un.h sys/wait.h
sys/xattr.h scsi/sg.h scsi/scsi_ioctl.h""".split()
# Only what _IO, _IOR, _IOW, _IOWR make.
DRIVERS = ["drm", "linux", "misc", "mtd", "rdma", "scsi", "sound", "xen"]

# What Linux 6.2 to 6.18 added, the same on every architecture; the headers lack it.
NEWER = {
    "MADV_GUARD_INSTALL": 102, "MADV_GUARD_REMOVE": 103, "MAP_DROPPABLE": 0x08,
    "MFD_NOEXEC_SEAL": 0x0008, "MFD_EXEC": 0x0010, "F_SEAL_EXEC": 0x0020,
    "PR_SET_MDWE": 65, "PR_GET_MDWE": 66, "PR_MDWE_REFUSE_EXEC_GAIN": 1, "PR_MDWE_NO_INHERIT": 2,
    "PR_SET_MEMORY_MERGE": 67, "PR_GET_MEMORY_MERGE": 68, "PR_GET_AUXV": 0x41555856,
    "PIDFD_THREAD": 0o200, "PIDFD_SIGNAL_THREAD": 1, "PIDFD_SIGNAL_THREAD_GROUP": 2,
    "PIDFD_SIGNAL_PROCESS_GROUP": 4, "SO_PASSRIGHTS": 83, "F_DUPFD_QUERY": 1027,
    "F_CREATED_QUERY": 1028, "SCHED_EXT": 7,
}
# No constants of a call's arguments, or not one value: guards, limits of the compiler, numbers
# that the C library makes when it runs, what is passed in memory (messages of netlink, events,
# registers, opcodes of devices).
LEFT_OUT = re.compile(
    r"SIGRTMIN|SIGRTMAX|SIG_\w+|_?NSIG|NCCS|NULL|EOF|\w+_H|\w*_MAX(IMUM)?_?|U?INT\w*_\w+|WCHAR_\w+|"
    r"WINT_\w+|SIZE_\w+|PTRDIFF_\w+|[A-Z]+_WIDTH|TRUE|FALSE|"
    r"(WIN|X86|PSR|PORT|SUPPORTED|ADVERTISED|ETHTOOL|ETH|AUDIT|IFLA|IFA|RTM|RTA|RTAX|RTN|RTNH|RTNLGRP|"
    r"RTPROT|RTMGRP|RTEXT|TCA|NDA|NDTPA|NDTA|NTF|NUD|NLM|NLMSG|NLMSGERR|NLA|NL|NLGRP|BRIDGE|MDB|MDBA|"
    r"BRCTL|PSCI|VIRTIO|VRING|DEVCONF|ARPHRD|EM|KEY|BTN|FUSE|FOPEN|FATTR|REG|SETFEATURES|TASKFILE|"
    r"CTRL|CTRL_ATTR|TASKSTATS|HWCAP|HWCAP2|FB_ACCEL|FB_AUX|FB_TYPE|CX86|COMPAQ|SMART|SPEED|XDP|"
    r"MACVLAN|MACSEC|IPVLAN|VXLAN|RMNET|GENL|PERF_BR|PERF_MEM|PERF_SAMPLE|PERF_RECORD|KVM_REG|"
    r"KVM_PPC|KVM_S390|KVM_ARM|KVM_MIPS|KVM_EXIT|KVM_INTERNAL|KVM_X86|KVM_RISCV|KVM_MSR|"
    r"TCPOPT|TCPOLEN|TCPI|TCPF|TTYDEF|IPPORT|ATF|ARPOP|ILL|FPE|SEGV|BUS|TRAP|CLD|LINUX|"
    r"STA|RWH|RXH|IDE|MATSUSHITA|EXABYTE|IDETAPE)_\w+")
KEPT = re.compile(r"(TCP|UDP)_\w+|ETH_P_\w+|IF_\w+|BUS_\w*IO\w*")

PROLOGUE = """#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <linux/types.h>
#include <linux/ioctl.h>
"""
INTEGER = """#define INTEGER(x) (_Generic((x), _Bool: 1, char: 1, signed char: 1, unsigned char: 1, \\
    short: 1, unsigned short: 1, int: 1, unsigned: 1, long: 1, unsigned long: 1, \\
    long long: 1, unsigned long long: 1), (unsigned long long)(x))
"""
# Tried in turn for a header that does not stand alone.
HELPERS = ["", "#include <time.h>\n#include <sys/socket.h>\n",
           "#include <time.h>\n#include <sys/types.h>\n#include <sys/socket.h>\n"
           "#include <netinet/in.h>\n#include <linux/if.h>\n", "#include <signal.h>\n"]


RESOURCES = subprocess.run(["clang", "-print-resource-dir"], capture_output=True, text=True,
                           check=True).stdout.strip()


def clang(architecture, source, *more):
    target, folders = ARCHITECTURES[architecture]
    includes = [part for folder in [f"{RESOURCES}/include", *folders]
                for part in ("-isystem", folder)]
    if "#include <drm/" in source:
        includes += ["-idirafter", DRM]
    return subprocess.run(["clang", f"--target={target}", "-std=gnu17", "-nostdinc", *includes,
                           "-D_GNU_SOURCE", "-w", "-ferror-limit=0", "-fno-caret-diagnostics",
                           *more, "-x", "c", "-"], input=source, capture_output=True, text=True)


@functools.cache
def candidates(architecture, source, requests_only):
    """Names that the header defines: macros without parameters, and members of enums."""
    expanded = clang(architecture, source, "-E", "-dD")
    if expanded.returncode != 0:
        return None
    text = re.sub(r"^# \d+ .*$", "", expanded.stdout, flags=re.M)
    body = r"_IO[A-Z]*\b|\b[A-Z]+_IO[A-Z]*\(" if requests_only else ""
    names = set(re.findall(rf"^#define ([A-Z][A-Za-z0-9_]*)[ \t]+(?=.*(?:{body}))\S", text, re.M))
    if not requests_only:
        plain = re.sub(r"^#.*$", "", text, flags=re.M)
        for members in re.findall(r"\benum\b\s*\w*\s*\{([^}]*)\}", plain):
            names |= set(re.findall(r"(?:^|,)\s*([A-Z][A-Z0-9_]*)\b", members))
    return {name for name in names if KEPT.fullmatch(name) or not LEFT_OUT.fullmatch(name)}


def values(architecture, source, names):
    """The values of those names that are integer constants: what clang complains of is not. Some
    headers name requests of asm/ioctls.h (SIOCOUTQ, say) and do not include it."""
    names = sorted(names)
    source += "#include <asm/ioctls.h>\n"
    head = (source + INTEGER).count("\n") + 1
    while True:
        lines = [f"const unsigned long long v{i} = INTEGER({name});\n"
                 for i, name in enumerate(names)]
        made = clang(architecture, source + INTEGER + "".join(lines), "-S", "-emit-llvm", "-O0",
                     "-o", "-")
        bad = {int(line) - head for line in re.findall(r"^<stdin>:(\d+):\d+: error", made.stderr,
                                                       re.M)}
        if not bad:
            break
        names = [name for i, name in enumerate(names) if i not in bad]
    found = re.findall(r"^@v(\d+) = .*constant i64 (-?\d+)", made.stdout, re.M)
    return {names[int(i)]: int(value) & (2**64 - 1) for i, value in found}


def header_constants(architecture, header, requests_only):
    for helper in HELPERS:
        source = PROLOGUE + helper + f"#include <{header}>\n"
        names = candidates(architecture, source, requests_only)
        if names is not None:
            before = candidates(architecture, PROLOGUE + helper, requests_only)
            return values(architecture, source, names - before) if names - before else {}
    return {}


def driver_headers():
    found = set()
    for folder in DRIVERS:
        root = DRM if folder == "drm" else "/usr/include"
        for where, _, files in os.walk(f"{root}/{folder}"):
            found |= {os.path.relpath(os.path.join(where, name), root)
                      for name in files if name.endswith(".h")}
    return sorted(found - set(KERNEL))


def architecture_constants(architecture):
    merged = {}
    for header, requests_only in [*((h, False) for h in KERNEL),
                                  *((h, True) for h in driver_headers()),
                                  *((h, False) for h in LIBRARY)]:
        for name, value in header_constants(architecture, header, requests_only).items():
            if merged.setdefault(name, (value, header))[0] != value:
                print(f"{architecture} {name}: {merged[name][0]:#x} of {merged[name][1]} holds, "
                      f"not {value:#x} of {header}", file=sys.stderr)
    table = {name: value for name, (value, _) in merged.items()}
    for name, value in NEWER.items():
        if table.setdefault(name, value) != value:
            sys.exit(f"{architecture} {name}: {table[name]:#x} of the headers, {value:#x} of NEWER")
    return table


def print_table(tables):
    """One row a name. Where its value is not the same everywhere, the row names a row of the second
    table, which has a column for each architecture."""
    names = sorted({name for table in tables.values() for name in table}, key=str.encode)
    differing = []
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by generate_constants.py, which says from what. Sorted by name (strcmp). */")
    print('#include "arch/constants_table.h"\n')
    print("/* clang-format off */")
    print("const struct constant_row constant_rows[] = {")
    print("    /* value, 1 + row of constant_differing or 0, columns that have it, name */")
    for name in names:
        row = [table.get(name) for table in tables.values()]
        present = sum(1 << i for i, value in enumerate(row) if value is not None)
        distinct = {value for value in row if value is not None}
        value = distinct.pop()
        if distinct:
            differing.append(row)
            print(f'    {{0, {len(differing)}, {present:#x}, "{name}"}},')
        else:
            print(f'    {{{value:#x}, 0, {present:#x}, "{name}"}},')
    print("};\n")
    print("const uint64_t constant_differing[][CONSTANT_COLUMNS] = {")
    print(f"    /* {', '.join(tables)} */")
    for row in differing:
        print(f"    {{{', '.join(f'{value or 0:#x}' for value in row)}}},")
    print("};")
    print("/* clang-format on */\n")
    print("const size_t constant_row_count = sizeof constant_rows / sizeof constant_rows[0];")


def main():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        print_table(dict(zip(ARCHITECTURES, pool.map(architecture_constants, ARCHITECTURES))))


if __name__ == "__main__":
    main()
