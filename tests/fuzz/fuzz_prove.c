/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter against model: whatever program the bytes are, the prover and the interpreter must not
 * contradict each other about it.
 *
 * The first byte says how the rest is read: as raw instructions, such as a damaged payload may
 * hold, or four bytes an instruction that is always loadable and accepted, with constants that the
 * table also has, so that equal programs are within reach.
 */
#include "base/memory.h"
#include "filter/filter.h"
#include "filter/prove.h"
#include "filter/run.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const uint32_t constants[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    17,
    54,
    0x80000000,
    0xffffffff,
    0x40000000,
    200,
    201,
    AUDIT_ARCH_X86_64,
    AUDIT_ARCH_I386,
};
static const uint32_t returns[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 1,
                                   SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW | 1};
static const uint32_t offsets[] = {0, 4, 16, 20, 24, 28, 0, 4};

static struct sock_filter decode(const uint8_t bytes[4], size_t behind)
{
    static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    uint32_t k = constants[bytes[1] % COUNT(constants)];
    struct sock_filter out = BPF_STMT(BPF_RET | BPF_K, returns[bytes[1] % COUNT(returns)]);
    if (behind == 0) {
        return out;
    }
    switch (bytes[0] % 8) {
    case 0:
        return out;
    case 1:
    case 2:
        out = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                           offsets[bytes[1] % COUNT(offsets)]);
        return out;
    case 3:
        out = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, k);
        return out;
    default:
        out = (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | jumps[bytes[0] / 8 % 4]), k,
                                           (uint8_t)(bytes[2] % (behind < 256 ? behind : 256)),
                                           (uint8_t)(bytes[3] % (behind < 256 ? behind : 256)));
        return out;
    }
}

static void must(bool what)
{
    if (!what) {
        abort();
    }
}

static bool agrees(const struct filter *filter, const struct table *table,
                   const struct seccomp_data *call)
{
    struct action action;
    return action_from_return_value(filter_execute(filter, call, NULL), &action) &&
           action_equal(action, table_evaluate(table, call, NULL));
}

/* Calls made of the constants, all of them that a program can tell apart by one of its tests. */
static void must_agree(const struct filter *filter, const struct table *table)
{
    static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 0};
    for (size_t i = 0; i < COUNT(arches) * COUNT(constants) * COUNT(constants); i++) {
        uint32_t nr = constants[i / COUNT(arches) % COUNT(constants)];
        uint64_t value = constants[i / COUNT(arches) / COUNT(constants)];
        const struct seccomp_data call = {
            .arch = arches[i % COUNT(arches)], .nr = (int)nr, .args = {value, value << 32 | nr}};
        must(agrees(filter, table, &call));
    }
}

static void judge(const struct filter *filter)
{
    struct condition first = {0, 32, COMPARE_LE, 7, 0};
    struct condition second = {1, 64, COMPARE_MASKED_EQ, 16, UINT64_C(0x8000000000000010)};
    const struct action allow = {ACTION_ALLOW, 0};
    const struct action eperm = {ACTION_ERRNO, 1};
    const struct action kill_process = {ACTION_KILL_PROCESS, 0};
    struct table_rule rules[] = {{&first, 1, allow, {0}}, {&second, 1, kill_process, {0}}};
    struct table_range ranges[] = {{0, 15, eperm, {0}, NULL, 0},
                                   {16, 16, eperm, {0}, rules, 2},
                                   {17, 200, allow, {0}, NULL, 0},
                                   {201, UINT32_MAX, eperm, {0}, NULL, 0}};
    struct table_abi abi = {"x86_64", AUDIT_ARCH_X86_64, ranges, COUNT(ranges)};
    const struct table tables[] = {{&abi, 1, kill_process}, {NULL, 0, allow}};
    for (size_t i = 0; i < COUNT(tables); i++) {
        struct counterexample found;
        CLEANUP_FREE char *reason = NULL;
        switch (prove_with_budget(filter, &tables[i], 1000000, &found, &reason)) {
        case PROOF_EQUAL:
            must_agree(filter, &tables[i]);
            break;
        case PROOF_REFUTED:
            must(!agrees(filter, &tables[i], &found.call));
            break;
        case PROOF_OPEN:
            must(strncmp(reason, "internal", 8) != 0);
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    bool raw = data[0] % 2;
    size_t step = raw ? sizeof(struct sock_filter) : 4;
    size_t count = (size - 1) / step;
    CLEANUP_FREE struct sock_filter *instructions = memory_zeroed(count, sizeof *instructions);
    const struct filter filter = {instructions, count};
    for (size_t pc = 0; pc < count; pc++) {
        if (raw) {
            memcpy(&instructions[pc], data + 1 + pc * step, step);
        } else {
            instructions[pc] = decode(data + 1 + pc * step, count - pc - 1);
        }
    }
    struct error error = {0};
    bool loads = filter_check(&filter, &error) == 0;
    error_clear(&error);
    must(loads || raw || count > FILTER_MAX_INSTRUCTIONS);
    judge(&filter);
    if (loads) {
        CLEANUP_FREE char *text = filter_disassemble(&filter, arch_by_name("x86_64"));
        must(text != NULL);
        must(!filter_is_cached(&filter, AUDIT_ARCH_X86_64, 17) ||
             filter_execute(&filter,
                            &(const struct seccomp_data){.arch = AUDIT_ARCH_X86_64, .nr = 17},
                            NULL) == SECCOMP_RET_ALLOW);
    }
    return 0;
}
