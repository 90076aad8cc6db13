/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic BPF as seccomp understands it: what the kernel takes, what it computes, and what it
 * remembers in its action cache.
 *
 * Sources: bpf_check_classic(), check_load_and_stores() and bpf_convert_filter() in
 * net/core/filter.c, seccomp_check_filter() and seccomp_is_const_allow() in kernel/seccomp.c. The
 * interpreter covers every instruction that passes both checks, many more than build emits and
 * prove accepts: it is the independent witness against which the two are tested.
 *
 * The words of struct seccomp_data are in little-endian order, as on every architecture we know.
 */
#include "filter/run.h"

#include "base/memory.h"

#include <stddef.h>
#include <string.h>

/* The opcodes that pass both checks. MOD, byte and halfword loads, indirect loads pass the first
   only; kernel/seccomp.c names the rest one by one. */
static bool opcode_is_allowed(uint16_t code)
{
    switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    /* NOLINTNEXTLINE(misc-redundant-expression): two of them are 0 */
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
        return true;
    default:
        return false;
    }
}

static bool is_conditional_jump(uint16_t code)
{
    return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA;
}

/* One instruction on its own. */
static int check_instruction(const struct filter *filter, size_t pc, enum error_kind kind,
                             struct error *error)
{
    const struct sock_filter *instruction = &filter->instructions[pc];
    uint16_t code = instruction->code;
    uint32_t k = instruction->k;
    size_t behind = filter->count - pc - 1; /* instructions after this one */

    if (!opcode_is_allowed(code)) {
        return error_set(error, kind,
                         "instruction %zu: opcode 0x%02x is none that seccomp takes: build the "
                         "filter again",
                         pc, code);
    }
    if (code == (BPF_ALU | BPF_DIV | BPF_K) && k == 0) {
        return error_set(error, kind, "instruction %zu: division by zero: build the filter again",
                         pc);
    }
    if ((code == (BPF_ALU | BPF_LSH | BPF_K) || code == (BPF_ALU | BPF_RSH | BPF_K)) && k >= 32) {
        return error_set(error, kind,
                         "instruction %zu: shift by %u of a 32-bit word: build the filter again",
                         pc, k);
    }
    bool is_memory = code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) || code == BPF_ST ||
                     code == BPF_STX;
    if (is_memory && k >= BPF_MEMWORDS) {
        return error_set(error, kind,
                         "instruction %zu: memory cell %u of %u: build the filter again", pc, k,
                         (unsigned)BPF_MEMWORDS);
    }
    if (code == (BPF_LD | BPF_W | BPF_ABS) && (k >= sizeof(struct seccomp_data) || (k & 3) != 0)) {
        return error_set(error, kind,
                         "instruction %zu: load at offset %u, not a word of struct seccomp_data: "
                         "build the filter again",
                         pc, k);
    }
    bool is_out =
        (code == (BPF_JMP | BPF_JA) && k >= behind) ||
        (is_conditional_jump(code) && (instruction->jt >= behind || instruction->jf >= behind));
    if (is_out) {
        return error_set(error, kind,
                         "instruction %zu: jump past the end of the program: build the filter "
                         "again",
                         pc);
    }
    return 0;
}

/* A memory cell may be read only where every path to it has written it. As in the kernel, a
   return does not end the run of cells known to be written: the code behind it is reached by jumps,
   which narrow the set, or not at all. */
static int check_memory(const struct filter *filter, enum error_kind kind, struct error *error)
{
    CLEANUP_FREE uint16_t *written_at = memory_zeroed(filter->count, sizeof *written_at);
    memset(written_at, 0xff, filter->count * sizeof *written_at);
    uint16_t written = 0;

    for (size_t pc = 0; pc < filter->count; pc++) {
        const struct sock_filter *instruction = &filter->instructions[pc];
        uint16_t code = instruction->code;
        written &= written_at[pc];
        if (code == BPF_ST || code == BPF_STX) {
            written = (uint16_t)(written | (1u << instruction->k));
        } else if (code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM)) {
            if (!(written & (1u << instruction->k))) {
                return error_set(error, kind,
                                 "instruction %zu: memory cell %u is read before it is written: "
                                 "build the filter again",
                                 pc, instruction->k);
            }
        } else if (code == (BPF_JMP | BPF_JA)) {
            written_at[pc + 1 + instruction->k] &= written;
            written = 0xffff;
        } else if (is_conditional_jump(code)) {
            written_at[pc + 1 + instruction->jt] &= written;
            written_at[pc + 1 + instruction->jf] &= written;
            written = 0xffff;
        }
    }
    return 0;
}

static int check(const struct filter *filter, enum error_kind kind, struct error *error)
{
    if (!filter->instructions || filter->count == 0) {
        return error_set(error, kind, "the program is empty: build the filter again");
    }
    if (filter->count > FILTER_MAX_INSTRUCTIONS) {
        return error_set(error, kind,
                         "the program has %zu instructions, the kernel takes %u: write a shorter "
                         "policy",
                         filter->count, FILTER_MAX_INSTRUCTIONS);
    }
    for (size_t pc = 0; pc < filter->count; pc++) {
        if (check_instruction(filter, pc, kind, error) < 0) {
            return -1;
        }
    }
    if (BPF_CLASS(filter->instructions[filter->count - 1].code) != BPF_RET) {
        return error_set(error, kind,
                         "instruction %zu: the last one is not a return: build the filter again",
                         filter->count - 1);
    }
    return check_memory(filter, kind, error);
}

int filter_check(const struct filter *filter, struct error *error)
{
    return check(filter, ERROR_CHECK, error);
}

static uint32_t load_word(const struct seccomp_data *call, uint32_t offset)
{
    switch (offset) {
    case offsetof(struct seccomp_data, nr):
        return (uint32_t)call->nr;
    case offsetof(struct seccomp_data, arch):
        return call->arch;
    case offsetof(struct seccomp_data, instruction_pointer):
        return (uint32_t)call->instruction_pointer;
    case offsetof(struct seccomp_data, instruction_pointer) + 4:
        return (uint32_t)(call->instruction_pointer >> 32);
    default: {
        uint32_t word = (offset - (uint32_t)offsetof(struct seccomp_data, args)) / 4;
        return (uint32_t)(call->args[word / 2] >> (word % 2 ? 32 : 0));
    }
    }
}

struct machine {
    uint32_t a, x;
    uint32_t memory[BPF_MEMWORDS];
};

/* False: division by zero, on which a classic program returns 0 (bpf_convert_filter). */
static bool arithmetic(struct machine *machine, const struct sock_filter *instruction)
{
    uint32_t operand = BPF_SRC(instruction->code) == BPF_X ? machine->x : instruction->k;
    switch (BPF_OP(instruction->code)) {
    case BPF_ADD:
        machine->a += operand;
        break;
    case BPF_SUB:
        machine->a -= operand;
        break;
    case BPF_MUL:
        machine->a *= operand;
        break;
    case BPF_DIV:
        if (operand == 0) {
            return false;
        }
        machine->a /= operand;
        break;
    case BPF_AND:
        machine->a &= operand;
        break;
    case BPF_OR:
        machine->a |= operand;
        break;
    case BPF_XOR:
        machine->a ^= operand;
        break;
    case BPF_LSH:
        machine->a <<= operand & 31;
        break;
    case BPF_RSH:
        machine->a >>= operand & 31;
        break;
    default: /* BPF_NEG */
        machine->a = 0 - machine->a;
        break;
    }
    return true;
}

static bool jump_holds(const struct machine *machine, const struct sock_filter *instruction)
{
    uint32_t operand = BPF_SRC(instruction->code) == BPF_X ? machine->x : instruction->k;
    switch (BPF_OP(instruction->code)) {
    case BPF_JEQ:
        return machine->a == operand;
    case BPF_JGT:
        return machine->a > operand;
    case BPF_JGE:
        return machine->a >= operand;
    default: /* BPF_JSET */
        return (machine->a & operand) != 0;
    }
}

/* Loads, stores and moves between the registers. */
static void move(struct machine *machine, const struct sock_filter *instruction,
                 const struct seccomp_data *call)
{
    switch (instruction->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        machine->a = load_word(call, instruction->k);
        break;
    case BPF_LD | BPF_W | BPF_LEN:
        machine->a = sizeof(struct seccomp_data);
        break;
    case BPF_LDX | BPF_W | BPF_LEN:
        machine->x = sizeof(struct seccomp_data);
        break;
    case BPF_LD | BPF_IMM:
        machine->a = instruction->k;
        break;
    case BPF_LDX | BPF_IMM:
        machine->x = instruction->k;
        break;
    case BPF_LD | BPF_MEM:
        machine->a = machine->memory[instruction->k];
        break;
    case BPF_LDX | BPF_MEM:
        machine->x = machine->memory[instruction->k];
        break;
    case BPF_ST:
        machine->memory[instruction->k] = machine->a;
        break;
    case BPF_STX:
        machine->memory[instruction->k] = machine->x;
        break;
    case BPF_MISC | BPF_TAX:
        machine->x = machine->a;
        break;
    default: /* BPF_MISC | BPF_TXA */
        machine->a = machine->x;
        break;
    }
}

uint32_t filter_execute(const struct filter *filter, const struct seccomp_data *call,
                        struct trace *trace)
{
    struct machine machine = {0};
    size_t pc = 0;
    for (;;) {
        const struct sock_filter *instruction = &filter->instructions[pc];
        if (trace) {
            trace->steps[trace->count++] = (uint16_t)pc;
        }
        pc++;
        switch (BPF_CLASS(instruction->code)) {
        case BPF_RET:
            return BPF_RVAL(instruction->code) == BPF_A ? machine.a : instruction->k;
        case BPF_ALU:
            if (!arithmetic(&machine, instruction)) {
                return 0;
            }
            break;
        case BPF_JMP:
            if (BPF_OP(instruction->code) == BPF_JA) {
                pc += instruction->k;
            } else {
                pc += jump_holds(&machine, instruction) ? instruction->jt : instruction->jf;
            }
            break;
        default:
            move(&machine, instruction, call);
            break;
        }
    }
}

int filter_run(const struct filter *filter, const struct seccomp_data *call, uint32_t *returns,
               struct trace *trace, struct error *error)
{
    if (check(filter, ERROR_INTERNAL, error) < 0) {
        return -1;
    }
    if (trace) {
        /* Jumps go forward only, so no instruction runs twice. */
        trace->steps = memory_zeroed(filter->count, sizeof *trace->steps);
        trace->count = 0;
    }
    *returns = filter_execute(filter, call, trace);
    return 0;
}

bool filter_is_cached(const struct filter *filter, uint32_t audit_architecture, uint32_t nr)
{
    uint32_t a = 0;
    for (size_t pc = 0; pc < filter->count; pc++) {
        const struct sock_filter *instruction = &filter->instructions[pc];
        uint32_t k = instruction->k;
        bool holds;
        switch (instruction->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (k == offsetof(struct seccomp_data, nr)) {
                a = nr;
            } else if (k == offsetof(struct seccomp_data, arch)) {
                a = audit_architecture;
            } else {
                return false;
            }
            continue;
        case BPF_RET | BPF_K:
            return k == SECCOMP_RET_ALLOW;
        case BPF_JMP | BPF_JA:
            pc += k;
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            holds = a == k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            holds = a >= k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            holds = a > k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            holds = (a & k) != 0;
            break;
        default:
            return false;
        }
        pc += holds ? instruction->jt : instruction->jf;
    }
    return false;
}
