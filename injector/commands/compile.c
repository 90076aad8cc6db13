/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile: a policy to a raw BPF program (struct sock_filter[], as bwrap --seccomp reads it), or to
 * a policy in another format.
 */
#include "base/memory.h"
#include "commands/compiled.h"
#include "commands/convert.h"
#include "commands/policy_source.h"
#include "elf/write.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct compile {
    const char *target, *output, *backend, *to;
    bool disassemble;
};

enum { COMPILE_TARGET, COMPILE_TO, COMPILE_OUTPUT, COMPILE_BACKEND, COMPILE_DISASSEMBLE };

static const struct option_definition definitions[] = {
    {"target", 't', "ARCH",
     "x86_64, i386, aarch64, arm or riscv64\n"
     "(default: this machine's)",
     COMPILE_TARGET},
    {"to", 0, "bpf|oci",
     "bpf: a BPF program, as bwrap and minijail0 take it (default);\n"
     "oci: seccomp JSON, as Docker, Podman and runc take it",
     COMPILE_TO},
    {"output", 'o', "OUT", "write it to OUT (\"-\": standard output)", COMPILE_OUTPUT},
    {"backend", 0, "elfcage|libseccomp", "who compiles the filter; both are proved",
     COMPILE_BACKEND},
    {"disassemble", 'd', NULL, "print the program as text", COMPILE_DISASSEMBLE},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct compile *compile = into;
    (void)error;
    switch (id) {
    case COMPILE_TARGET:
        compile->target = value;
        break;
    case COMPILE_TO:
        compile->to = value;
        break;
    case COMPILE_OUTPUT:
        compile->output = value;
        break;
    case COMPILE_BACKEND:
        compile->backend = value;
        break;
    default:
        compile->disassemble = true;
        break;
    }
    return 0;
}

static const struct option_group compile_options = {
    .title = "compilation",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

static int write_output(const char *path, struct bytes bytes, struct error *error)
{
    if (strcmp(path, "-") != 0) {
        return write_file(path, bytes, error);
    }
    if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size) {
        return error_system(error, errno, NULL, "standard output cannot be written");
    }
    return 0;
}

static bool is_oci(const struct compile *compile)
{
    return compile->to && strcmp(compile->to, "oci") == 0;
}

/* A program, in the byte order of the target. */
static int write_program(const char *path, const struct compiled *compiled, struct error *error)
{
    if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO)) {
        return error_set(error, ERROR_USAGE,
                         "a BPF program is not for a terminal: redirect, or use --disassemble");
    }
    struct buffer buffer =
        filter_encode(&compiled->filter, compiled->arch->elf_data == ELFDATA2MSB);
    int result = write_output(path, (struct bytes){buffer.data, buffer.size}, error);
    buffer_free(&buffer);
    return result;
}

static int write_oci(const char *path, const struct compiled *compiled,
                     const struct verbosity *verbosity, struct error *error)
{
    CLEANUP_FREE char *text = NULL;
    if (convert_to_oci(compiled, verbosity, &text, error) < 0) {
        return -1;
    }
    return write_output(path, (struct bytes){(const uint8_t *)text, strlen(text)}, error);
}

static int compile_policy(const struct compile *compile, const struct policy_source *source,
                          const struct verbosity *verbosity, struct error *error)
{
    const struct arch *arch = target_arch(compile->target, error);
    if (!arch) {
        return -1;
    }
    enum backend backend;
    __attribute__((cleanup(compiled_free))) struct compiled compiled = {0};
    if (backend_parse(compile->backend, &backend, error) < 0 ||
        compiled_load(source, arch, backend, verbosity, &compiled, error) < 0) {
        return -1;
    }
    if (!compiled.policy && (is_oci(compile) || compile->backend)) {
        return error_file(error, ERROR_USAGE, source->files[0],
                          "a BPF program, which says no policy: leave --%s out",
                          is_oci(compile) ? "to oci" : "backend");
    }
    if (compile->disassemble) {
        CLEANUP_FREE char *text = filter_disassemble(&compiled.filter, arch);
        fputs(text, stdout);
    }
    if (!compile->output) {
        return 0;
    }
    return is_oci(compile) ? write_oci(compile->output, &compiled, verbosity, error)
                           : write_program(compile->output, &compiled, error);
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct compile compile = {0};
    struct verbosity verbosity = {0};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    void *into[] = {&source, &compile, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (count != 0) {
        return command_usage_error(command, error, "\"%s\": takes no FILE", operands[0]);
    }
    if (!compile.output && !compile.disassemble) {
        return command_usage_error(command, error, "no output: give -o OUT or --disassemble");
    }
    if (compile.to && !is_oci(&compile) && strcmp(compile.to, "bpf") != 0) {
        return command_usage_error(command, error, "--to %s: it is \"bpf\" or \"oci\"", compile.to);
    }
    if (is_oci(&compile) && (compile.disassemble || compile.backend)) {
        return command_usage_error(command, error, "--to oci makes no program: leave --%s out",
                                   compile.disassemble ? "disassemble" : "backend");
    }
    return compile_policy(&compile, &source, &verbosity, error);
}

const struct command command_compile = {
    .name = "compile",
    .summary = "turn a policy into a BPF program, or into OCI JSON",
    .synopsis = "(--policy FILE | --default ACTION [RULES]) (-o OUT | --disassemble) [OPTION...]",
    .example = "  elfcage compile --policy server.json -o server.bpf\n"
               "  bwrap --ro-bind / / --seccomp 3 ./server 3< server.bpf\n"
               "  elfcage compile --policy server.json --to oci -o docker.json",
    .groups = {&policy_options, &compile_options, &verbosity_options},
    .run = run,
};
