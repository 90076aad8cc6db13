/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to put a filter that is made already (FILTER_H has its instructions) around a program
 * without changing its file: a library for LD_PRELOAD with a constructor, or (WRAPPER) a program
 * that loads the filter and starts the one it is given. And the floor of all (MAIN): a program that
 * loads it by itself.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sock_filter instructions[] = {
#include FILTER_H
};

static int load(void)
{
    const struct sock_fprog program = {
        .len = sizeof instructions / sizeof *instructions,
        .filter = (struct sock_filter *)(size_t)instructions,
    };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0;
}

#ifdef WRAPPER

int main(int argument_count, char **arguments)
{
    if (argument_count < 2 || load() != 0) {
        return 126;
    }
    execv(arguments[1], arguments + 1);
    return 127;
}

#elif defined MAIN

int main(void)
{
    return load();
}

#else

__attribute__((constructor)) static void before_main(void)
{
    if (load() != 0) {
        _exit(126);
    }
}

#endif
