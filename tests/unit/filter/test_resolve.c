/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy means for a target, as tables of (ABI, number, arguments) and action: which ABIs
 * are covered, what is refused without being named, and every way to a denied thing.
 */
#include "policies.h"

#define AF_PACKET 17u
#define I386_SOCKETCALL 102u
#define I386_IPC 117u

static void test_resolve_refuses_abis_that_are_not_named(void **state)
{
    (void)state;
    static const struct given_policy denying = {
        .default_action = ACTION(ACTION_ERRNO, EPERM),
        .rules = {{"read", ACTION(ACTION_ALLOW, 0), {{0}}}},
    };
    static const struct call_case denied[] = {
        {"x86_64", 0, ALLOW_CALL, {0}}, {"x86_64", 1, DENY_CALL, {0}},
        {"i386", 3, DENY_CALL, {0}},    {"i386", 0xffffffff, DENY_CALL, {0}},
        {NULL, 0, DENY_CALL, {0}},      {"arm", 3, DENY_CALL, {0}},
    };
    assert_calls(&denying, "x86_64", denied, COUNT(denied));
    /* Named: its own numbers. */
    struct given_policy both = denying;
    both.abis[0] = "i386";
    both.abis[1] = "x86_64";
    static const struct call_case covered[] = {
        {"x86_64", 0, ALLOW_CALL, {0}},
        {"i386", 3, ALLOW_CALL, {0}},
        {"i386", 0, DENY_CALL, {0}},
        {NULL, 3, DENY_CALL, {0}},
    };
    assert_calls(&both, "x86_64", covered, COUNT(covered));
    /* A default that denies nothing, and ABIs named: ENOSYS for the others. */
    struct given_policy open = {
        .default_action = ALLOW_CALL, .abis = {"x86_64"}, .rules = {{"read", DENY_CALL, {{0}}}}};
    static const struct call_case refused[] = {
        {"x86_64", 0, DENY_CALL, {0}},  {"x86_64", 1, ALLOW_CALL, {0}},
        {"i386", 3, NO_SUCH_CALL, {0}}, {"i386", 4, NO_SUCH_CALL, {0}},
        {NULL, 0, NO_SUCH_CALL, {0}},
    };
    assert_calls(&open, "x86_64", refused, COUNT(refused));
    /* None named: denied in all of them. */
    open.abis[0] = NULL;
    static const struct call_case carried[] = {
        {"x86_64", 0, DENY_CALL, {0}},
        {"i386", 3, DENY_CALL, {0}},
        {"i386", 4, ALLOW_CALL, {0}},
        {NULL, 0, NO_SUCH_CALL, {0}},
    };
    assert_calls(&open, "x86_64", carried, COUNT(carried));
    assert_calls(&open, "i386", carried, COUNT(carried));
}

static void test_resolve_refuses_x32_and_skipped(void **state)
{
    (void)state;
    static const struct given_policy open = {.default_action = ACTION(ACTION_ALLOW, 0)};
    static const struct call_case calls[] = {
        {"x86_64", 0x3fffffff, ALLOW_CALL, {0}},   {"x86_64", 0x40000000, NO_SUCH_CALL, {0}},
        {"x86_64", 0x40000001, NO_SUCH_CALL, {0}}, {"x86_64", 0x80000000, NO_SUCH_CALL, {0}},
        {"x86_64", 0xfffffffe, NO_SUCH_CALL, {0}}, {"x86_64", 0xffffffff, NO_SUCH_CALL, {0}},
        {"x86_64", 511, ALLOW_CALL, {0}},          {"x86_64", 512, NO_SUCH_CALL, {0}},
        {"x86_64", 547, NO_SUCH_CALL, {0}},        {"x86_64", 548, ALLOW_CALL, {0}},
        {"i386", 0x40000000, ALLOW_CALL, {0}},     {"i386", 512, ALLOW_CALL, {0}},
        {"i386", 0xffffffff, NO_SUCH_CALL, {0}},
    };
    assert_calls(&open, "x86_64", calls, COUNT(calls));
    assert_calls(&open, "i386", calls, COUNT(calls));
    struct given_policy x32 = open;
    x32.abis[0] = "i386";
    x32.abis[1] = "x32";
    x32.abis[2] = "x86_64";
    assert_calls(&x32, "x86_64", calls, COUNT(calls));
    static const struct call_case aarch64[] = {
        {"aarch64", 0x40000000, ALLOW_CALL, {0}},
        {"aarch64", 0xffffffff, NO_SUCH_CALL, {0}},
        {"arm", 512, ALLOW_CALL, {0}},
    };
    assert_calls(&open, "aarch64", aarch64, COUNT(aarch64));
}

static void test_resolve_audit_denies_nothing(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = KILL_CALL,
        .rules = {{"read", ACTION(ACTION_ALLOW, 0), {{0}}}, {"socket", DENY_CALL, {{0}}}},
    };
    struct policy *policy = policy_given(&given);
    policy_make_audit(policy);
    static const struct call_case calls[] = {
        {"x86_64", 0, ALLOW_CALL, {0}},
        {"x86_64", 41, LOG_CALL, {0}},
        {"x86_64", 1, LOG_CALL, {0}},
        {"x86_64", 9999, LOG_CALL, {0}},
        {"x86_64", 0x40000000, LOG_CALL, {0}},
        {"x86_64", 0xffffffff, LOG_CALL, {0}},
        {"i386", I386_SOCKETCALL, LOG_CALL, {1}},
        {NULL, 0, LOG_CALL, {0}},
    };
    assert_calls_of(policy, "x86_64", calls, COUNT(calls));
    policy_free(policy);
}

static void test_resolve_ceiling(void **state)
{
    (void)state;
    struct given_policy given = {
        .default_action = DENY_CALL,
        .abis = {"arm", "aarch64"},
        .rules = {{"read", ALLOW_CALL, {{0}}},
                  {"close", ALLOW_CALL, {{0}}},
                  {"set_tls", ALLOW_CALL, {{0}}}},
    };
    static const struct call_case table[] = {
        {"aarch64", 63, ALLOW_CALL, {0}},       {"aarch64", 469, DENY_CALL, {0}},
        {"aarch64", 470, NO_SUCH_CALL, {0}},    {"arm", 469, DENY_CALL, {0}},
        {"arm", 470, NO_SUCH_CALL, {0}},        {"arm", 0xf0005, ALLOW_CALL, {0}},
        {"arm", 0xf0004, NO_SUCH_CALL, {0}},    {"arm", 0xf0006, NO_SUCH_CALL, {0}},
        {"arm", 0xffffffff, NO_SUCH_CALL, {0}},
    };
    assert_calls(&given, "aarch64", table, COUNT(table));
    given.enosys_above = ENOSYS_ABOVE_PROFILE; /* close is 57 and 6, read is 63 and 3 */
    static const struct call_case profile[] = {
        {"aarch64", 62, DENY_CALL, {0}},     {"aarch64", 63, ALLOW_CALL, {0}},
        {"aarch64", 64, NO_SUCH_CALL, {0}},  {"arm", 5, DENY_CALL, {0}},
        {"arm", 7, NO_SUCH_CALL, {0}},       {"arm", 0xf0005, ALLOW_CALL, {0}},
        {"aarch64", 469, NO_SUCH_CALL, {0}},
    };
    assert_calls(&given, "aarch64", profile, COUNT(profile));
    given.enosys_above = ENOSYS_ABOVE_NONE;
    static const struct call_case none[] = {
        {"aarch64", 470, DENY_CALL, {0}},
        {"aarch64", 0xfffffffe, DENY_CALL, {0}},
        {"aarch64", 0xffffffff, NO_SUCH_CALL, {0}},
        {"arm", 0xf0006, DENY_CALL, {0}},
    };
    assert_calls(&given, "aarch64", none, COUNT(none));
    /* A default that denies nothing has no ceiling. */
    struct given_policy open = {.default_action = ALLOW_CALL,
                                .enosys_above = ENOSYS_ABOVE_PROFILE,
                                .rules = {{"read", DENY_CALL, {{0}}}}};
    static const struct call_case above[] = {{"aarch64", 5000, ALLOW_CALL, {0}}};
    assert_calls(&open, "aarch64", above, COUNT(above));
}

/* Deny one name; these ways must be closed, on an x86-64 target and on an i386 one. */
static void test_resolve_closes_every_way_on_i386(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t numbers[4]; /* closed as a whole; 0 ends */
        uint32_t multiplexer, selector;
    } cases[] = {
        {"socket", {359}, I386_SOCKETCALL, 1},
        {"bind", {361}, I386_SOCKETCALL, 2},
        {"connect", {362}, I386_SOCKETCALL, 3},
        {"listen", {363}, I386_SOCKETCALL, 4},
        {"accept", {0}, I386_SOCKETCALL, 5},
        {"accept4", {364}, I386_SOCKETCALL, 18},
        {"getsockname", {367}, I386_SOCKETCALL, 6},
        {"getpeername", {368}, I386_SOCKETCALL, 7},
        {"socketpair", {360}, I386_SOCKETCALL, 8},
        {"sendto", {369}, I386_SOCKETCALL, 9},
        {"sendto", {369}, I386_SOCKETCALL, 11},
        {"recvfrom", {371}, I386_SOCKETCALL, 10},
        {"recvfrom", {371}, I386_SOCKETCALL, 12},
        {"shutdown", {373}, I386_SOCKETCALL, 13},
        {"setsockopt", {366}, I386_SOCKETCALL, 14},
        {"getsockopt", {365}, I386_SOCKETCALL, 15},
        {"sendmsg", {370}, I386_SOCKETCALL, 16},
        {"recvmsg", {372}, I386_SOCKETCALL, 17},
        {"recvmmsg", {337, 417}, I386_SOCKETCALL, 19},
        {"sendmmsg", {345}, I386_SOCKETCALL, 20},
        {"semop", {0}, I386_IPC, 1},
        {"semget", {393}, I386_IPC, 2},
        {"semctl", {394}, I386_IPC, 3},
        {"semtimedop", {420}, I386_IPC, 4},
        {"msgsnd", {400}, I386_IPC, 11},
        {"msgrcv", {401}, I386_IPC, 12},
        {"msgget", {399}, I386_IPC, 13},
        {"msgctl", {402}, I386_IPC, 14},
        {"shmat", {397}, I386_IPC, 21},
        {"shmdt", {398}, I386_IPC, 22},
        {"shmget", {395}, I386_IPC, 23},
        {"shmctl", {396}, I386_IPC, 24},
        {"mmap", {90, 192}, 0, 0},
        {"select", {82, 142}, 0, 0},
        {"chown", {182, 212}, 0, 0},
        {"lchown", {16, 198}, 0, 0},
        {"fchown", {95, 207}, 0, 0},
        {"setuid", {23, 213}, 0, 0},
        {"setresgid", {170, 210}, 0, 0},
        {"getgroups", {80, 205}, 0, 0},
        {"stat", {106, 195, 18}, 0, 0},
        {"lstat", {107, 196, 84}, 0, 0},
        {"fstat", {108, 197, 28}, 0, 0},
        {"newfstatat", {300}, 0, 0},
        {"truncate", {92, 193}, 0, 0},
        {"fcntl", {55, 221}, 0, 0},
        {"lseek", {19, 140}, 0, 0},
        {"sendfile", {187, 239}, 0, 0},
        {"statfs", {99, 268}, 0, 0},
        {"fadvise64", {250, 272}, 0, 0},
        {"clock_gettime", {265, 403}, 0, 0},
        {"clock_nanosleep", {267, 407}, 0, 0},
        {"futex", {240, 422}, 0, 0},
        {"ppoll", {309, 414}, 0, 0},
        {"pselect6", {308, 413}, 0, 0},
        {"timerfd_settime", {325, 411}, 0, 0},
        {"utimensat", {320, 412}, 0, 0},
        {"rt_sigaction", {174, 67, 48}, 0, 0},
        {"rt_sigprocmask", {175, 126, 68, 69}, 0, 0},
        {"rt_sigreturn", {173, 119}, 0, 0},
        {"wait4", {114, 7}, 0, 0},
        {"uname", {122, 109, 59}, 0, 0},
        {"umount2", {52, 22}, 0, 0},
        {"getrlimit", {76, 191}, 0, 0},
        {"settimeofday", {79, 25}, 0, 0},
        {"getdents", {141, 89}, 0, 0},
        /* the 32-bit name, where the policy has that */
        {"chown32", {212, 182}, 0, 0},
        {"fstatat64", {300}, 0, 0},
        {"mmap2", {192, 90}, 0, 0},
        {"futex_time64", {422, 240}, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct given_policy given = {.default_action = ALLOW_CALL,
                                     .rules = {{cases[i].name, DENY_WITH(EACCES), {{0}}}}};
        for (size_t k = 0; k < 4 && cases[i].numbers[k] != 0; k++) {
            struct call_case closed = {"i386", cases[i].numbers[k], DENY_WITH(EACCES), {7, 8, 9}};
            assert_calls(&given, "x86_64", &closed, 1);
            assert_calls(&given, "i386", &closed, 1);
        }
        if (cases[i].multiplexer != 0) {
            uint32_t number = cases[i].multiplexer;
            uint64_t selector = cases[i].selector;
            struct action upper = ALLOW_CALL;
            if (number == I386_IPC) {
                upper = (struct action)DENY_WITH(EACCES);
            }
            struct call_case calls[] = {
                {"i386", number, DENY_WITH(EACCES), {selector}},
                {"i386", number, DENY_WITH(EACCES), {selector | 0x7700000000u}},
                {"i386", number, upper, {selector | 0x10000u}},
                {"i386", number, ALLOW_CALL, {99}},
                {"x86_64", number, ALLOW_CALL, {selector}},
            };
            assert_calls(&given, "x86_64", calls, COUNT(calls));
            assert_calls(&given, "i386", calls, COUNT(calls));
        }
    }
}

static void test_resolve_closes_ways_on_arm(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = ALLOW_CALL,
        .rules = {{"fchown", DENY_CALL, {{0}}},
                  {"sendto", DENY_CALL, {{0}}},
                  {"mmap", DENY_CALL, {{0}}},
                  {"fadvise64", DENY_CALL, {{0}}},
                  {"sync_file_range", DENY_CALL, {{0}}}},
    };
    static const struct call_case calls[] = {
        {"aarch64", 55, DENY_CALL, {0}},  {"arm", 95, DENY_CALL, {0}},
        {"arm", 207, DENY_CALL, {0}},     {"arm", 289, DENY_CALL, {0}},
        {"arm", 290, DENY_CALL, {0}},     {"arm", 192, DENY_CALL, {0}},
        {"arm", 270, DENY_CALL, {0}},     {"arm", 341, DENY_CALL, {0}},
        {"arm", 102, ALLOW_CALL, {1}}, /* no socketcall there */
        {"aarch64", 222, DENY_CALL, {0}},
    };
    assert_calls(&given, "aarch64", calls, COUNT(calls));
}

/* What allows goes to its own number and nowhere else. */
static void test_resolve_does_not_carry_what_allows(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"chown", ALLOW_CALL, {{0}}},
                  {"socket", ALLOW_CALL, {{0}}},
                  {"mmap2", LOG_CALL, {{0}}}},
    };
    static const struct call_case calls[] = {
        {"x86_64", 92, ALLOW_CALL, {0}}, {"i386", 182, ALLOW_CALL, {0}},
        {"i386", 212, DENY_CALL, {0}},   {"i386", 359, ALLOW_CALL, {0}},
        {"i386", 192, LOG_CALL, {0}},    {"i386", 90, DENY_CALL, {0}},
        {"x86_64", 9, DENY_CALL, {0}},   {"i386", I386_SOCKETCALL, DENY_CALL, {1}},
    };
    assert_calls(&given, "x86_64", calls, COUNT(calls));
}

/* The policy's own word for a sibling comes before a carried one; for a multiplexer after it. */
static void test_resolve_orders_own_and_carried_rules(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"chown", KILL_CALL, {{0}}},
                  {"chown32", ALLOW_CALL, {{0}}},
                  {"lchown", KILL_CALL, {{0}}},
                  {"lchown32", ALLOW_CALL, {IF32(0, EQ, 5)}},
                  {"socket", KILL_CALL, {{0}}},
                  {"socketcall", DENY_WITH(EACCES), {IF32(0, EQ, 3)}},
                  {"socketcall", ALLOW_CALL, {{0}}},
                  {"connect", KILL_CALL, {{0}}}},
    };
    static const struct call_case calls[] = {
        {"i386", 182, KILL_CALL, {0}},
        {"i386", 212, ALLOW_CALL, {0}},
        {"i386", 198, ALLOW_CALL, {5}},
        {"i386", 198, KILL_CALL, {6}},
        {"i386", I386_SOCKETCALL, KILL_CALL, {1}},
        {"i386", I386_SOCKETCALL, DENY_WITH(EACCES), {3}},
        {"i386", I386_SOCKETCALL, ALLOW_CALL, {2}},
        {"i386", 359, KILL_CALL, {0}},
    };
    assert_calls(&given, "x86_64", calls, COUNT(calls));
}

/* A way that the policy does not name gets the default where that denies as strictly. */
static void test_resolve_carries_nothing_milder_than_the_default(void **state)
{
    (void)state;
    static const struct given_policy kills = {
        .default_action = KILL_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"getdents", DENY_CALL, {{0}}},
                  {"umount2", DENY_CALL, {{0}}},
                  {"umount", ALLOW_CALL, {IF64(0, EQ, 5)}},
                  {"socket", DENY_CALL, {{0}}},
                  {"semget", DENY_CALL, {{0}}},
                  {"ipc", ALLOW_CALL, {{0}}}},
    };
    static const struct call_case killed[] = {
        {"i386", 141, DENY_CALL, {0}},
        {"i386", 89, KILL_CALL, {0}}, /* readdir */
        {"i386", 22, ALLOW_CALL, {5}},
        {"i386", 22, KILL_CALL, {6}},
        {"i386", I386_SOCKETCALL, KILL_CALL, {1}},
        {"i386", I386_IPC, DENY_CALL, {2}},
        {"i386", I386_IPC, ALLOW_CALL, {1}},
    };
    assert_calls(&kills, "x86_64", killed, COUNT(killed));
    static const struct given_policy fails = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"getdents", KILL_CALL, {{0}}}, {"umount2", DENY_WITH(EBUSY), {{0}}}},
    };
    static const struct call_case failed[] = {
        {"i386", 89, KILL_CALL, {0}},
        {"i386", 52, DENY_WITH(EBUSY), {0}},
        {"i386", 22, DENY_CALL, {0}},
    };
    assert_calls(&fails, "x86_64", failed, COUNT(failed));
}

/* Conditions keep their meaning, or the denial loses them. */
static void test_resolve_carries_conditions(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = ALLOW_CALL,
        .rules = {{"socket", DENY_CALL, {IF32(0, EQ, AF_PACKET)}},
                  {"fchown", DENY_CALL, {IF32(1, EQ, 0)}},
                  {"mmap", DENY_CALL, {IF_MASKED(2, 64, 4, 4)}},
                  {"ftruncate", DENY_CALL, {IF64(1, GT, 0x100000000u)}},
                  {"pread64", DENY_CALL, {IF64(3, GE, 4096)}},
                  {"pwrite64", DENY_CALL, {IF64(2, EQ, 3)}},
                  {"semop", DENY_CALL, {IF32(0, EQ, 1)}},
                  {"clone", DENY_CALL, {IF64(4, EQ, 1)}},
                  {"fcntl", DENY_CALL, {IF32(1, EQ, 7)}}},
    };
    static const struct call_case calls[] = {
        {"x86_64", 41, DENY_CALL, {AF_PACKET}},
        {"x86_64", 41, DENY_CALL, {AF_PACKET | 1ull << 32}},
        {"x86_64", 41, ALLOW_CALL, {1}},
        {"i386", 359, DENY_CALL, {AF_PACKET}},
        {"i386", 359, ALLOW_CALL, {1}},
        {"i386", I386_SOCKETCALL, DENY_CALL, {1, 0xffff0000}}, /* hidden in memory: whole */
        {"i386", I386_SOCKETCALL, ALLOW_CALL, {2, 0xffff0000}},
        {"x86_64", 93, ALLOW_CALL, {3, 1000}},
        {"x86_64", 93, DENY_CALL, {3, 0}},
        {"i386", 207, ALLOW_CALL, {3, 0x10000}},
        {"i386", 207, DENY_CALL, {3, 0}},
        {"i386", 95, DENY_CALL, {3, 0x10000}}, /* 16 bits: whole */
        {"i386", 95, DENY_CALL, {3, 1000}},
        {"x86_64", 9, DENY_CALL, {0, 0, 7}},
        {"x86_64", 9, ALLOW_CALL, {0, 0, 3}},
        {"i386", 192, DENY_CALL, {0, 0, 7}},
        {"i386", 192, ALLOW_CALL, {0, 0, 3}},
        {"i386", 90, DENY_CALL, {0, 0, 3}}, /* a pointer to the arguments: whole */
        {"x86_64", 77, ALLOW_CALL, {3, 0x100000000u}},
        {"x86_64", 77, DENY_CALL, {3, 0x100000001u}},
        {"i386", 93, ALLOW_CALL, {3, 0xffffffffu}}, /* 32 bits never get there */
        {"i386", 194, DENY_CALL, {3, 0}},           /* two registers: whole */
        {"x86_64", 17, ALLOW_CALL, {0, 0, 0, 4095}},
        {"i386", 180, DENY_CALL, {0, 0, 0, 4095}},
        {"i386", 181, ALLOW_CALL, {0, 0, 4}}, /* in front of the split */
        {"i386", 181, DENY_CALL, {0, 0, 3}},
        {"i386", I386_IPC, DENY_CALL, {1, 7}},
        {"i386", 120, DENY_CALL, {0, 0, 0, 0, 5}}, /* other order on i386: whole */
        {"x86_64", 56, ALLOW_CALL, {0, 0, 0, 0, 5}},
        {"i386", 221, DENY_CALL, {0, 7}},
        {"i386", 221, DENY_CALL, {0, 14}}, /* F_SETLKW64 */
        {"x86_64", 72, ALLOW_CALL, {0, 14}},
        {"i386", 221, ALLOW_CALL, {0, 8}},
    };
    assert_calls(&given, "x86_64", calls, COUNT(calls));
    assert_calls(&given, "i386", calls, COUNT(calls));
}

/* A hidden denial takes the strictest action of those it stands for. */
static void test_resolve_takes_the_strictest_action(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = ALLOW_CALL,
        .rules = {{"socket", ALLOW_CALL, {IF32(0, EQ, 1)}},
                  {"socket", DENY_CALL, {IF32(0, EQ, 2)}},
                  {"socket", KILL_CALL, {IF32(0, EQ, 3)}},
                  {"socket", DENY_WITH(EACCES), {{0}}},
                  {"socket", ACTION(ACTION_KILL_THREAD, 0), {{0}}},
                  {"bind", ALLOW_CALL, {{0}}},
                  {"bind", KILL_CALL, {{0}}}},
    };
    static const struct call_case calls[] = {
        {"x86_64", 41, ALLOW_CALL, {1}},
        {"x86_64", 41, DENY_CALL, {2}},
        {"x86_64", 41, KILL_CALL, {3}},
        {"x86_64", 41, DENY_WITH(EACCES), {4}},
        {"i386", I386_SOCKETCALL, KILL_CALL, {1}},
        {"i386", I386_SOCKETCALL, ALLOW_CALL, {2}}, /* that rule is never reached */
    };
    assert_calls(&given, "x86_64", calls, COUNT(calls));
}

/* 64-bit comparisons where registers have 32. */
static void test_resolve_reduces_to_32_bits(void **state)
{
    (void)state;
    static const uint64_t big = 0x100000002u;
    static const struct {
        uint64_t value, mask, argument;
        enum compare compare;
        bool holds;
    } cases[] = {
        {big, 0, 2, COMPARE_EQ, false},
        {big, 0, 2, COMPARE_NE, true},
        {big, 0, 0xffffffff, COMPARE_LT, true},
        {big, 0, 0xffffffff, COMPARE_LE, true},
        {0xffffffff, 0, 0xffffffff, COMPARE_LE, true},
        {0xfffffffe, 0, 0xffffffff, COMPARE_LE, false},
        {big, 0, 0xffffffff, COMPARE_GT, false},
        {big, 0, 0xffffffff, COMPARE_GE, false},
        {0xffffffff, 0, 0xffffffff, COMPARE_GE, true},
        {0xffffffff, 0, 0xffffffff, COMPARE_GT, false},
        {0xfffffffe, 0, 0xffffffff, COMPARE_GT, true},
        {0, 0, 0, COMPARE_LT, false},
        {0, 0, 0, COMPARE_GE, true},
        {0, 0xff00000000u, 7, COMPARE_MASKED_EQ, true},
        {0x100000000u, 0xff00000000u, 7, COMPARE_MASKED_EQ, false},
        {4, 0xff00000004u, 7, COMPARE_MASKED_EQ, true},
        {4, 0xff00000004u, 3, COMPARE_MASKED_EQ, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct given_policy given = {.default_action = ALLOW_CALL,
                                     .rules = {{"kill", DENY_CALL, {{0}}}}};
        given.rules[0].conditions[0] = (struct condition){.argument = 1,
                                                          .width = 64,
                                                          .compare = cases[i].compare,
                                                          .value = cases[i].value,
                                                          .mask = cases[i].mask};
        struct call_case call = {"i386", 37, DENY_CALL, {1, cases[i].argument}};
        if (!cases[i].holds) {
            call.expected = (struct action)ALLOW_CALL;
        }
        assert_calls(&given, "i386", &call, 1);
        assert_calls(&given, "x86_64", &call, 1);
    }
}

static void test_resolve_says_where_an_action_comes_from(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .rules = {{"read", ALLOW_CALL, {IF32(0, EQ, 0)}},
                  {"read", DENY_CALL, {{0}}},
                  {"write", ALLOW_CALL, {{0}}}},
    };
    struct policy *policy = policy_given(&given);
    struct table *table = NULL;
    struct error error = {0};
    table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error);
    assert_no_error(&error);
    static const struct {
        uint32_t arch, number;
        uint64_t argument;
        struct origin origin;
    } cases[] = {
        {0xc000003e, 0, 0, {ORIGIN_RULE, 0, 0}},
        {0xc000003e, 0, 1, {ORIGIN_RULE, 0, 1}},
        {0xc000003e, 1, 1, {ORIGIN_RULE, 1, 0}},
        {0xc000003e, 2, 0, {ORIGIN_DEFAULT, 0, 0}},
        {0xc000003e, 470, 0, {ORIGIN_CEILING, 0, 0}},
        {0xc000003e, 512, 0, {ORIGIN_FOREIGN, 0, 0}},
        {0xc000003e, 548, 0, {ORIGIN_CEILING, 0, 0}},
        {0xc000003e, 0x40000000, 0, {ORIGIN_FOREIGN, 0, 0}},
        {0xc000003e, 0xffffffff, 0, {ORIGIN_SKIPPED, 0, 0}},
        {0x40000003, 3, 0, {ORIGIN_REFUSED_ABI, 0, 0}},
        {0x1234, 3, 0, {ORIGIN_REFUSED_ABI, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct seccomp_data data = {.arch = cases[i].arch, .nr = (int)cases[i].number};
        data.args[0] = cases[i].argument;
        struct origin origin = {0};
        table_evaluate(table, &data, &origin);
        assert_int_equal(origin.kind, cases[i].origin.kind);
        assert_int_equal(origin.syscall, cases[i].origin.syscall);
        assert_int_equal(origin.rule, cases[i].origin.rule);
    }
    table_free(table);
    policy_free(policy);
}

static void test_resolve_covers_every_number_once(void **state)
{
    (void)state;
    struct given_policy given = {.default_action = DENY_CALL,
                                 .abis = {"i386", "x86_64"},
                                 .rules = {{"read", ALLOW_CALL, {{0}}},
                                           {"restart_syscall", ALLOW_CALL, {{0}}},
                                           {"file_setattr", ALLOW_CALL, {{0}}}}};
    struct policy *policy = policy_given(&given);
    struct table *table = NULL;
    struct error error = {0};
    table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error);
    assert_no_error(&error);
    for (size_t a = 0; a < table->abi_count; a++) {
        uint64_t next = 0;
        for (size_t i = 0; i < table->abis[a].range_count; i++) {
            const struct table_range *range = &table->abis[a].ranges[i];
            assert_int_equal(range->first, next);
            assert_true(range->last >= range->first);
            assert_true(range->rule_count == 0 || range->first == range->last);
            next = (uint64_t)range->last + 1;
        }
        assert_int_equal(next, 0x100000000u);
    }
    table_free(table);
    policy_free(policy);
}

static void assert_resolve_fails(struct policy *policy, const char *arch, const char *expected)
{
    struct table *table = NULL;
    struct error error = {0};
    assert_int_equal(table_resolve(policy, arch_by_name(arch), &table, NULL, NULL, &error), -1);
    assert_null(table);
    assert_error(&error, ERROR_POLICY, expected);
}

static void test_resolve_names_what_is_wrong(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action)DENY_CALL);
    policy_add_rule(policy, "opent", NULL, 0, (struct action)ALLOW_CALL, (struct place){0});
    assert_resolve_fails(policy, "x86_64", "unknown system call \"opent\": did you mean \"open\"?");
    policy_free(policy);
    policy = policy_new((struct action)DENY_CALL);
    policy_add_rule(policy, "opent", NULL, 0, (struct action)ALLOW_CALL,
                    (struct place){"p.json", 3, 14});
    assert_resolve_fails(policy, "x86_64",
                         "p.json:3:14: unknown system call \"opent\": did you mean \"open\"?");
    policy_free(policy);
    policy = policy_new((struct action)DENY_CALL);
    policy_add_rule(policy, "fly_to_the_moon", NULL, 0, (struct action)ALLOW_CALL,
                    (struct place){0});
    assert_resolve_fails(policy, "aarch64",
                         "unknown system call \"fly_to_the_moon\": no architecture has it, see "
                         "\"man 2 syscalls\"");
    policy_free(policy);
    static const struct given_policy given = {.default_action = DENY_CALL, .abis = {"i386"}};
    policy = policy_given(&given);
    assert_resolve_fails(policy, "x86_64",
                         "the policy names ABIs, but not x86_64, which the target is: name it too");
    policy_free(policy);
}

static void assert_notes(const struct given_policy *given, const char *arch,
                         const char *const *expected, size_t count)
{
    struct policy *policy = policy_given(given);
    struct policy_notes notes = {0};
    struct table *table = NULL;
    struct error error = {0};
    table_resolve(policy, arch_by_name(arch), &table, NULL, &notes, &error);
    assert_no_error(&error);
    for (size_t i = 0; i < notes.count && i < count; i++) {
        assert_string_equal(notes.lines[i], expected[i]);
    }
    assert_int_equal(notes.count, count);
    policy_notes_free(&notes);
    table_free(table);
    policy_free(policy);
}

static void test_resolve_notes_what_has_no_effect(void **state)
{
    (void)state;
    static const struct given_policy names = {
        .default_action = DENY_CALL,
        .rules = {{"chown", ALLOW_CALL, {{0}}},
                  {"open", ALLOW_CALL, {{0}}},
                  {"lchown", KILL_CALL, {{0}}},
                  {"read", ALLOW_CALL, {{0}}}},
    };
    static const char *const on_aarch64[] = {"allow of chown, open has no effect on aarch64",
                                             "deny of lchown has no effect on aarch64"};
    assert_notes(&names, "aarch64", on_aarch64, COUNT(on_aarch64));
    assert_notes(&names, "x86_64", NULL, 0);
    static const struct given_policy x32 = {.default_action = DENY_CALL, .abis = {"x32", "x86_64"}};
    static const char *const on_x32[] = {"x32 is named; its calls are refused all the same"};
    assert_notes(&x32, "x86_64", on_x32, COUNT(on_x32));
    /* accept has no number on i386, but a way. */
    static const struct given_policy accept = {.default_action = ALLOW_CALL,
                                               .rules = {{"accept", DENY_CALL, {{0}}}}};
    assert_notes(&accept, "i386", NULL, 0);
    /* umount2 was meant. */
    static const struct given_policy umount = {
        .default_action = ALLOW_CALL,
        .rules = {{"umount", DENY_CALL, {{0}}}, {"umount2", DENY_CALL, {{0}}}},
    };
    static const char *const on_umount[] = {
        "deny of umount closes nothing in the x86_64 ABI, which has no such call"};
    assert_notes(&umount, "x86_64", on_umount, COUNT(on_umount));
    assert_notes(&umount, "i386", NULL, 0);
    static const struct given_policy split = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"pread64", ALLOW_CALL, {IF64(3, LT, 4096)}}},
    };
    static const char *const on_split[] = {"allow of pread64 has no effect in the i386 ABI: its "
                                           "conditions look at arguments that are elsewhere there"};
    assert_notes(&split, "x86_64", on_split, COUNT(on_split));
    static const struct call_case calls[] = {{"i386", 180, DENY_CALL, {0, 0, 0, 1}},
                                             {"x86_64", 17, ALLOW_CALL, {0, 0, 0, 1}}};
    assert_calls(&split, "x86_64", calls, COUNT(calls));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve_refuses_abis_that_are_not_named),
        cmocka_unit_test(test_resolve_refuses_x32_and_skipped),
        cmocka_unit_test(test_resolve_audit_denies_nothing),
        cmocka_unit_test(test_resolve_ceiling),
        cmocka_unit_test(test_resolve_closes_every_way_on_i386),
        cmocka_unit_test(test_resolve_closes_ways_on_arm),
        cmocka_unit_test(test_resolve_does_not_carry_what_allows),
        cmocka_unit_test(test_resolve_orders_own_and_carried_rules),
        cmocka_unit_test(test_resolve_carries_nothing_milder_than_the_default),
        cmocka_unit_test(test_resolve_carries_conditions),
        cmocka_unit_test(test_resolve_takes_the_strictest_action),
        cmocka_unit_test(test_resolve_reduces_to_32_bits),
        cmocka_unit_test(test_resolve_says_where_an_action_comes_from),
        cmocka_unit_test(test_resolve_covers_every_number_once),
        cmocka_unit_test(test_resolve_names_what_is_wrong),
        cmocka_unit_test(test_resolve_notes_what_has_no_effect),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
