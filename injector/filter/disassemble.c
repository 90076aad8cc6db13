/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program for people: one instruction a line, targets as line numbers.
 *
 *      0  ld   arch
 *      1  jeq  0xc000003e (x86_64)          then 2, else 40
 *      2  ld   nr
 *      3  jge  57 (fork)                    then 20, else 4
 *      4  ret  errno:EPERM
 *
 * What a constant means depends on what the accumulator holds and which ABI the path is in. Both
 * are followed forwards (jumps go nowhere else); where paths with different answers meet, the
 * constant stays a number.
 */
#include "filter/filter.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <string.h>

#define ABIS_MOST 8u
#define NOT_AN_OFFSET UINT32_MAX

/* What holds before an instruction. */
struct state {
    bool reached;
    bool masked;     /* ANDed since the load */
    uint32_t offset; /* that was loaded; NOT_AN_OFFSET: unknown */
    uint32_t abis;   /* bit i: the call may be of arch->abis[i]; the next bit: of another */
};

static void meet(struct state *to, const struct state *from)
{
    if (!to->reached) {
        *to = *from;
        return;
    }
    to->abis |= from->abis;
    if (to->offset != from->offset || to->masked != from->masked) {
        to->offset = NOT_AN_OFFSET;
    }
}

static void meet_at(struct state *states, size_t count, size_t at, const struct state *from)
{
    if (at < count) {
        meet(&states[at], from);
    }
}

static size_t abi_limit(const struct arch *arch)
{
    size_t count = arch == NULL ? 0 : arch->abi_count;
    return count < ABIS_MOST ? count : ABIS_MOST;
}

/* The ABIs that a comparison of arch for equality with k leaves. */
static uint32_t abis_equal(const struct arch *arch, uint32_t k)
{
    for (size_t i = 0; i < abi_limit(arch); i++) {
        if (arch->abis[i]->audit_architecture == k) {
            return 1u << i;
        }
    }
    return 1u << abi_limit(arch);
}

static bool is_conditional(const struct sock_filter *instruction)
{
    return BPF_CLASS(instruction->code) == BPF_JMP && BPF_OP(instruction->code) != BPF_JA;
}

/* Hands what holds behind instruction `at` to its successors. */
static void follow(const struct filter *filter, const struct arch *arch, struct state *states,
                   size_t at)
{
    const struct sock_filter *instruction = &filter->instructions[at];
    struct state next = states[at];
    if (!next.reached || BPF_CLASS(instruction->code) == BPF_RET) {
        return;
    }
    if (instruction->code == (BPF_JMP | BPF_JA)) {
        meet_at(states, filter->count, at + 1 + instruction->k, &next);
        return;
    }
    if (is_conditional(instruction)) {
        struct state other = next;
        if (instruction->code == (BPF_JMP | BPF_JEQ | BPF_K) && !next.masked &&
            next.offset == offsetof(struct seccomp_data, arch)) {
            uint32_t equal = abis_equal(arch, instruction->k);
            next.abis &= equal;
            other.abis &= equal == 1u << abi_limit(arch) ? UINT32_MAX : ~equal;
        }
        meet_at(states, filter->count, at + 1 + instruction->jt, &next);
        meet_at(states, filter->count, at + 1 + instruction->jf, &other);
        return;
    }
    if (instruction->code == (BPF_LD | BPF_W | BPF_ABS)) {
        next.offset = instruction->k;
        next.masked = false;
    } else if (instruction->code == (BPF_ALU | BPF_AND | BPF_K)) {
        next.masked = true;
    } else {
        next.offset = NOT_AN_OFFSET;
    }
    meet_at(states, filter->count, at + 1, &next);
}

static const char *arch_name(const struct arch *arch, uint32_t audit_architecture)
{
    for (size_t i = 0; i < abi_limit(arch); i++) {
        if (arch->abis[i]->audit_architecture == audit_architecture) {
            return arch->abis[i]->name;
        }
    }
    const struct abi *abi = arch == NULL ? NULL : abi_by_audit(audit_architecture);
    return abi == NULL ? NULL : abi->name;
}

/* The name of a number, if it is the same in every ABI that the path may be in. */
static const char *number_name(const struct arch *arch, uint32_t abis, uint32_t number)
{
    const char *name = NULL;
    for (size_t i = 0; i < abi_limit(arch); i++) {
        if ((abis & (1u << i)) == 0) {
            continue;
        }
        const char *here = abi_syscall_name(arch->abis[i], number);
        if (here == NULL || (name != NULL && strcmp(name, here) != 0)) {
            return NULL;
        }
        name = here;
    }
    return name;
}

static void print_offset(struct buffer *out, uint32_t offset)
{
    uint32_t arguments = offsetof(struct seccomp_data, args);
    if (offset == offsetof(struct seccomp_data, nr)) {
        buffer_printf(out, "nr");
    } else if (offset == offsetof(struct seccomp_data, arch)) {
        buffer_printf(out, "arch");
    } else if (offset >= arguments && offset < sizeof(struct seccomp_data) && offset % 4 == 0) {
        buffer_printf(out, "args[%u]%s", (offset - arguments) / 8,
                      (offset - arguments) % 8 == 0 ? "" : " high");
    } else if (offset >= offsetof(struct seccomp_data, instruction_pointer) && offset < arguments) {
        buffer_printf(out, "instruction_pointer%s",
                      offset == offsetof(struct seccomp_data, instruction_pointer) ? "" : " high");
    } else {
        buffer_printf(out, "[%u]", offset);
    }
}

static const char *jump_name(uint16_t code)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return "jeq";
    case BPF_JGT:
        return "jgt";
    case BPF_JGE:
        return "jge";
    default:
        return "jset";
    }
}

static void print_jump(struct buffer *out, const struct sock_filter *instruction,
                       const struct arch *arch, const struct state *state, size_t at)
{
    struct buffer operand = {0};
    uint32_t k = instruction->k;
    bool plain = state->reached && !state->masked && arch != NULL;
    const char *name = NULL;
    if (plain && state->offset == offsetof(struct seccomp_data, arch)) {
        buffer_printf(&operand, "0x%08x", k);
        name = arch_name(arch, k);
    } else if (plain && state->offset == offsetof(struct seccomp_data, nr) &&
               BPF_OP(instruction->code) != BPF_JSET && k < 0x40000000u) {
        buffer_printf(&operand, "%u", k);
        name = number_name(arch, state->abis, k);
    } else {
        buffer_printf(&operand, "0x%x", k);
    }
    if (name != NULL) {
        buffer_printf(&operand, " (%s)", name);
    }
    CLEANUP_FREE char *text = buffer_steal_text(&operand);
    buffer_printf(out, "%-4s %-32s then %zu, else %zu", jump_name(instruction->code), text,
                  at + 1 + instruction->jt, at + 1 + instruction->jf);
}

static void print_return(struct buffer *out, uint32_t value)
{
    struct action action;
    if (action_from_return_value(value, &action)) {
        CLEANUP_FREE char *text = action_text(action);
        buffer_printf(out, "ret  %s", text);
    } else {
        buffer_printf(out, "ret  0x%08x", value);
    }
}

static void print_instruction(struct buffer *out, const struct sock_filter *instruction,
                              const struct arch *arch, const struct state *state, size_t at)
{
    uint16_t code = instruction->code;
    buffer_printf(out, "%4zu  ", at);
    if (code == (BPF_LD | BPF_W | BPF_ABS)) {
        buffer_printf(out, "ld   ");
        print_offset(out, instruction->k);
    } else if (code == (BPF_ALU | BPF_AND | BPF_K)) {
        buffer_printf(out, "and  0x%x", instruction->k);
    } else if (code == (BPF_JMP | BPF_JA)) {
        buffer_printf(out, "ja   %zu", at + 1 + instruction->k);
    } else if (code == (BPF_RET | BPF_K)) {
        print_return(out, instruction->k);
    } else if (is_conditional(instruction) && BPF_SRC(code) == BPF_K) {
        print_jump(out, instruction, arch, state, at);
    } else {
        buffer_printf(out, "code 0x%04x jt %u jf %u k 0x%x", code, instruction->jt, instruction->jf,
                      instruction->k);
    }
    buffer_printf(out, "\n");
}

char *filter_disassemble(const struct filter *filter, const struct arch *arch)
{
    struct buffer out = {0};
    CLEANUP_FREE struct state *states = memory_zeroed(filter->count, sizeof *states);
    if (filter->count > 0) {
        states[0] = (struct state){.reached = true, .offset = NOT_AN_OFFSET, .abis = UINT32_MAX};
    }
    for (size_t i = 0; i < filter->count; i++) {
        follow(filter, arch, states, i);
        print_instruction(&out, &filter->instructions[i], arch, &states[i], i);
    }
    return buffer_steal_text(&out);
}
