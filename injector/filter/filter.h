/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: a classic-BPF program (struct sock_filter, linux/filter.h) over struct seccomp_data.
 */
#ifndef ELFCAGE_FILTER_FILTER_H
#define ELFCAGE_FILTER_FILTER_H

#include "base/bytes.h"
#include "filter/table.h"

#include <linux/filter.h>

#define FILTER_MAX_INSTRUCTIONS 4096u /* BPF_MAXINSNS */

struct filter {
    struct sock_filter *instructions; /* owned */
    size_t count;
};

void filter_free(struct filter *filter); /* what it holds, not the struct itself */

/* Our compiler (build.c). Deterministic. ERROR_POLICY if the program would not fit. */
int filter_build(const struct table *table, struct filter *out, struct error *error);

/* libseccomp as the compiler (backend_libseccomp.c): the table's rules through
   seccomp_rule_add_exact_array. What it cannot say is ERROR_POLICY. Never trusted without proof.
   May loop for minutes on some inputs (libseccomp 2.5.4): callers who care run it in a child. */
int filter_build_libseccomp(const struct table *table, struct filter *out, struct error *error);

/* One system call on which program and table disagree. */
struct counterexample {
    struct seccomp_data call;
    uint32_t program_returns; /* SECCOMP_RET_* as the program returns it */
    struct action expected;
};

enum proof {
    PROOF_EQUAL,   /* for every (arch, nr, args) */
    PROOF_REFUTED, /* *counterexample is set */
    PROOF_OPEN,    /* an instruction that is not accepted, or the budget ran out: a failure */
};

/*
 * prove.c: shares no code with build. Accepts LD W ABS of nr, arch and args, JA, Jcc K, AND K, RET
 * K; anything else is PROOF_OPEN. `reason` (may be NULL) gets a text owned by the caller when the
 * result is PROOF_OPEN. Actions are compared as the kernel normalises them.
 */
enum proof filter_prove(const struct filter *filter, const struct table *table,
                        struct counterexample *counterexample, char **reason);

/* Executed instruction indices of one run. */
struct trace {
    uint16_t *steps; /* owned; free() */
    size_t count;
};

/* run.c: the interpreter. Returns what the program returns; ERROR_INTERNAL for a program that the
   kernel would not take. `trace` may be NULL. */
int filter_run(const struct filter *filter, const struct seccomp_data *call, uint32_t *returns,
               struct trace *trace, struct error *error);

/* Would the kernel's loader take it (bpf_check_classic and seccomp_check_filter)? */
int filter_check(const struct filter *filter, struct error *error);

/* bytes.c: struct sock_filter[] in the byte order of a target. decode and encode check nothing (a
   remainder of fewer than 8 bytes is left out); read takes what filter_check() takes, else
   ERROR_POLICY about `file`. */
struct filter filter_decode(struct bytes bytes, bool big_endian);
struct buffer filter_encode(const struct filter *filter, bool big_endian);
int filter_read(const char *file, struct bytes bytes, bool big_endian, struct filter *out,
                struct error *error);
/* Instruction by instruction. */
bool filter_equal(const struct filter *a, const struct filter *b);

/* disassemble.c: one instruction a line, with the meaning of offsets, architectures, names of
   system calls where `arch` is not NULL, and actions. Owned by the caller. */
char *filter_disassemble(const struct filter *filter, const struct arch *arch);

/* Is `nr` of `audit_architecture` decided by the kernel's action cache (seccomp_cache_prepare:
   only LD nr/arch, JA, Jcc K, RET K on its path, and ALLOW at the end)? */
bool filter_is_cached(const struct filter *filter, uint32_t audit_architecture, uint32_t nr);

#endif
