/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of minijail, as calls see them: for each construct a text, and what happens to some
 * calls by minijail's manual (minijail0.5) and the tests of its compilers. Each text is compiled,
 * the program proved, and the calls are given to the program.
 */
#include "base/memory.h"
#include "filter/run.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_CALLS 8u

struct expectation {
    const char *target;
    const char *text;
    /* "NAME ARGUMENT... -> ACTION", arguments decimal, octal or hexadecimal, 0 where left out */
    const char *calls[MAX_CALLS];
    unsigned compat;
};

/* clang-format off */
static const struct expectation expectations[] = {
    /* Names alone. What is not named kills the process, in every other ABI too. */
    {"x86_64", "read: 1\nwrite:1\nexit : 1\n",
     {"read 0 -> allow", "write 7 7 7 -> allow", "exit -> allow", "open -> kill-process"}, 0},
    {"x86_64", "read: allow\nwrite: return EPERM\nopen: return 0x26\nclose: return 077\n",
     {"read -> allow", "write -> errno:EPERM", "open -> errno:ENOSYS", "close -> errno:ENOSR"}, 0},
    {"x86_64", "read: kill\nwrite: kill-process\nopen: kill-thread\nclose: trap\nstat: trace\nkill: log\n",
     {"read -> kill-process", "write -> kill-process", "open -> kill-thread", "close -> trap:0",
      "stat -> trace:0", "kill -> log", "fstat -> kill-process"}, 0},
    /* Operators, unsigned, on what the kernel consumes. */
    {"x86_64", "socket: arg0 == 1 || arg0 == AF_INET\n",
     {"socket 1 -> allow", "socket 2 -> allow", "socket 3 -> kill-process",
      "socket 0x100000001 -> allow", "socket 0xffffffff00000002 -> allow"}, 0},
    {"x86_64", "tgkill: arg0 != 1\n",
     {"tgkill 0 -> allow", "tgkill 1 -> kill-process", "tgkill 0x100000001 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 < 0x100000000\n",
     {"munmap 0 -> allow", "munmap 0xffffffff -> allow", "munmap 0x100000000 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 <= 4096\n",
     {"munmap 4096 -> allow", "munmap 4097 -> kill-process", "munmap 0x100000000 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 > 4096\n",
     {"munmap 4096 -> kill-process", "munmap 4097 -> allow", "munmap 0x100000000 -> allow"}, 0},
    {"x86_64", "munmap: arg0 >= 4096\n",
     {"munmap 4095 -> kill-process", "munmap 4096 -> allow", "munmap -1 -> allow"}, 0},
    /* "&": some bit of it. */
    {"x86_64", "clone: arg0 & CLONE_THREAD\n",
     {"clone 0x10000 -> allow", "clone 0x3d0f00 -> allow", "clone 0x100 -> kill-process",
      "clone 0x10000000000 -> kill-process"}, 0},
    {"x86_64", "open: arg1 & (1|2)\n",
     {"open 0 0 -> kill-process", "open 0 1 -> allow", "open 0 2 -> allow", "open 0 3 -> allow",
      "open 0 4 -> kill-process", "open 0 0x100000001 -> allow"}, 0},
    {"x86_64", "munmap: arg0 & ~0xfff\n",
     {"munmap 0xfff -> kill-process", "munmap 0x1000 -> allow", "munmap 0x8000000000000000 -> allow",
      "munmap 0 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 & 0xfffffffffffff00f\n",
     {"munmap 0xff0 -> kill-process", "munmap 1 -> allow", "munmap 8 -> allow", "munmap 0x1000 -> allow"}, 0},
    {"x86_64", "open: arg1 & 3 && arg1 & 0300 && arg2 == 5\n",
     {"open 0 0101 5 -> allow", "open 0 0202 5 -> allow", "open 0 3 5 -> kill-process",
      "open 0 0300 5 -> kill-process", "open 0 0101 4 -> kill-process"}, 0},
    {"x86_64", "open: { arg1 & 3; return EACCES, allow }\n",
     {"open 0 0 -> allow", "open 0 1 -> errno:EACCES", "open 0 2 -> errno:EACCES",
      "open 0 0x100000002 -> errno:EACCES"}, 0},
    /* "in": no bit but those. */
    {"x86_64", "mmap: arg3 in MAP_PRIVATE|MAP_ANONYMOUS\n",
     {"mmap 0 0 0 0 -> allow", "mmap 0 0 0 2 -> allow", "mmap 0 0 0 0x22 -> allow",
      "mmap 0 0 0 1 -> kill-process", "mmap 0 0 0 0x32 -> kill-process"}, 0},
    {"x86_64", "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE\n",
     {"mmap 0 0 3 -> allow", "mmap 0 0 5 -> allow", "mmap 0 0 7 -> kill-process",
      "mmap 0 0 0xffffffff00000006 -> kill-process"}, 0},
    {"x86_64", "mprotect: arg2 in ~PROT_EXEC\n",
     {"mprotect 0 0 3 -> allow", "mprotect 0 0 4 -> kill-process", "mprotect 0 0 0x100000004 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 in 0\n", {"munmap 0 -> allow", "munmap 0x100000000 -> kill-process"}, 0},
    {"x86_64", "socket: arg1 in 0x80000001\n",
     {"socket 0 1 -> allow", "socket 0 0x80000000 -> allow", "socket 0 2 -> kill-process"}, 0},
    {"x86_64", "socket: arg1 in ~0 && arg0 == 1\n", {"socket 1 -1 -> allow", "socket 2 0 -> kill-process"}, 0},
    {"x86_64", "umask: arg0 in 077\n",
     {"umask 077 -> allow", "umask 0100 -> kill-process", "umask 07000 -> allow"}, 0},
    /* Constants. */
    {"x86_64", "openat: arg0 == AT_FDCWD || arg0 == -1\n",
     {"openat 0xffffff9c -> allow", "openat -100 -> allow", "openat 0xffffffff -> allow",
      "openat 5 -> kill-process"}, 0},
    {"x86_64", "openat: arg2 == (O_RDONLY | O_CLOEXEC) | 0x1|02\n",
     {"openat 0 0 02000003 -> allow", "openat 0 0 02000000 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 == ~(1|2) || arg0 == ~1|~(~4)\n",
     {"munmap -4 -> allow", "munmap -2 -> allow", "munmap 0xfffffffc -> kill-process"}, 0},
    {"i386", "openat: arg0 == AT_FDCWD\nmunmap: arg0 == ~0 || arg0 & ~0xfff\n",
     {"openat 0xffffff9c -> allow", "munmap 0xffffffff -> allow", "munmap 0x1000 -> allow",
      "munmap 0xfff -> kill-process"}, 0},
    {"aarch64", "openat: arg2 == O_DIRECTORY\nioctl: arg1 == TCGETS\n",
     {"openat 0 0 040000 -> allow", "openat 0 0 0200000 -> kill-process", "ioctl 0 0x5401 -> allow"}, 0},
    /* Clauses. */
    {"x86_64", "ioctl: arg0 == 1 && arg1 == 2 || arg0 == 3 && \\\n\targ1 == 4 || \\\n   arg0 == 5\n",
     {"ioctl 1 2 -> allow", "ioctl 3 4 -> allow", "ioctl 5 9 -> allow", "ioctl 1 4 -> kill-process",
      "ioctl 3 2 -> kill-process"}, 0},
    {"x86_64", "munmap: arg0 >= 10 && arg0 <= 20 && arg0 != 15\n",
     {"munmap 10 -> allow", "munmap 20 -> allow", "munmap 15 -> kill-process", "munmap 21 -> kill-process"}, 0},
    /* Braces: in order, the first that holds. */
    {"x86_64", "ioctl: {arg1 == FIOCLEX || arg1 == TCGETS; allow, return EPERM}\n",
     {"ioctl 0 0x5451 -> allow", "ioctl 0 0x5401 -> allow", "ioctl 0 0 -> errno:EPERM"}, 0},
    {"x86_64", "ioctl: { arg0 == 0, arg0 == 1; return ENOSYS, arg1 == 1; log, trap }\n",
     {"ioctl 0 1 -> allow", "ioctl 1 1 -> errno:ENOSYS", "ioctl 2 1 -> log", "ioctl 2 2 -> trap:0"}, 0},
    {"x86_64", "ioctl: { arg0 == 0; return 1, arg0 == 1; return 2 }\n",
     {"ioctl 0 -> errno:EPERM", "ioctl 1 -> errno:ENOENT", "ioctl 2 -> kill-process"}, 0},
    {"x86_64", "{read, write , open}: arg0 == 0; allow\n",
     {"read 0 -> allow", "write 0 -> allow", "open 0 -> allow", "read 1 -> kill-process"}, 0},
    /* Architectures. */
    {"x86_64", "{fstat[arch=x86_64], fstat64[arch=arm]}: allow\n{mmap[arch=arm64,x86_64]}: 1\nbrk[arch=arm]: 1\n"
     "{ARM_set_tls[arch=armv7], statx64[arch=armv7l], read}: allow\n",
     {"fstat -> allow", "mmap -> allow", "brk -> kill-process", "read -> allow"}, 0},
    {"aarch64", "{fstat[arch=x86_64], read[arch=arm64]}: allow\n",
     {"fstat -> kill-process", "read -> allow"}, 0},
    {"i386", "{mmap2[arch=x86], mmap[arch=x86_64]}: allow\n", {"mmap2 -> allow", "mmap -> kill-process"}, 0},
    /* Named again: it goes on, until something holds always. */
    {"x86_64", "ioctl: arg0 == 0\nread: allow\nioctl: arg0 == 1; return EPERM\nioctl: trap\n",
     {"ioctl 0 -> allow", "ioctl 1 -> errno:EPERM", "ioctl 2 -> trap:0"}, 0},
    {"x86_64", "read: 1\nread: 1\n", {"read -> allow"}, 0},
    /* What the two compilers read differently. */
    {"x86_64", "read: arg0 == 0 || arg0 == 1; return EBADF\n",
     {"read 0 -> allow", "read 1 -> allow", "read 2 -> errno:EBADF"}, COMPAT_MINIJAIL0},
    {"x86_64", "read: arg0 == 0 || arg0 == 1; return EBADF\n",
     {"read 0 -> errno:EBADF", "read 1 -> errno:EBADF", "read 2 -> kill-process"},
     COMPAT_COMPILE_SECCOMP_POLICY},
    {"x86_64", "read: arg0 == 0; return EBADF # only one of them takes this\n",
     {"read 0 -> errno:EBADF", "read 2 -> kill-process"}, 0},
    {"x86_64", "read: arg0==0; return EBADF\n", {"read 0 -> errno:EBADF", "read 2 -> kill-process"}, 0},
    {"x86_64", "read: arg0 == 0; return EBADF\nwrite: trap\n",
     {"read 0 -> errno:EBADF", "read 2 -> kill-process"}, 0},
    {"x86_64", "read: arg0 == 0\nread: 1\n", {"read 0 -> allow", "read 2 -> allow"},
     COMPAT_COMPILE_SECCOMP_POLICY},
    /* Defaults. */
    {"x86_64", "@default trap\nread: 1\nopen: arg1 == 0\n",
     {"read -> allow", "write -> trap:0", "open 0 1 -> trap:0"}, 0},
    {"x86_64", "read: 1\n@default kill-thread\n@default kill-thread\n",
     {"read -> allow", "write -> kill-thread"}, 0},
    {"x86_64", "@denylist\nopen: return EPERM\nioctl: arg1 == TIOCSTI; return EACCES\n",
     {"open -> errno:EPERM", "ioctl 0 0x5412 -> errno:EACCES", "ioctl 0 0x100005412 -> errno:EACCES",
      "ioctl 0 0 -> allow", "read -> allow"}, 0},
    /* Comments and blanks. */
    {"x86_64", "# a comment\n\n  \t\n  read  :  1  \r\n\t#another \\\n# and one more\nwrite: 1",
     {"read -> allow", "write -> allow"}, 0},
    {"x86_64", "ioctl: arg1 == 1 || \\\n # in between \\\n arg1 == 2\n",
     {"ioctl 0 1 -> allow", "ioctl 0 2 -> allow", "ioctl 0 3 -> kill-process"}, 0},
};
/* clang-format on */

struct compiled {
    const struct arch *arch;
    struct policy *policy;
    struct table *table;
    struct filter filter;
};

static void compile(const struct expectation *e, struct compiled *c)
{
    struct policy_options options = {.architecture = e->target, .format = "minijail"};
    struct error error = {0};
    options.compat = e->compat;
    c->arch = arch_by_name(e->target);
    if (policy_parse("policy", e->text, strlen(e->text), &options, &c->policy, NULL, &error) < 0 ||
        table_resolve(c->policy, c->arch, &c->table, NULL, NULL, &error) < 0 ||
        filter_build(c->table, &c->filter, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s, in %s", line, e->text);
    }
    struct counterexample counterexample;
    assert_int_equal(filter_prove(&c->filter, c->table, &counterexample, NULL), PROOF_EQUAL);
}

static void check_call(const struct compiled *c, const char *call, const char *policy)
{
    CLEANUP_FREE char *copy = memory_strdup(call);
    char *arrow = strstr(copy, " -> ");
    assert_non_null(arrow);
    *arrow = 0;
    char *rest = NULL;
    const char *name = strtok_r(copy, " ", &rest);
    struct seccomp_data data = {.arch = c->arch->abis[0]->audit_architecture};
    uint32_t number = 0;
    if (!abi_syscall_number(c->arch->abis[0], name, &number)) {
        fail_msg("no system call %s", name);
    }
    data.nr = (int)number;
    size_t count = 0;
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        data.args[count++] = strtoull(word, NULL, 0);
    }
    struct action action;
    assert_true(action_from_return_value(filter_execute(&c->filter, &data, NULL), &action));
    CLEANUP_FREE char *found = action_text(action);
    if (strcmp(found, arrow + 4) != 0) {
        fail_msg("%s is %s, in %s", call, found, policy);
    }
}

static void test_minijail_policies_mean_what_minijail_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const struct expectation *e = &expectations[i];
        struct compiled c = {0};
        compile(e, &c);
        for (size_t k = 0; k < MAX_CALLS && e->calls[k]; k++) {
            check_call(&c, e->calls[k], e->text);
        }
        filter_free(&c.filter);
        table_free(c.table);
        policy_free(c.policy);
    }
}

/* The other ABIs of the target are refused, whatever the policy says of the names. */
static void test_minijail_policies_are_for_one_abi(void **state)
{
    (void)state;
    static const struct expectation texts[] = {
        {"x86_64", "read: 1\n", {"kill-process"}, 0},
        {"x86_64", "@denylist\nopen: return EPERM\n", {"errno:ENOSYS"}, 0},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct compiled c = {0};
        compile(&texts[i], &c);
        struct seccomp_data data = {.nr = 3, .arch = abi_by_name("i386")->audit_architecture};
        struct action action;
        assert_true(action_from_return_value(filter_execute(&c.filter, &data, NULL), &action));
        CLEANUP_FREE char *found = action_text(action);
        assert_string_equal(found, texts[i].calls[0]);
        filter_free(&c.filter);
        table_free(c.table);
        policy_free(c.policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minijail_policies_mean_what_minijail_says),
        cmocka_unit_test(test_minijail_policies_are_for_one_abi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
