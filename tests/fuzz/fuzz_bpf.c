/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a BPF program that is given as it is. What is accepted gives the same bytes back,
 * runs to its end on any call, prints, and whatever the proof says of it, it ends. By its content a
 * policy reader takes it for a program or for something else, and never for a policy.
 */
#include "base/memory.h"
#include "filter/prove.h"
#include "filter/run.h"
#include "policy/policy.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_runs(const struct filter *filter, const uint8_t *data, size_t size)
{
    struct trace trace = {.steps = memory_zeroed(filter->count, sizeof *trace.steps)};
    struct seccomp_data call = {0};
    for (unsigned i = 0; i < 8; i++) {
        /* Constants of the program itself are the values that matter to it. */
        uint32_t word = i * 8u + 8 <= size ? bytes_get32(data + i * 8u + 4, false) : i;
        call.nr = (int)word;
        call.arch = i % 2 ? 0xc000003e : word;
        call.args[i % 6] = (uint64_t)word << 32 | word;
        trace.count = 0;
        uint32_t returned = filter_execute(filter, &call, &trace);
        require(trace.count > 0 && trace.count <= filter->count);
        require(returned == filter_execute(filter, &call, NULL));
    }
    free(trace.steps);
}

/* Against "allow everything": the program is equal to it, refuted by a call, or left open. */
static void check_proof(const struct filter *filter)
{
    struct policy *policy = policy_new((struct action){.kind = ACTION_ALLOW});
    struct table *table = NULL;
    struct counterexample found;
    struct error error = {0};
    char *reason = NULL;
    require(table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error) == 0);
    enum proof proof = prove_with_budget(filter, table, 100000, &found, &reason);
    require((proof == PROOF_OPEN) == (reason != NULL));
    if (proof == PROOF_REFUTED) {
        require(filter_execute(filter, &found.call, NULL) == found.program_returns);
    }
    free(reason);
    table_free(table);
    policy_free(policy);
}

/* By content, as every command reads it. */
static int take(void *context, const struct policy_text *text, struct error *error)
{
    const struct bytes bytes = {(const uint8_t *)text->text, text->size};
    return filter_read(text->file, bytes, false, context, error);
}

static void check_reader(const char *text, size_t size)
{
    struct filter filter = {0};
    struct policy *policy = NULL;
    struct error error = {0};
    const struct policy_options options = {
        .architecture = "x86_64", .format = "bpf", .program = take, .program_context = &filter};
    int read = policy_parse("bytes", text, size, &options, &policy, NULL, &error);
    require(!policy && (read == 0) == (filter.count > 0));
    require(read == 0 || error.kind == ERROR_POLICY);
    error_clear(&error);
    filter_free(&filter);
    struct policy_options by_content = options;
    by_content.format = NULL;
    if (policy_parse("bytes", text, size, &by_content, &policy, NULL, &error) == 0) {
        require((policy == NULL) == (filter.count > 0));
    }
    error_clear(&error);
    policy_free(policy);
    filter_free(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        struct filter filter = {0};
        struct error error = {0};
        if (filter_read("bytes", (struct bytes){data, size}, big_endian, &filter, &error) == 0) {
            struct buffer back = filter_encode(&filter, big_endian);
            require(back.size == size && memcmp(back.data, data, size) == 0);
            buffer_free(&back);
            check_runs(&filter, data, size);
            check_proof(&filter);
            CLEANUP_FREE char *text = filter_disassemble(&filter, arch_by_name("x86_64"));
            require(strlen(text) > filter.count);
            filter_free(&filter);
        } else {
            require(error.kind == ERROR_POLICY);
            error_clear(&error);
        }
    }
    check_reader((const char *)data, size);
    return 0;
}
