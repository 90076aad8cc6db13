/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject: open, compile and prove, plan, write. Nothing is written before all of it has been
 * checked; before the new file gets its name, its payload is read back and proved once more.
 * Of many files in one run, the policy is compiled once for each architecture among them.
 */
#include "base/memory.h"
#include "commands/batch.h"
#include "commands/caged.h"
#include "commands/compiled.h"
#include "commands/output.h"
#include "commands/policy_source.h"
#include "commands/printable.h"
#include "elf/plan.h"
#include "elf/verify.h"
#include "lint/lint.h"
#include "stub/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct inject {
    const char *hook, *nnp, *on_load_failure, *backend;
    bool replace, force, dry_run;
    /* filled from the texts above */
    enum backend compiler;
    uint32_t stub_flags;
    enum hook named_hook; /* HOOK_COUNT: auto */
};

enum {
    INJECT_HOOK,
    INJECT_NNP,
    INJECT_ON_LOAD_FAILURE,
    INJECT_BACKEND,
    INJECT_REPLACE,
    INJECT_FORCE,
    INJECT_DRY
};

static const struct option_definition definitions[] = {
    {"hook", 0, "auto|entry|init|preinit",
     "what makes the stub run: the entry point of an executable, the first\n"
     "function that is called of a shared object (auto, the default: the one\n"
     "or the other), or DT_PREINIT_ARRAY, before the constructors of libraries",
     INJECT_HOOK},
    {"nnp", 0, "always|never",
     "set no_new_privs before the filter (default: always); \"never\" needs\n"
     "CAP_SYS_ADMIN whenever the program starts",
     INJECT_NNP},
    {"on-load-failure", 0, "fail|warn",
     "if the kernel refuses the filter: do not start (default), or start\n"
     "unfiltered with a warning",
     INJECT_ON_LOAD_FAILURE},
    {"backend", 0, "elfcage|libseccomp", "who compiles the filter; both are proved",
     INJECT_BACKEND},
    {"replace", 0, NULL, "FILE is caged with another policy: put this one in its place",
     INJECT_REPLACE},
    {"force", 0, NULL,
     "with --replace, if FILE was changed since it was caged: take the old\n"
     "cage out of it as it is",
     INJECT_FORCE},
    {"dry-run", 'n', NULL, "check all, say what would be written, write nothing", INJECT_DRY},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct inject *inject = into;
    (void)error;
    switch (id) {
    case INJECT_HOOK:
        inject->hook = value;
        break;
    case INJECT_NNP:
        inject->nnp = value;
        break;
    case INJECT_ON_LOAD_FAILURE:
        inject->on_load_failure = value;
        break;
    case INJECT_BACKEND:
        inject->backend = value;
        break;
    case INJECT_REPLACE:
        inject->replace = true;
        break;
    case INJECT_FORCE:
        inject->force = true;
        break;
    default:
        inject->dry_run = true;
        break;
    }
    return 0;
}

static const struct option_group inject_options = {
    .title = "injection",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* `value` is `yes` or (the default, also if absent) `no`. */
static int choose(const char *option, const char *value, const char *no, const char *yes,
                  uint32_t flag, uint32_t *flags, struct error *error)
{
    if (value && strcmp(value, yes) == 0) {
        *flags |= flag;
    } else if (value && strcmp(value, no) != 0) {
        return error_set(error, ERROR_USAGE, "--%s %s: it is \"%s\" or \"%s\"", option, value, no,
                         yes);
    }
    return 0;
}

static int settle_hook(struct inject *inject, struct error *error)
{
    inject->named_hook = HOOK_COUNT;
    if (!inject->hook || strcmp(inject->hook, "auto") == 0) {
        return 0;
    }
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        if (strcmp(inject->hook, hook_name(hook)) == 0) {
            inject->named_hook = hook;
            return 0;
        }
    }
    return error_set(error, ERROR_USAGE,
                     "--hook %s: it is \"auto\", \"entry\", \"init\" or \"preinit\"", inject->hook);
}

/* --hook auto: the place that every program, or every shared object, passes. */
static enum hook choose_hook(const struct inject *inject, const struct image *image)
{
    if (inject->named_hook != HOOK_COUNT) {
        return inject->named_hook;
    }
    return image_is_shared(image) ? HOOK_INIT : HOOK_ENTRY;
}

static int settle(struct inject *inject, struct error *error)
{
    if (settle_hook(inject, error) < 0 ||
        choose("nnp", inject->nnp, "always", "never", ELFCAGE_STUB_KEEP_PRIVILEGES,
               &inject->stub_flags, error) < 0 ||
        choose("on-load-failure", inject->on_load_failure, "fail", "warn", ELFCAGE_STUB_WARN,
               &inject->stub_flags, error) < 0) {
        return -1;
    }
    if (inject->force && !inject->replace) {
        return error_set(error, ERROR_USAGE,
                         "--force says how to --replace a cage: give both, or neither");
    }
    return backend_parse(inject->backend, &inject->compiler, error);
}

/* Does the original have functions that run before that hook? */
static uint32_t preinit_flag(const struct image *original, enum hook hook)
{
    return hook == HOOK_ENTRY && image_has_preinit(original) ? PAYLOAD_PREINIT : 0u;
}

/* What goes into the file; borrows from `compiled`, `instructions` and the packed `policy`. */
static struct cage make_cage(const struct image *image, const struct compiled *compiled,
                             const struct buffer *instructions, const struct buffer *policy,
                             const struct inject *inject, const struct policy_source *source)
{
    enum hook hook = choose_hook(inject, image);
    return (struct cage){
        .instructions = {instructions->data, instructions->size},
        .policy_text = compiled->canonical,
        .policy_packed = {policy->data, policy->size},
        .seccomp_flags =
            (compiled->policy ? compiled->policy->flags : 0u) | SECCOMP_FILTER_FLAG_TSYNC,
        .stub_flags = inject->stub_flags,
        .payload_flags = (source->audit ? PAYLOAD_AUDIT : 0u) |
                         (source->allow_nesting ? PAYLOAD_ALLOW_NESTING : 0u) |
                         preinit_flag(image, hook),
        .hook = hook,
    };
}

static bool same_cage(const struct cage *a, const struct cage *b)
{
    return bytes_equal(a->instructions, b->instructions) &&
           strcmp(a->policy_text, b->policy_text) == 0 && a->seccomp_flags == b->seccomp_flags &&
           a->stub_flags == b->stub_flags && a->payload_flags == b->payload_flags &&
           a->hook == b->hook;
}

/* Reads a caged file and verifies it: whole, hooked, and proved? */
static int check_caged(int fd, const char *name, struct caged *caged, struct error *error)
{
    struct image *image = NULL;
    const struct verify_accept accept = {.audit = true, .warn = true};
    if (image_from_fd(fd, name, &image, error) < 0 || caged_read(image, caged, error) < 0) {
        return -1;
    }
    return caged_verify(caged, &accept, error);
}

/* The temporary file, before it is renamed: is it the cage that was meant? */
static int check_written(int fd, const char *name, void *context, struct error *error)
{
    const struct cage *meant = context;
    __attribute__((cleanup(caged_free))) struct caged caged = {0};
    if (check_caged(fd, name, &caged, error) < 0) {
        if (error->kind != ERROR_SYSTEM) {
            error->kind = ERROR_INTERNAL;
        }
        return error_context(error, "what was written does not verify");
    }
    if (!same_cage(&caged.payload.cage, meant)) {
        return error_file(error, ERROR_INTERNAL, name,
                          "what was written is not what was to be written");
    }
    return 0;
}

static void print_plan(const char *file, const struct plan *plan)
{
    CLEANUP_FREE char *name = printable(file);
    printf("%s: layout %s, %" PRIu64 " bytes\n", name, plan->layout, plan->size);
    for (size_t i = 0; i < plan->copy_count; i++) {
        const struct plan_copy *copy = &plan->copies[i];
        printf("  copy  0x%08" PRIx64 "  %10" PRIu64 " bytes from 0x%" PRIx64 "\n", copy->target,
               copy->size, copy->source);
    }
    for (size_t i = 0; i < plan->write_count; i++) {
        const struct plan_write *write = &plan->writes[i];
        printf("  write 0x%08" PRIx64 "  %10zu bytes: %s\n", write->target, write->size,
               write->what);
    }
}

/* The image as it was before it was caged, for --replace, or (--force) as it is without the cage:
   the plan back, and that image in memory. */
struct uncaged {
    struct plan *back;
    bool disarmed;
    struct buffer bytes;
    struct image *image;
};

static void uncaged_free(struct uncaged *uncaged)
{
    plan_free(uncaged->back);
    image_free(uncaged->image);
    buffer_free(&uncaged->bytes);
}

static int uncage(const struct image *image, const struct payload *payload, bool force,
                  struct uncaged *out, struct error *error)
{
    int result = plan_remove(image, payload, &out->back, error);
    if (result < 0 && force) {
        error_clear(error);
        out->disarmed = true;
        result = plan_disarm(image, payload, &out->back, error);
    }
    if (result < 0) {
        return -1;
    }
    out->bytes = plan_apply(out->back, image);
    return image_from_bytes((struct bytes){out->bytes.data, out->bytes.size}, image_name(image),
                            &out->image, error);
}

struct job {
    const struct inject *inject;
    const struct output *output;
    const struct verbosity *verbosity;
    const char *file;
    int fd;
    const struct image *image;
    struct cage *cage;
};

static int carry_out(const struct job *job, const struct plan *plan, struct error *error)
{
    if (job->inject->dry_run) {
        print_plan(job->file, plan);
        return 0;
    }
    if (output_write(job->output, job->verbosity, job->file, plan, job->image, job->fd,
                     check_written, job->cage, error) < 0) {
        return -1;
    }
    if (job->verbosity->verbose) {
        CLEANUP_FREE char *name = printable(output_path(job->output, job->file));
        printf("%s: caged, layout %s, %zu instructions, %" PRIu64 " bytes\n", name, plan->layout,
               job->cage->instructions.size / sizeof(struct sock_filter), plan->size);
    }
    return 0;
}

/* FILE carries a payload already. */
static int inject_again(const struct job *job, const struct payload *payload, struct error *error)
{
    if (same_cage(&payload->cage, job->cage)) {
        __attribute__((cleanup(caged_free))) struct caged caged = {0};
        if (check_caged(job->fd, job->file, &caged, error) < 0) {
            if (error->kind == ERROR_CHECK) {
                error->kind = ERROR_UNSUPPORTED;
            }
            return error_context(error, "caged with this policy, but changed since: cage the "
                                        "original anew");
        }
        struct plan *copy = plan_identity(job->image);
        int result =
            job->output->in_place && !job->inject->dry_run ? 0 : carry_out(job, copy, error);
        plan_free(copy);
        if (result == 0) {
            note(job->verbosity, "%s: caged with this policy already: unchanged", job->file);
        }
        return result;
    }
    if (!job->inject->replace) {
        return error_file(error, ERROR_USAGE, job->file,
                          "caged already, with another policy or other options: use --replace");
    }
    __attribute__((cleanup(uncaged_free))) struct uncaged uncaged = {0};
    if (uncage(job->image, payload, job->inject->force, &uncaged, error) < 0) {
        return -1;
    }
    /* It may have been the old hook that has an array. */
    job->cage->payload_flags &= ~PAYLOAD_PREINIT;
    job->cage->payload_flags |= preinit_flag(uncaged.image, job->cage->hook);
    struct plan *forth = NULL;
    if (plan_inject(uncaged.image, job->cage, &forth, error) < 0) {
        return -1;
    }
    struct plan *whole = plan_compose(uncaged.back, forth);
    plan_free(forth);
    int result = carry_out(job, whole, error);
    plan_free(whole);
    if (result == 0 && uncaged.disarmed) {
        note(job->verbosity,
             "%s: it was changed since it was caged: the new cage is around what it is now, and "
             "\"elfcage remove\" will not give the original",
             output_path(job->output, job->file));
    }
    return result;
}

static int inject_into(const struct job *job, struct error *error)
{
    struct payload payload = {0};
    int found = payload_find(job->image, &payload, error);
    if (found < 0) {
        return -1;
    }
    if (found > 0) {
        int result = inject_again(job, &payload, error);
        payload_clear(&payload);
        return result;
    }
    struct plan *plan = NULL;
    if (plan_inject(job->image, job->cage, &plan, error) < 0) {
        return -1;
    }
    int result = carry_out(job, plan, error);
    plan_free(plan);
    return result;
}

/* What is the same for all files of a run. */
struct run_of_files {
    const struct inject *inject;
    const struct policy_source *source;
    const struct output *output;
    const struct verbosity *verbosity;
    struct compiled *compiled; /* owned; one for each architecture that came up */
    size_t compiled_count, compiled_capacity;
};

static void run_of_files_free(struct run_of_files *files)
{
    for (size_t i = 0; i < files->compiled_count; i++) {
        compiled_free(&files->compiled[i]);
    }
    free(files->compiled);
}

/* The policy for that architecture, compiled and proved when it comes up first. NULL: error is set.
 */
static const struct compiled *compile_once(struct run_of_files *files, const struct arch *arch,
                                           struct error *error)
{
    for (size_t i = 0; i < files->compiled_count; i++) {
        if (files->compiled[i].arch == arch) {
            return &files->compiled[i];
        }
    }
    if (files->compiled_count > 0 && policy_source_is_read_once(files->source)) {
        error_set(error, ERROR_USAGE,
                  "standard input was the policy for files of %s, and cannot be read again for "
                  "those of %s: give the policy as a file",
                  files->compiled[0].arch->name, arch->name);
        return NULL;
    }
    struct compiled compiled = {0};
    if (compiled_load(files->source, arch, files->inject->compiler, files->verbosity, &compiled,
                      error) < 0) {
        return NULL;
    }
    if (!compiled.policy) {
        note(files->verbosity, "a filter as it was given, no policy recorded: not proved");
    } else if (lint_nesting_is_blocked(compiled.table, arch)) {
        note(files->verbosity,
             "the policy lets the program start others, but a caged one could not load its filter "
             "and would exit with status 126: --allow-nesting allows that, \"elfcage lint\" says "
             "more");
    }
    struct compiled *made = memory_append(&files->compiled, &files->compiled_count,
                                          &files->compiled_capacity, sizeof *files->compiled);
    *made = compiled;
    return made;
}

static int inject_file(const char *file, void *context, struct error *error)
{
    struct run_of_files *files = context;
    CLEANUP_CLOSE int fd = output_open_source(file, error);
    struct image *image = NULL;
    if (fd < 0 || image_from_fd(fd, file, &image, error) < 0) {
        return -1;
    }
    int result = -1;
    const struct compiled *compiled = compile_once(files, image_arch(image), error);
    if (compiled) {
        struct buffer instructions = filter_encode(&compiled->filter, image_big_endian(image));
        struct buffer packed = payload_pack_policy(compiled->canonical);
        struct cage cage =
            make_cage(image, compiled, &instructions, &packed, files->inject, files->source);
        const struct job job = {files->inject, files->output, files->verbosity, file, fd,
                                image,         &cage};
        result = inject_into(&job, error);
        buffer_free(&instructions);
        buffer_free(&packed);
    }
    image_free(image);
    return result;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct inject inject = {0};
    struct output output = {0};
    struct verbosity verbosity = {0};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    void *into[] = {&source, &inject, &output, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (output_check_operands(command, &output, count, error) < 0 || settle(&inject, error) < 0 ||
        (!inject.dry_run && output_settle(&output, error) < 0)) {
        return -1;
    }
    if (!policy_source_given(&source)) {
        return command_usage_error(command, error,
                                   "no policy: give --policy FILE, or --default ACTION and rules");
    }
    __attribute__((cleanup(run_of_files_free))) struct run_of_files files = {
        .inject = &inject, .source = &source, .output = &output, .verbosity = &verbosity};
    return batch_run(operands, count, inject_file, &files, error);
}

const struct command command_inject = {
    .name = "inject",
    .summary = "put a filter into an executable or a shared object",
    .synopsis = "(--policy FILE | --default ACTION [RULES]) (-o OUT FILE | -i FILE...) [OPTION...]",
    .example =
        "  elfcage inject --policy server.json server -o server.caged\n"
        "  elfcage inject --default allow --deny chown,fchown,lchown,fchownat:EPERM -i server",
    .groups = {&policy_options, &inject_options, &output_options, &verbosity_options},
    .run = run,
};
