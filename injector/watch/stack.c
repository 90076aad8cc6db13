/* SPDX-License-Identifier: Apache-2.0 */
/* Source: seccomp_run_filters() and seccomp_set_mode_filter() in kernel/seccomp.c. */
#include "watch/stack.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "filter/run.h"
#include "watch/tracer.h"

#include <linux/prctl.h>

struct filter_stack {
    struct filter_stack *below;
    unsigned holders;
    struct filter filter; /* filter_check() has accepted it */
};

struct filter_stack *filter_stack_take(struct filter_stack *stack)
{
    if (stack) {
        stack->holders++;
    }
    return stack;
}

void filter_stack_drop(struct filter_stack *stack)
{
    while (stack && --stack->holders == 0) {
        struct filter_stack *below = stack->below;
        filter_free(&stack->filter);
        free(stack);
        stack = below;
    }
}

struct filter_stack *filter_stack_push(struct filter_stack *below, struct filter *filter)
{
    struct filter_stack *stack = memory_zeroed(1, sizeof *stack);
    *stack = (struct filter_stack){below, 1, *filter};
    *filter = (struct filter){0};
    return stack;
}

/* The kernel compares actions as signed numbers: KILL_PROCESS is the least. */
static int32_t strictness(uint32_t returns)
{
    return (int32_t)(returns & SECCOMP_RET_ACTION_FULL);
}

uint32_t filter_stack_run(const struct filter_stack *stack, const struct seccomp_data *call,
                          const struct filter **decider)
{
    uint32_t returns = SECCOMP_RET_ALLOW;
    *decider = NULL;
    for (; stack; stack = stack->below) {
        uint32_t one = filter_execute(&stack->filter, call, NULL);
        if (strictness(one) < strictness(returns)) {
            returns = one;
            *decider = &stack->filter;
        }
    }
    return returns;
}

static bool is_call(const struct abi *abi, const struct seccomp_data *call, const char *name)
{
    uint32_t number;
    return abi_syscall_number(abi, name, &number) && number == (uint32_t)call->nr;
}

/* The address of the struct sock_fprog; 0 if the call loads none. */
static uint64_t program_address(const struct abi *abi, const struct seccomp_data *call,
                                uint64_t *flags)
{
    *flags = 0;
    if (is_call(abi, call, "seccomp") && (uint32_t)call->args[0] == SECCOMP_SET_MODE_FILTER) {
        *flags = (uint32_t)call->args[1];
        return call->args[2];
    }
    bool loads = is_call(abi, call, "prctl") && (uint32_t)call->args[0] == PR_SET_SECCOMP &&
                 call->args[1] == SECCOMP_MODE_FILTER;
    return loads ? call->args[2] : 0;
}

bool filter_stack_read_load(int thread, const struct seccomp_data *call, struct filter *out,
                            uint64_t *flags)
{
    const struct abi *abi = abi_by_audit(call->arch);
    uint64_t address = abi ? program_address(abi, call, flags) : 0;
    uint8_t program[16] = {0}; /* struct sock_fprog: a count, then a pointer at its alignment */
    size_t size = abi && abi->bits == 32 ? 8 : 16;
    if (!address || watch_read(thread, address, program, size) != size) {
        return false;
    }
    const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    struct filter filter = {.count = bytes_get16(program, big_endian)};
    uint64_t instructions =
        size == 8 ? bytes_get32(program + 4, big_endian) : bytes_get64(program + 8, big_endian);
    if (filter.count == 0 || filter.count > FILTER_MAX_INSTRUCTIONS) {
        return false;
    }
    size_t bytes = filter.count * sizeof *filter.instructions;
    filter.instructions = memory_zeroed(filter.count, sizeof *filter.instructions);
    struct error error = {0};
    if (watch_read(thread, instructions, filter.instructions, bytes) != bytes ||
        filter_check(&filter, &error) < 0) {
        error_clear(&error);
        filter_free(&filter);
        return false;
    }
    *out = filter;
    return true;
}
