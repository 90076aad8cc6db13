/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes system calls that the policy of kernel.py treats differently, and says what came of each:
 *
 *     enforce [PROGRAM [ARGUMENT...]]
 *
 * A line is `WHAT: ok` or `WHAT: error N`. At the end PROGRAM is executed in its place. Without a C
 * library, so that the same source is a program of every architecture that is one file and nothing
 * else.
 */
#include "raw.h"

#include <linux/fcntl.h>
#include <linux/socket.h>

static void say(const char *what, long result)
{
    put(what);
    if (result >= 0 || result < -4095) {
        put(": ok\n");
    } else {
        put(": error ");
        put_number(-result);
        put("\n");
    }
}

/* The value of a line of /proc/self/status. */
static void say_status(const char *name)
{
    static char text[4096];
    long file = raw(__NR_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY, 0, 0, 0);
    long size = raw(__NR_read, file, (long)text, sizeof text - 1, 0, 0, 0);
    raw(__NR_close, file, 0, 0, 0, 0, 0);
    for (long at = 0; at < size; at++) {
        long length = 0;
        while (name[length] != '\0' && text[at + length] == name[length]) {
            length++;
        }
        if (name[length] == '\0' && (at == 0 || text[at - 1] == '\n')) {
            put(name);
            put(" ");
            text[at + length + 2] = '\0';
            put(text + at + length + 1);
            put("\n");
            return;
        }
    }
}

static void say_child(const char *what, long number)
{
    long child = make_child();
    if (child == 0) {
        raw(number, 0, 0, 0, 0, 0, 0);
        leave(0);
    }
    put(what);
    put(": status ");
    put_number(wait_for(child));
    put("\n");
}

void start(uintptr_t *stack)
{
    char **arguments = (char **)(stack + 1);
    char **environment = arguments + *stack + 1;
    put(__SIZEOF_POINTER__ == 8 ? "64 bits\n" : "32 bits\n");
    say_status("Seccomp:");
    say_status("NoNewPrivs:");
    say("allowed", raw(__NR_getppid, 0, 0, 0, 0, 0, 0));
    say("denied", raw(__NR_getpriority, 0, 0, 0, 0, 0, 0));
    say("value that is not denied", raw(__NR_socket, 1 /* AF_UNIX */, 1, 0, 0, 0, 0));
    say("denied value", raw(__NR_socket, 2 /* AF_INET */, 1, 0, 0, 0, 0));
#if __SIZEOF_POINTER__ == 8
    /* The kernel uses 32 bits of the first, 64 of the second. */
    say("denied value, bits above it", raw(__NR_socket, 2 | 1L << 32, 1, 0, 0, 0, 0));
    say("denied long value", raw(__NR_lseek, -1, 0x100000001, 0, 0, 0, 0));
    say("lower half of it", raw(__NR_lseek, -1, 0x000000001, 0, 0, 0, 0));
    say("another upper half", raw(__NR_lseek, -1, 0x200000001, 0, 0, 0, 0));
#endif
    say_child("killed", __NR_acct);
    if (*stack > 1) {
        say("execve", raw(__NR_execve, (long)arguments[1], (long)(arguments + 1), (long)environment,
                          0, 0, 0));
    }
    leave(0);
}
