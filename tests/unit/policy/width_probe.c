/* SPDX-License-Identifier: Apache-2.0 */
#include "width_probe.h"
#include "policy_test.h"

#include "arch/arch.h"
#include "policy/widths.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIED 255
#define WRONG_EFFECT 254

int outcome_of(call_function *function, const struct call *call)
{
    pid_t child = fork();
    if (child == 0) {
        struct call mine = *call;
        for (unsigned i = 0; i < 6; i++) {
            if ((mine.arguments[i] & UINT32_MAX) == SELF) {
                mine.arguments[i] =
                    (mine.arguments[i] & ~(uint64_t)UINT32_MAX) | (uint32_t)getpid();
            }
        }
        _exit(function(&mine));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return DIED;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : DIED;
}

int plain_call(const struct call *call)
{
    const uint64_t *a = call->arguments;
    return syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 ? errno : 0;
}

enum probe probe_argument(call_function *function, const struct call *call, unsigned argument)
{
    static const uint64_t upper_halves[] = {UINT64_C(0xdeadbeef) << 32, UINT64_C(1) << 32};
    int base = outcome_of(function, call);
    if (base == ENOSYS || base == EPERM || base == EACCES) {
        return PROBE_OPEN;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct call changed = *call;
        /* Of a sign-extended value the upper half is set already: change it. */
        changed.arguments[argument] ^= upper_halves[i];
        if (outcome_of(function, &changed) != base) {
            return PROBE_WIDE;
        }
    }
    return base == 0 ? PROBE_NARROW : PROBE_OPEN;
}

static struct probe_result results[1024];

static struct probe_result *find_result(const char *name)
{
    size_t i = 0;
    const struct width_row *row;
    for (; (row = width_row_at(i)) && strcmp(row->name, name) != 0; i++) {
    }
    if (!row || i >= COUNT(results)) {
        fail_msg("no row for %s", name);
    }
    return &results[i];
}

const struct probe_result *probe_result(const char *name)
{
    return find_result(name);
}

void probe_call(const char *name, unsigned which, call_function *function, const struct call *call)
{
    struct probe_result *result = find_result(name);
    for (unsigned i = 0; i < 6; i++) {
        unsigned width = argument_width(name, i);
        if (!(which >> i & 1u)) {
            continue;
        }
        if (width != 32 && width != 64) {
            fail_msg("argument %u of %s has no width", i, name);
        }
        result->made |= (uint8_t)(1u << i);
        enum probe probe = probe_argument(function, call, i);
        unsigned seen = probe == PROBE_NARROW ? 32 : 64;
        if (probe != PROBE_OPEN && seen != width) {
            fail_msg("argument %u of %s: the table says %u bits, the kernel consumes %u", i, name,
                     width, seen);
        }
        result->agreed |= (uint8_t)(probe == PROBE_OPEN ? 0 : 1u << i);
    }
}

/* Shared between the copies that clone() makes only by value. */
static volatile pid_t parent_tid;
static volatile pid_t child_tid;

int clone_call(const struct call *call)
{
    struct call mine = *call;
    mine.arguments[2] |= (uint64_t)(uintptr_t)&parent_tid;
    mine.arguments[3] |= (uint64_t)(uintptr_t)&child_tid;
#ifdef __x86_64__
    uint64_t thread_pointer = 0;
    syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &thread_pointer);
    mine.arguments[4] ^= thread_pointer;
#endif
    const uint64_t *a = mine.arguments;
    long child = syscall(SYS_clone, a[0], a[1], a[2], a[3], a[4]);
    if (child == -1) {
        return errno;
    }
    if (child == 0) {
        _exit(child_tid == (pid_t)syscall(SYS_gettid) ? 0 : WRONG_EFFECT);
    }
    int status = 0;
    if (waitpid((pid_t)child, &status, 0) != child || !WIFEXITED(status)) {
        return DIED;
    }
    return parent_tid == (pid_t)child ? WEXITSTATUS(status) : WRONG_EFFECT;
}

int ptrace_call(const struct call *call)
{
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    const uint64_t *a = call->arguments;
    int result = syscall(SYS_ptrace, a[0], a[1] | (uint32_t)child, a[2], a[3]) == -1 ? errno : 0;
    kill(child, SIGKILL);
    return result;
}

int mount_call(const struct call *call)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        return EPERM;
    }
    return plain_call(call);
}
