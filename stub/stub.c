/* SPDX-License-Identifier: 0BSD */
/*
 * The stub: what a caged program runs before anything of its own. It sets no_new_privs, loads the
 * filter with seccomp(2), and goes on to the original entry with every register as it was. If the
 * filter does not load, the program does not start.
 *
 * The same C for every architecture; arch/NAME.h (STUB_ARCH) has the entry code, which calls
 * elfcage_stub_main() and jumps to what it returns, and the raw system call.
 *
 * What holds: no libc, no writable data, no relocation, no SIMD register touched. Data is reached
 * from the address of the configuration, which the entry code hands over: no global is named in the
 * code below, so that no architecture needs a table of addresses (i386 would).
 */
#include "stub/format.h"

#include STUB_ARCH

#define PR_SET_NO_NEW_PRIVS 38
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_TSYNC 1u
#define MAX_INSTRUCTIONS 4096 /* BPF_MAXINSNS */
#define MAX_ERRNO 4095
#define STANDARD_ERROR 2
#define STATUS_NOT_LOADED 126 /* what a shell says of a command that it found and cannot run */

#define KNOWN_FLAGS (ELFCAGE_STUB_KEEP_PRIVILEGES | ELFCAGE_STUB_WARN)

#define IN_SECTION(name) __attribute__((section(name), used, visibility("hidden")))

/* Zero here; the injector writes it. The linker script puts it at offset 0, the texts behind it. */
extern const struct elfcage_stub_config elfcage_stub_config;
IN_SECTION(".elfcage.config") const struct elfcage_stub_config elfcage_stub_config = {0};

struct texts {
    char head[49];
    char prctl[8];
    char seccomp[8];
    char configuration[16];
    char error[9];
    char thread[10];
    char fatal[32];
    char unfiltered[34];
};

extern const struct texts elfcage_stub_texts;
IN_SECTION(".elfcage.texts")
const struct texts elfcage_stub_texts = {
    .head = "elfcage: the seccomp filter was not loaded (",
    .prctl = "prctl",
    .seccomp = "seccomp",
    .configuration = "configuration",
    .error = ": error ",
    .thread = ": thread ",
    .fatal = "): the program does not start\n",
    .unfiltered = "): the program runs unfiltered\n",
};

/* struct sock_fprog of linux/filter.h. */
struct program {
    uint16_t instruction_count;
    uintptr_t instructions;
};

/* One line, put together on the stack and written by one call. */
struct line {
    char bytes[160];
    unsigned size;
};

__attribute__((noinline)) static void add_text(struct line *line, const char *text)
{
    while (*text && line->size < sizeof line->bytes) {
        line->bytes[line->size++] = *text++;
    }
}

static void add_number(struct line *line, unsigned long number)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0 && line->size < sizeof line->bytes) {
        line->bytes[line->size++] = digits[--count];
    }
}

/* An outer filter may refuse the first of these, or both. */
static void stop(void)
{
    stub_syscall(STUB_SYS_EXIT_GROUP, STATUS_NOT_LOADED, 0, 0, 0, 0);
    stub_syscall(STUB_SYS_EXIT, STATUS_NOT_LOADED, 0, 0, 0, 0);
    for (;;) {
        stub_trap();
    }
}

/*
 * `call` returned `result`, which is not 0. Negative: an error number. Positive: seccomp(2) names a
 * thread that did not take the filter (SECCOMP_FILTER_FLAG_TSYNC), and loaded it nowhere.
 */
static void report(const struct texts *texts, const char *call, long result, const char *end)
{
    struct line line;
    line.size = 0;
    add_text(&line, texts->head);
    add_text(&line, call);
    if (result < 0 && result >= -MAX_ERRNO) {
        add_text(&line, texts->error);
        add_number(&line, (unsigned long)-result);
    } else {
        add_text(&line, texts->thread);
        add_number(&line, (unsigned long)result);
    }
    add_text(&line, end);
    stub_syscall(STUB_SYS_WRITE, STANDARD_ERROR, (long)(uintptr_t)line.bytes, (long)line.size, 0,
                 0);
}

/* A configuration that makes no sense tells nothing, so not that a warning is enough either. */
static int is_sane(const struct elfcage_stub_config *config)
{
    return config->magic == ELFCAGE_STUB_MAGIC && config->version == ELFCAGE_STUB_VERSION &&
           config->instruction_count >= 1 && config->instruction_count <= MAX_INSTRUCTIONS &&
           (config->stub_flags & ~KNOWN_FLAGS) == 0 && config->filter_displacement != 0 &&
           config->next_displacement != 0;
}

static uintptr_t address_of(const struct elfcage_stub_config *config, int64_t displacement)
{
    return (uintptr_t)config + (uintptr_t)displacement;
}

/* Returns 0, or what the call that failed returned; *call is its name. */
static long load(const struct elfcage_stub_config *config, const struct texts *texts,
                 const char **call)
{
    if (!(config->stub_flags & ELFCAGE_STUB_KEEP_PRIVILEGES)) {
        long result = stub_syscall(STUB_SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (result != 0) {
            *call = texts->prctl;
            return result;
        }
    }
    struct program program;
    program.instruction_count = config->instruction_count;
    program.instructions = address_of(config, config->filter_displacement);
    *call = texts->seccomp;
    return stub_syscall(STUB_SYS_SECCOMP, SECCOMP_SET_MODE_FILTER,
                        (long)(config->seccomp_flags | SECCOMP_FILTER_FLAG_TSYNC),
                        (long)(uintptr_t)&program, 0, 0);
}

/* Called by the entry code. Returns the address to go on to, or not at all. */
uintptr_t elfcage_stub_main(const struct elfcage_stub_config *config);
__attribute__((used, visibility("hidden"))) uintptr_t
elfcage_stub_main(const struct elfcage_stub_config *config)
{
    const struct texts *texts = (const struct texts *)(config + 1);
    if (!is_sane(config)) {
        report(texts, texts->configuration, -22 /* EINVAL */, texts->fatal);
        stop();
    }
    const char *call;
    long result = load(config, texts, &call);
    if (result != 0) {
        if (!(config->stub_flags & ELFCAGE_STUB_WARN)) {
            report(texts, call, result, texts->fatal);
            stop();
        }
        report(texts, call, result, texts->unfiltered);
    }
    return address_of(config, config->next_displacement);
}
