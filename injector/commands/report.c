/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/report.h"

#include "base/memory.h"
#include "commands/compiled.h"
#include "commands/printable.h"
#include "policy/json.h"
#include "policy/utf8.h"
#include "stub/format.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#define LIST_WIDTH 72u /* columns of a list of names in the text report */

static void member_string(struct json_writer *writer, const char *key, const char *value)
{
    json_writer_key(writer, key);
    json_writer_string(writer, value);
}

static void member_uint(struct json_writer *writer, const char *key, uint64_t value)
{
    json_writer_key(writer, key);
    json_writer_uint(writer, value);
}

static void member_bool(struct json_writer *writer, const char *key, bool value)
{
    json_writer_key(writer, key);
    json_writer_bool(writer, value);
}

/* The opening that all reports have. */
struct json_writer *report_begin(const char *kind)
{
    struct json_writer *writer = json_writer_new(true);
    json_writer_object(writer);
    member_string(writer, "elfcage-report", kind);
    member_uint(writer, "schema", REPORT_SCHEMA);
    return writer;
}

static void report_end(struct json_writer *writer)
{
    json_writer_end_object(writer);
    json_writer_print(writer, stdout);
}

/* What runs unfiltered before the hook; tests/cli/hook-order.sh measures it. An interpreter makes
   the difference: a static PIE has a dynamic section too, and relocates itself after its entry. */
static char *before_hook(const struct caged *caged)
{
    const struct payload *payload = &caged->payload;
    enum hook hook = payload->cage.hook;
    if (hook == HOOK_ENTRY && image_find_phdr(caged->image, PT_INTERP) == SIZE_MAX) {
        return memory_strdup("nothing of the program runs before it");
    }
    const char *parts[4];
    size_t count = 0;
    if (hook == HOOK_INIT) {
        parts[count++] = "all that ran before it was loaded";
    }
    parts[count++] = "the dynamic loader";
    if (payload->resolvers) {
        parts[count++] = hook == HOOK_INIT ? "its own resolvers of indirect functions"
                                           : "the program's own resolvers of indirect functions";
    }
    if (hook == HOOK_ENTRY && payload->cage.payload_flags & PAYLOAD_PREINIT) {
        parts[count++] = "the program's own DT_PREINIT_ARRAY";
    }
    parts[count++] = hook == HOOK_ENTRY   ? "the constructors of shared libraries"
                     : hook == HOOK_INIT  ? "the constructors of libraries it needs"
                     : payload->resolvers ? "those of shared libraries"
                                          : "resolvers of indirect functions";
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&text, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " and ", parts[i]);
    }
    buffer_printf(&text, " run before it");
    return buffer_steal_text(&text);
}

/* Where the stub goes on. */
static char *next_text(const struct payload *payload)
{
    if (payload->cage.hook == HOOK_ENTRY) {
        return memory_printf("entry 0x%" PRIx64, payload->next);
    }
    return payload->next ? memory_printf("whose function 0x%" PRIx64 " comes next", payload->next)
                         : memory_printf("without a function in the hook's place");
}

char *identity_text(const struct payload *payload, size_t size)
{
    struct buffer text = {0};
    for (size_t i = 0; i < size; i++) {
        buffer_printf(&text, "%02x", payload->identity[i]);
    }
    return buffer_steal_text(&text);
}

static const struct {
    uint32_t flag;
    const char *name;
} seccomp_flags[] = {
    {SECCOMP_FILTER_FLAG_TSYNC, "TSYNC"},
    {SECCOMP_FILTER_FLAG_LOG, "LOG"},
    {SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SPEC_ALLOW"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* "rules for 3 system calls: chown fchown lchown", broken into lines. */
static void print_syscalls(const struct policy *policy)
{
    if (!policy) {
        printf("  policy        none is recorded: the filter as it was given, not proved\n");
        return;
    }
    printf("  policy        default ");
    CLEANUP_FREE char *action = action_text(policy->default_action);
    printf("%s; rules for %zu system call%s", action, policy->syscall_count,
           policy->syscall_count == 1 ? "" : "s");
    size_t column = LIST_WIDTH;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const char *name = policy->syscalls[i].name;
        column += strlen(name) + 1;
        if (column > LIST_WIDTH) {
            printf("\n               ");
            column = strlen(name) + 1;
        }
        printf(" %s", name);
    }
    putchar('\n');
}

static void print_cage(const char *file, const struct caged *caged)
{
    const struct payload *payload = &caged->payload;
    const struct cage *cage = &payload->cage;
    CLEANUP_FREE char *identity = identity_text(payload, sizeof payload->identity);
    CLEANUP_FREE char *name = printable(file);
    CLEANUP_FREE char *before = before_hook(caged);
    printf("%s: caged by elfcage %s%s\n", name, payload->elfcage_version,
           cage->payload_flags & PAYLOAD_AUDIT ? ": AUDIT ONLY, nothing is denied" : "");
    printf("  target        %s\n", image_arch(caged->image)->name);
    printf("  hook          %s: %s\n", hook_name(cage->hook), before);
    printf("  layout        %s: %" PRIu64 " bytes at address 0x%" PRIx64 "\n", payload->layout,
           payload->size, payload->address);
    printf("  filter        %zu instructions, flags", caged->filter.count);
    for (size_t i = 0; i < COUNT(seccomp_flags); i++) {
        if (cage->seccomp_flags & seccomp_flags[i].flag) {
            printf(" %s", seccomp_flags[i].name);
        }
    }
    printf("\n  no_new_privs  %s\n", cage->stub_flags & ELFCAGE_STUB_KEEP_PRIVILEGES
                                         ? "not set: needs CAP_SYS_ADMIN to start"
                                         : "set before the filter");
    printf("  on failure    %s\n", cage->stub_flags & ELFCAGE_STUB_WARN
                                       ? "WARN: starts unfiltered with a message"
                                       : "does not start: message, status 126");
    print_syscalls(caged->policy);
    printf(caged->table ? "  abis         " : "  abis          those that the filter tells apart");
    for (size_t i = 0; caged->table && i < caged->table->abi_count; i++) {
        const struct table_abi *abi = &caged->table->abis[i];
        bool refused =
            abi->range_count == 1 && abi->ranges[0].default_origin.kind == ORIGIN_REFUSED_ABI;
        printf(" %s%s", abi->name, refused ? " (refused)" : "");
    }
    CLEANUP_FREE char *next = next_text(payload);
    printf("\n  original      %" PRIu64 " bytes, %s: \"elfcage remove\" gives it back\n",
           payload->original_size, next);
    printf("  identity      sha256:%s\n", identity);
}

static void json_cage(const char *file, const struct caged *caged, bool with_filter)
{
    const struct payload *payload = &caged->payload;
    const struct cage *cage = &payload->cage;
    CLEANUP_FREE char *identity = identity_text(payload, sizeof payload->identity);
    CLEANUP_FREE char *policy = caged->policy ? canonical_print(caged->policy, NULL) : NULL;
    CLEANUP_FREE char *before = before_hook(caged);
    struct json_writer *writer = report_begin("show");
    member_string(writer, "file", file);
    member_string(writer, "elfcage-version", payload->elfcage_version);
    member_uint(writer, "payload-version", payload->version);
    member_string(writer, "target", image_arch(caged->image)->name);
    member_string(writer, "hook", hook_name(cage->hook));
    member_string(writer, "before-hook", before);
    member_string(writer, "layout", payload->layout);
    member_uint(writer, "address", payload->address);
    member_uint(writer, "size", payload->size);
    member_bool(writer, "audit", (cage->payload_flags & PAYLOAD_AUDIT) != 0);
    member_bool(writer, "allow-nesting", (cage->payload_flags & PAYLOAD_ALLOW_NESTING) != 0);
    member_bool(writer, "no-new-privs", (cage->stub_flags & ELFCAGE_STUB_KEEP_PRIVILEGES) == 0);
    member_string(writer, "on-load-failure",
                  cage->stub_flags & ELFCAGE_STUB_WARN ? "warn" : "fail");
    json_writer_key(writer, "flags");
    json_writer_array(writer);
    for (size_t i = 0; i < COUNT(seccomp_flags); i++) {
        if (cage->seccomp_flags & seccomp_flags[i].flag) {
            json_writer_string(writer, seccomp_flags[i].name);
        }
    }
    json_writer_end_array(writer);
    member_uint(writer, "original-size", payload->original_size);
    /* 0 where the stub returns to the loader */
    member_uint(writer, cage->hook == HOOK_ENTRY ? "original-entry" : "next", payload->next);
    member_string(writer, "identity", identity);
    member_uint(writer, "instructions", caged->filter.count);
    if (with_filter) {
        CLEANUP_FREE char *text = filter_disassemble(&caged->filter, image_arch(caged->image));
        member_string(writer, "filter", text);
    }
    member_string(writer, "policy", policy);
    report_end(writer);
}

void report_cage(const char *file, const struct caged *caged, bool json, bool with_filter)
{
    if (json) {
        json_cage(file, caged, with_filter);
        return;
    }
    print_cage(file, caged);
    if (with_filter) {
        CLEANUP_FREE char *text = filter_disassemble(&caged->filter, image_arch(caged->image));
        fputs(text, stdout);
    }
}

void report_verify(const char *file, bool proved, const struct error *error)
{
    struct json_writer *writer = report_begin("verify");
    member_string(writer, "file", file);
    member_bool(writer, "passed", error == NULL);
    member_bool(writer, "proved", proved);
    if (error) {
        member_string(writer, "reason", error->text);
    }
    report_end(writer);
}

static void json_simulation(const struct simulation *simulation, const char *call,
                            const char *action, const char *origin)
{
    struct json_writer *writer = report_begin("simulate");
    member_string(writer, "call", call);
    member_uint(writer, "architecture", simulation->call.arch);
    member_uint(writer, "number", (uint32_t)simulation->call.nr);
    member_string(writer, "action", action);
    member_string(writer, "reason", origin);
    member_uint(writer, "walked", simulation->trace.count);
    json_writer_key(writer, "instructions");
    json_writer_array(writer);
    for (size_t i = 0; i < simulation->trace.count; i++) {
        json_writer_uint(writer, simulation->trace.steps[i]);
    }
    json_writer_end_array(writer);
    report_end(writer);
}

/* The lines of the disassembly that were run. Line i of it is instruction i. */
static void print_trace(const struct simulation *simulation)
{
    CLEANUP_FREE char *text = filter_disassemble(simulation->filter, simulation->arch);
    size_t index = 0;
    size_t step = 0;
    for (char *line = text; *line && step < simulation->trace.count; index++) {
        size_t length = strcspn(line, "\n");
        if (index == simulation->trace.steps[step]) {
            printf("%.*s\n", (int)length, line);
            step++;
        }
        line += length + (line[length] == '\n');
    }
}

void report_simulation(const struct simulation *simulation, bool json, bool trace)
{
    CLEANUP_FREE char *call = call_text(&simulation->call);
    CLEANUP_FREE char *action = simulation->notifies
                                    ? memory_strdup("left to a process that listens")
                                    : action_text(simulation->action);
    CLEANUP_FREE char *origin = origin_text(simulation->policy, simulation->origin);
    if (json) {
        json_simulation(simulation, call, action, origin);
        return;
    }
    utf8_make_printable(origin); /* it may name the policy's file */
    printf("%s: %s: %s; %zu instruction%s\n", call, action, origin, simulation->trace.count,
           simulation->trace.count == 1 ? "" : "s");
    if (trace) {
        print_trace(simulation);
    }
}
