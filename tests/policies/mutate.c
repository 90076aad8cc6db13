/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutated policies, many of each format: whatever a text is, a reader takes it or refuses it with
 * one line, and does so without a crash, a leak (under AddressSanitizer) or a hang.
 *
 *     mutate [--format NAME] [--seed S] [--count N] [--only I] FOLDER...
 *
 * Texts to begin with are the files below FOLDER/NAME/ of each FOLDER, for each format NAME that
 * elfcage reads; what elfcage itself prints of the OCI ones stands for its own format, and what it
 * compiles of them for BPF programs. Text I of a format is the same for the same seed and files, so
 * that `--format NAME --only I` makes it again. A text that ends the program is left behind in a
 * file, which is named.
 *
 * The limit is of processor time, so that a busy machine does not matter: a text that takes as long
 * under AddressSanitizer hangs.
 */
#include "mutation.h"

#include "base/memory.h"
#include "filter/filter.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define HANG_SECONDS 1
#define TEXTS_MOST 3u /* a policy and its drop-ins */

struct seed {
    char *name; /* as the file is called, without folders */
    struct buffer text;
};

struct seeds {
    struct seed *items;
    size_t count, capacity;
};

/* What is being read, for the handlers of signals, which write and do nothing else: their words are
   made beforehand. */
static struct {
    const char *format;
    unsigned long long index, seed;
    const struct buffer *texts;
    size_t count;
    char what[128];
    char paths[TEXTS_MOST][128];
} now;

static void describe_now(void)
{
    (void)snprintf(now.what, sizeof now.what, " in %s, --seed %llu --only %llu", now.format,
                   now.seed, now.index);
    for (size_t i = 0; i < now.count; i++) {
        (void)snprintf(now.paths[i], sizeof now.paths[i], "/tmp/elfcage-mutate-%s-%llu-%zu",
                       now.format, now.index, i);
    }
}

static void write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written <= 0) {
            return;
        }
        at += written;
        size -= (size_t)written;
    }
}

static void say(const char *text)
{
    write_all(STDOUT_FILENO, text, strlen(text));
}

static void leave_text_behind(const char *why)
{
    say("\n# ");
    say(why);
    say(now.what);
    for (size_t i = 0; i < now.count; i++) {
        const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
        int file = open(now.paths[i], flags, 0600);
        if (file >= 0 && now.texts[i].size > 0) {
            write_all(file, now.texts[i].data, now.texts[i].size);
        }
        say("\n# the text is in ");
        say(now.paths[i]);
    }
    say("\n");
}

static void on_signal(int number)
{
    leave_text_behind(number == SIGPROF ? "a hang" : "an assertion");
    _exit(1);
}

static void on_death(void)
{
    leave_text_behind("a report of a sanitizer");
}

/* Of AddressSanitizer, where it is linked. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool add_file(struct seeds *seeds, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct seed *seed = memory_append(&seeds->items, &seeds->count, &seeds->capacity, sizeof *seed);
    const char *slash = strrchr(path, '/');
    *seed = (struct seed){.name = memory_strdup(slash ? slash + 1 : path)};
    uint8_t piece[4096];
    for (size_t got; file && (got = fread(piece, 1, sizeof piece, file)) > 0;) {
        buffer_add(&seed->text, piece, got);
    }
    return file && fclose(file) == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* All files below `folder`/`format`, in an order of their names. */
static void add_folder(struct seeds *seeds, const char *folder, const char *format)
{
    CLEANUP_FREE char *path = memory_printf("%s/%s", folder, format);
    char *const paths[] = {path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    for (FTSENT *entry; walk && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_F && !add_file(seeds, entry->fts_path)) {
            printf("Bail out! %s cannot be read\n", entry->fts_path);
            exit(1);
        }
    }
    if (walk) {
        (void)fts_close(walk);
    }
}

static struct buffer canonical_text(const struct policy *policy)
{
    struct buffer text = {0};
    CLEANUP_FREE char *canonical = canonical_print(policy, NULL);
    buffer_add(&text, canonical, strlen(canonical));
    return text;
}

static struct buffer compiled_program(const struct policy *policy)
{
    struct table *table = NULL;
    struct filter filter = {0};
    struct error error = {0};
    struct buffer program = {0};
    if (table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error) == 0 &&
        filter_build(table, &filter, &error) == 0) {
        program = filter_encode(&filter, false);
    }
    error_clear(&error);
    filter_free(&filter);
    table_free(table);
    return program;
}

/* What `make` makes of each of `from` that is a policy. */
static void add_made(struct seeds *seeds, const struct seeds *from,
                     struct buffer (*make)(const struct policy *))
{
    for (size_t i = 0; i < from->count; i++) {
        struct policy *policy = NULL;
        struct error error = {0};
        const struct buffer *text = &from->items[i].text;
        const struct policy_options options = {.architecture = "x86_64", .format = "oci"};
        if (policy_parse("seed", text->data ? (const char *)text->data : "", text->size, &options,
                         &policy, NULL, &error) < 0) {
            error_clear(&error);
            continue;
        }
        struct seed *seed =
            memory_append(&seeds->items, &seeds->count, &seeds->capacity, sizeof *seed);
        *seed = (struct seed){memory_strdup(from->items[i].name), make(policy)};
        policy_free(policy);
    }
}

static void seeds_free(struct seeds *seeds)
{
    for (size_t i = 0; i < seeds->count; i++) {
        free(seeds->items[i].name);
        buffer_free(&seeds->items[i].text);
    }
    free(seeds->items);
    *seeds = (struct seeds){0};
}

static const struct buffer *random_seed(struct random *random, const struct seeds *seeds)
{
    return &seeds->items[random_below(random, (unsigned)seeds->count)].text;
}

static struct buffer mutated(struct random *random, const struct seeds *seeds)
{
    const struct buffer *seed = random_seed(random, seeds);
    struct buffer text = {0};
    buffer_add(&text, seed->data, seed->size);
    mutate(random, &text, random_seed(random, seeds));
    return text;
}

/* What a policy includes is the file of that name, whatever its folder; every other one is missing.
 */
struct include {
    const struct seeds *seeds;
};

static int include_seed(void *context, const char *from, const char *path, char **file,
                        struct buffer *text, struct error *error)
{
    const struct include *include = context;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    (void)from;
    for (size_t i = 0; i < include->seeds->count; i++) {
        const struct seed *seed = &include->seeds->items[i];
        if (strcmp(seed->name, name) == 0) {
            buffer_add(text, seed->text.data, seed->text.size);
            *file = memory_strdup(name);
            return 0;
        }
    }
    return error_set(error, ERROR_POLICY, "no such file: correct the name");
}

static void check_round_trip(const struct policy *policy)
{
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    struct policy *again = NULL;
    struct error error = {0};
    require(canonical_parse("again", text, strlen(text), &again, NULL, &error) == 0);
    require(policy_equal(policy, again));
    policy_free(again);
}

/* A name of no architecture is refused with its place; all else resolves. */
static void check_resolution(const struct policy *policy, const struct arch *arch)
{
    struct table *table = NULL;
    struct error error = {0};
    struct policy_notes notes = {0};
    if (table_resolve(policy, arch, &table, NULL, &notes, &error) == 0) {
        table_free(table);
    } else {
        require(error.kind == ERROR_POLICY);
        error_clear(&error);
    }
    policy_notes_free(&notes);
}

/* A BPF program that is read is one that the kernel would take: it runs, and prints. */
static int take_program(void *context, const struct policy_text *text, struct error *error)
{
    struct filter filter = {0};
    struct bytes bytes = {(const uint8_t *)text->text, text->size};
    if (filter_read(text->file, bytes, false, &filter, error) < 0) {
        return -1;
    }
    const struct seccomp_data call = {.arch = 0xc000003e};
    uint32_t returns;
    (void)context;
    require(filter_run(&filter, &call, &returns, NULL, error) == 0);
    CLEANUP_FREE char *printed = filter_disassemble(&filter, NULL);
    require(strlen(printed) > filter.count);
    filter_free(&filter);
    return 0;
}

static bool read_texts(struct random *random, const struct seeds *seeds, size_t count)
{
    static const char *const capabilities[] = {"CAP_SYS_ADMIN", "CAP_NET_ADMIN"};
    static const struct action deny = {ACTION_ERRNO, 1};
    struct include include = {seeds};
    unsigned archs = 0;
    while (arch_at(archs)) {
        archs++;
    }
    const struct arch *arch = arch_at(random_below(random, archs));
    struct policy_options options = {
        .format = now.format,
        .default_action = random_below(random, 2) ? &deny : NULL,
        .architecture = arch->name,
        .capabilities = capabilities,
        .capability_count = random_below(random, 3),
        .minimum_kernel = random_below(random, 2) ? "6.1" : NULL,
        .include = random_below(random, 8) ? include_seed : NULL,
        .include_context = &include,
        .program = take_program,
    };
    options.compat = random_below(random, COMPAT_COMPILE_SECCOMP_POLICY + 1);
    if (options.compat >= COMPAT_MINIJAIL0) { /* no text of OCI */
        options.capability_count = 0;
        options.minimum_kernel = NULL;
    }
    struct policy_text texts[TEXTS_MOST];
    for (size_t i = 0; i < count; i++) {
        const char *data = now.texts[i].data ? (const char *)now.texts[i].data : "";
        texts[i] = (struct policy_text){"policy", data, now.texts[i].size};
    }
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct error error = {0};
    int result = policy_parse_texts(texts, count, &options, &policy, &notes, &error);
    if (result < 0 && error.kind == ERROR_USAGE) { /* the format takes no drop-ins, or no default */
        error_clear(&error);
        options.default_action = NULL;
        result = policy_parse_texts(texts, 1, &options, &policy, &notes, &error);
    }
    if (result < 0 && error.kind == ERROR_USAGE) { /* the options are another format's */
        error_clear(&error);
        options.default_action = random_below(random, 2) ? &deny : NULL;
        options.capability_count = 0;
        options.minimum_kernel = NULL;
        options.compat = COMPAT_NONE;
        result = policy_parse_texts(texts, 1, &options, &policy, &notes, &error);
    }
    if (result == 0 && policy) {
        check_round_trip(policy);
        check_resolution(policy, arch);
        policy_free(policy);
    } else if (result < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        require((error.kind == ERROR_POLICY || error.kind == ERROR_USAGE) && *line &&
                !strchr(line, '\n'));
        error_clear(&error);
    }
    policy_notes_free(&notes);
    return result == 0;
}

/* SIGPROF comes after so many seconds; 0: never. */
static void limit_processor_time(time_t seconds)
{
    const struct itimerval limit = {.it_value.tv_sec = seconds};
    (void)setitimer(ITIMER_PROF, &limit, NULL);
}

struct given {
    const char *format; /* NULL: all */
    unsigned long long seed, first, count;
    char **folders; /* NULL-terminated */
};

static void mutate_format(const struct given *given, const char *format, unsigned number)
{
    struct seeds seeds = {0};
    struct seeds oci = {0};
    for (char **folder = given->folders; *folder; folder++) {
        add_folder(&seeds, *folder, format);
        add_folder(&oci, *folder, "oci");
    }
    if (strcmp(format, "elfcage") == 0) {
        add_made(&seeds, &oci, canonical_text);
    } else if (strcmp(format, "bpf") == 0) {
        add_made(&seeds, &oci, compiled_program);
    }
    seeds_free(&oci);
    if (seeds.count == 0) {
        printf("not ok %u - %s: no file to begin with in FOLDER/%s\n", number, format, format);
        return;
    }
    unsigned long long accepted = 0;
    for (now.index = given->first; now.index - given->first < given->count; now.index++) {
        struct random random = random_of(given->seed, now.index);
        struct buffer texts[TEXTS_MOST] = {{0}};
        now.format = format;
        now.seed = given->seed;
        now.texts = texts;
        now.count = random_below(&random, 8) == 0 ? random_below(&random, TEXTS_MOST) + 1 : 1;
        for (size_t i = 0; i < now.count; i++) {
            texts[i] = mutated(&random, &seeds);
        }
        describe_now();
        limit_processor_time(HANG_SECONDS);
        accepted += read_texts(&random, &seeds, now.count);
        limit_processor_time(0);
        for (size_t i = 0; i < TEXTS_MOST; i++) {
            buffer_free(&texts[i]);
        }
        now.count = 0;
    }
    printf("ok %u - %s: of %llu texts made from %zu, %llu are read and the rest refused\n", number,
           format, given->count, seeds.count, accepted);
    seeds_free(&seeds);
}

static struct given read_command_line(int argc, char **argv)
{
    struct given given = {.seed = 1, .count = 2000};
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        const char *value = argv[at + 1];
        if (strcmp(argv[at], "--format") == 0) {
            given.format = value;
        } else if (strcmp(argv[at], "--seed") == 0) {
            given.seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[at], "--count") == 0) {
            given.count = strtoull(value, NULL, 10);
        } else if (strcmp(argv[at], "--only") == 0) {
            given.first = strtoull(value, NULL, 10);
            given.count = 1;
        } else {
            break;
        }
    }
    if (at >= argc || argv[at][0] == '-') {
        fputs("usage: mutate [--format NAME] [--seed S] [--count N] [--only I] FOLDER...\n",
              stderr);
        exit(2);
    }
    given.folders = argv + at;
    return given;
}

int main(int argc, char **argv)
{
    struct given given = read_command_line(argc, argv);
    const char *format;
    unsigned number = 0;
    (void)signal(SIGPROF, on_signal);
    (void)signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(on_death);
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; (format = policy_format_name(i)) != NULL; i++) {
        if (!given.format || strcmp(given.format, format) == 0) {
            mutate_format(&given, format, ++number);
        }
    }
    printf("1..%u\n", number);
    return 0;
}
