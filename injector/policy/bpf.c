/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BPF program, as bwrap --seccomp and minijail0 take it: struct sock_filter[] and nothing else
 * (linux/filter.h). It is a filter and says no policy, so nobody here makes one of it: whoever can
 * do something with a filter as it is has said so by options->program.
 */
#include "policy/internal.h"

#define INSTRUCTION_BYTES 8u /* u16 code, u8 jt, u8 jf, u32 k */
#define CLASS_MASK 0x07u     /* BPF_CLASS() */
#define CLASS_RETURN 0x06u   /* BPF_RET */

/* No text looks like it: each instruction has a byte that is 0, in either byte order. */
static bool is_program(const struct policy_text *text)
{
    const uint8_t *bytes = (const uint8_t *)text->text;
    if (!text->size || text->size % INSTRUCTION_BYTES) {
        return false;
    }
    for (unsigned high = 0; high < 2; high++) {
        bool fits = true;
        for (size_t i = 0; i < text->size && fits; i += INSTRUCTION_BYTES) {
            fits = bytes[i + high] == 0;
        }
        uint8_t last = bytes[text->size - INSTRUCTION_BYTES + 1 - high];
        if (fits && (last & CLASS_MASK) == CLASS_RETURN) {
            return true;
        }
    }
    return false;
}

static int read_program(const struct policy_text *texts, size_t count,
                        const struct policy_options *options, struct policy **out,
                        struct policy_notes *notes, struct error *error)
{
    (void)count;
    (void)notes;
    if (!options->program) {
        return error_file(error, ERROR_POLICY, texts->file,
                          "a BPF program, which says no policy: give the policy that it was made "
                          "from");
    }
    if (options->program(options->program_context, texts, error) < 0) {
        return -1;
    }
    *out = NULL;
    return 0;
}

const struct policy_format bpf_format = {
    .name = "bpf",
    .title = "a BPF program",
    .recognise = is_program,
    .read = read_program,
};
