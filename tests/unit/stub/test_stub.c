/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stub at work. Most tests run a probe (probe_x86_64.S says what its exit status means), whole
 * or with another configuration, under an outer filter or without; some start this program anew,
 * which calls the stub of x86-64 beside a thread. What is asserted is the exit status and standard
 * error, to the letter.
 */
#include "stub/format.h"
#include "stub/stub_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FILTERED 1
#define NO_NEW_PRIVS 2
#define MAIN_REACHED 16

#define NOT_LOADED "elfcage: the seccomp filter was not loaded "

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A run: what it wrote and how it ended. */
struct outcome {
    char output[256]; /* standard output */
    char errors[256]; /* standard error */
    int status;       /* of waitpid() */
};

/* What happens in a child; does not return. */
typedef void child_body(const void *argument);

static void read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t count;
    while (length < size - 1 && (count = read(fd, text + length, size - 1 - length)) > 0) {
        length += (size_t)count;
    }
    text[length] = '\0';
    close(fd);
}

/* Output and errors fit into a pipe, so they are read after the end of the child. */
static struct outcome run_child(child_body *body, const void *argument)
{
    struct outcome outcome;
    int output[2];
    int errors[2];
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(output[1], STDOUT_FILENO);
        dup2(errors[1], STDERR_FILENO);
        body(argument);
        _exit(99);
    }
    close(output[1]);
    close(errors[1]);
    assert_int_equal(waitpid(child, &outcome.status, 0), child);
    read_all(output[0], outcome.output, sizeof outcome.output);
    read_all(errors[0], outcome.errors, sizeof outcome.errors);
    return outcome;
}

static void assert_exited(const struct outcome *outcome, int status, const char *output,
                          const char *errors)
{
    assert_string_equal(outcome->errors, errors);
    assert_string_equal(outcome->output, output);
    assert_true(WIFEXITED(outcome->status));
    assert_int_equal(WEXITSTATUS(outcome->status), status);
}

/* The numbers of one architecture that an outer filter refuses. */
struct numbers {
    const char *name;
    uint32_t audit_architecture;
    uint32_t prctl, seccomp, exit_group, exit;
};

static const struct numbers native[] = {
    {"x86_64", AUDIT_ARCH_X86_64, 157, 317, 231, 60},
    {"i386", AUDIT_ARCH_I386, 172, 354, 252, 1},
};

enum refuse { REFUSE_PRCTL = 1, REFUSE_SECCOMP = 2, REFUSE_EXIT_GROUP = 4, REFUSE_EXIT = 8 };

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define EPERM_IF(number)                                                                           \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                           \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* A number that no system call has: the rule is never hit. */
#define NOTHING 0xfffffff0u

static void load_filter(struct sock_filter *instructions, size_t count)
{
    const struct sock_fprog program = {(unsigned short)count, instructions};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(98);
    }
}

static void refuse_from_outside(const struct numbers *n, unsigned refuse)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n->audit_architecture, 1, 0),
        ALLOW,
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        EPERM_IF(refuse & REFUSE_PRCTL ? n->prctl : NOTHING),
        EPERM_IF(refuse & REFUSE_SECCOMP ? n->seccomp : NOTHING),
        EPERM_IF(refuse & REFUSE_EXIT_GROUP ? n->exit_group : NOTHING),
        EPERM_IF(refuse & REFUSE_EXIT ? n->exit : NOTHING),
        ALLOW,
    };
    load_filter(instructions, LENGTH(instructions));
}

/* A probe with another configuration, run under an outer filter. */
struct probe_run {
    const char *architecture;
    const char *emulator; /* NULL: none */
    const struct numbers *numbers;
    unsigned refuse;
    void (*change)(struct elfcage_stub_config *config); /* NULL: as it is */
    int fd;                                             /* of the program, set by run_probe() */
};

static void exec_probe(const void *argument)
{
    const struct probe_run *run = argument;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", run->fd);
    char *plain[] = {path, NULL};
    char emulator[] = "emulator";
    char *emulated[] = {emulator, path, NULL};
    if (run->refuse != 0) {
        refuse_from_outside(run->numbers, run->refuse);
    }
    char *const environment[] = {NULL};
    if (run->emulator) {
        execve(run->emulator, emulated, environment);
    } else {
        execve(path, plain, environment);
    }
    _exit(97);
}

/* The probe of `run`, changed, as an anonymous file. */
static int make_program(const struct probe_run *run)
{
    char path[512];
    snprintf(path, sizeof path, "%s/probe_%s", PROBE_DIRECTORY, run->architecture);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(from >= 0);
    struct stat stat;
    assert_int_equal(fstat(from, &stat), 0);
    size_t size = (size_t)stat.st_size;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(read(from, bytes, size), (ssize_t)size);
    close(from);

    const uint8_t mark[] = {'S', 'T', 'U', 'B', 1, 0, 4, 0};
    char *at = memmem(bytes, size, mark, sizeof mark);
    assert_non_null(at);
    if (run->change) {
        struct elfcage_stub_config config;
        memcpy(&config, at, sizeof config);
        run->change(&config);
        memcpy(at, &config, sizeof config);
    }
    /* A file in memory that is open for writing cannot be run: hence the second descriptor. */
    int fd = memfd_create("probe", 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    free(bytes);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int read_only = open(path, O_RDONLY);
    assert_true(read_only >= 0);
    close(fd);
    return read_only;
}

static struct outcome run_probe(struct probe_run run)
{
    run.fd = make_program(&run);
    struct outcome outcome = run_child(exec_probe, &run);
    close(run.fd);
    return outcome;
}

static void keep_privileges(struct elfcage_stub_config *config)
{
    config->stub_flags = ELFCAGE_STUB_KEEP_PRIVILEGES;
}

static void warn(struct elfcage_stub_config *config)
{
    config->stub_flags = ELFCAGE_STUB_WARN;
}

static void test_stub_loads_the_filter_and_keeps_every_register(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(native); i++) {
        struct outcome outcome = run_probe((struct probe_run){.architecture = native[i].name});
        assert_exited(&outcome, MAIN_REACHED | FILTERED | NO_NEW_PRIVS, "main\n", "");
    }
}

static void test_stub_keeps_privileges_when_told(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# skipping: needs root\n");
        skip();
    }
    for (size_t i = 0; i < LENGTH(native); i++) {
        struct outcome outcome = run_probe(
            (struct probe_run){.architecture = native[i].name, .change = keep_privileges});
        assert_exited(&outcome, MAIN_REACHED | FILTERED, "main\n", "");
    }
}

static void test_stub_fails_closed_when_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned refuse;
        const char *errors;
    } cases[] = {
        {REFUSE_PRCTL, NOT_LOADED "(prctl: error 1): the program does not start\n"},
        {REFUSE_SECCOMP, NOT_LOADED "(seccomp: error 1): the program does not start\n"},
        {REFUSE_PRCTL | REFUSE_SECCOMP,
         NOT_LOADED "(prctl: error 1): the program does not start\n"},
        {REFUSE_SECCOMP | REFUSE_EXIT_GROUP,
         NOT_LOADED "(seccomp: error 1): the program does not start\n"},
    };
    for (size_t i = 0; i < LENGTH(native); i++) {
        for (size_t j = 0; j < LENGTH(cases); j++) {
            struct outcome outcome = run_probe((struct probe_run){
                .architecture = native[i].name,
                .numbers = &native[i],
                .refuse = cases[j].refuse,
            });
            assert_exited(&outcome, 126, "", cases[j].errors);
        }
    }
}

static void test_stub_traps_when_every_exit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(native); i++) {
        struct outcome outcome = run_probe((struct probe_run){
            .architecture = native[i].name,
            .numbers = &native[i],
            .refuse = REFUSE_SECCOMP | REFUSE_EXIT_GROUP | REFUSE_EXIT,
        });
        assert_string_equal(outcome.errors,
                            NOT_LOADED "(seccomp: error 1): the program does not start\n");
        assert_string_equal(outcome.output, "");
        assert_true(WIFSIGNALED(outcome.status));
        assert_int_equal(WTERMSIG(outcome.status), SIGILL);
    }
}

static void test_stub_warns_and_goes_on_when_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(native); i++) {
        struct probe_run run = {
            .architecture = native[i].name, .numbers = &native[i], .change = warn};
        struct outcome outcome = run_probe(run);
        assert_exited(&outcome, MAIN_REACHED | FILTERED | NO_NEW_PRIVS, "main\n", "");

        /* With getppid(2) as a probe, so that what follows the stub is seen to run unfiltered. */
        run.refuse = REFUSE_SECCOMP;
        outcome = run_probe(run);
        assert_exited(&outcome, MAIN_REACHED | NO_NEW_PRIVS, "main\n",
                      NOT_LOADED "(seccomp: error 1): the program runs unfiltered\n");

        run.refuse = REFUSE_PRCTL; /* so that the probe cannot ask for no_new_privs either */
        outcome = run_probe(run);
        assert_exited(&outcome, MAIN_REACHED, "main\n",
                      NOT_LOADED "(prctl: error 1): the program runs unfiltered\n");
    }
}

static void other_version(struct elfcage_stub_config *config)
{
    config->version = 2;
}

static void no_magic(struct elfcage_stub_config *config)
{
    config->magic ^= 1;
}

static void no_instructions(struct elfcage_stub_config *config)
{
    config->instruction_count = 0;
}

static void too_many_instructions(struct elfcage_stub_config *config)
{
    config->instruction_count = 4097;
}

static void unknown_flag(struct elfcage_stub_config *config)
{
    config->stub_flags = ELFCAGE_STUB_WARN | 4;
}

static void no_filter(struct elfcage_stub_config *config)
{
    config->filter_displacement = 0;
}

static void no_next(struct elfcage_stub_config *config)
{
    config->next_displacement = 0;
}

static void zero(struct elfcage_stub_config *config)
{
    memset(config, 0, sizeof *config);
}

static void warn_without_instructions(struct elfcage_stub_config *config)
{
    warn(config);
    no_instructions(config);
}

static void test_stub_fails_closed_on_a_configuration_without_sense(void **state)
{
    (void)state;
    void (*const changes[])(struct elfcage_stub_config *) = {other_version,
                                                             no_magic,
                                                             no_instructions,
                                                             too_many_instructions,
                                                             unknown_flag,
                                                             no_filter,
                                                             no_next,
                                                             zero,
                                                             warn_without_instructions};
    for (size_t i = 0; i < LENGTH(native); i++) {
        for (size_t j = 0; j < LENGTH(changes); j++) {
            struct outcome outcome =
                run_probe((struct probe_run){.architecture = native[i].name, .change = changes[j]});
            assert_exited(&outcome, 126, "",
                          NOT_LOADED "(configuration: error 22): the program does not start\n");
        }
    }
}

static void unknown_seccomp_flag(struct elfcage_stub_config *config)
{
    config->seccomp_flags = 0x40000000;
}

static void listener(struct elfcage_stub_config *config)
{
    config->seccomp_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

static void test_stub_fails_closed_on_flags_that_the_kernel_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(native); i++) {
        struct probe_run run = {.architecture = native[i].name, .change = unknown_seccomp_flag};
        struct outcome outcome = run_probe(run);
        assert_exited(&outcome, 126, "",
                      NOT_LOADED "(seccomp: error 22): the program does not start\n");
        /* With TSYNC, which the stub adds, a listener is EINVAL too. */
        run.change = listener;
        outcome = run_probe(run);
        assert_exited(&outcome, 126, "",
                      NOT_LOADED "(seccomp: error 22): the program does not start\n");
    }
}

/* Architectures whose programs qemu-user runs here. It has no seccomp(2). */
static const struct {
    const char *name, *emulator;
} foreign[] = {
    {"aarch64", "/usr/bin/qemu-aarch64-static"},
    {"arm", "/usr/bin/qemu-arm-static"},
    {"riscv64", "/usr/bin/qemu-riscv64-static"},
};

static void skip_without_emulators(void)
{
    for (size_t i = 0; i < LENGTH(foreign); i++) {
        if (access(foreign[i].emulator, X_OK) != 0) {
            print_message("# skipping: %s is not installed\n", foreign[i].emulator);
            skip();
        }
    }
}

static void test_stub_fails_closed_elsewhere_without_seccomp(void **state)
{
    (void)state;
    skip_without_emulators();
    for (size_t i = 0; i < LENGTH(foreign); i++) {
        struct probe_run run = {.architecture = foreign[i].name, .emulator = foreign[i].emulator};
        struct outcome outcome = run_probe(run);
        assert_exited(&outcome, 126, "",
                      NOT_LOADED "(seccomp: error 38): the program does not start\n");
        run.change = zero;
        outcome = run_probe(run);
        assert_exited(&outcome, 126, "",
                      NOT_LOADED "(configuration: error 22): the program does not start\n");
    }
}

static void test_stub_keeps_every_register_elsewhere(void **state)
{
    (void)state;
    skip_without_emulators();
    for (size_t i = 0; i < LENGTH(foreign); i++) {
        struct outcome outcome = run_probe((struct probe_run){
            .architecture = foreign[i].name, .emulator = foreign[i].emulator, .change = warn});
        assert_exited(&outcome, MAIN_REACHED | NO_NEW_PRIVS, "main\n",
                      NOT_LOADED "(seccomp: error 38): the program runs unfiltered\n");
    }
}

/* The stub of x86-64 in memory: calling it comes back to the caller. */
static void call_stub(void)
{
    const struct stub_image *image = &stub_image_x86_64;
    const struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 42),
        ALLOW,
    };
    size_t size = image->size + sizeof filter;
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        _exit(96);
    }
    const struct elfcage_stub_config config = {
        .magic = ELFCAGE_STUB_MAGIC,
        .version = ELFCAGE_STUB_VERSION,
        .instruction_count = LENGTH(filter),
        .filter_displacement = (int64_t)image->size,
        .next_displacement = (int64_t)image->return_offset,
    };
    memcpy(memory, image->bytes, image->size);
    memcpy(memory, &config, sizeof config);
    memcpy(memory + image->size, filter, sizeof filter);
    if (mprotect(memory, size, PROT_READ | PROT_EXEC) != 0) {
        _exit(95);
    }
    void (*entry)(void);
    const uint8_t *address = memory + image->entry_offset;
    memcpy(&entry, &address, sizeof entry);
    entry();
}

static bool getppid_is_filtered(void)
{
    return syscall(SYS_getppid) == -1 && errno == 42;
}

struct thread {
    sem_t started, go;
    bool filter_of_its_own;
    bool was_filtered;
};

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    if (thread->filter_of_its_own) {
        struct sock_filter allow[] = {ALLOW};
        load_filter(allow, LENGTH(allow));
    }
    sem_post(&thread->started);
    sem_wait(&thread->go);
    thread->was_filtered = getppid_is_filtered();
    return NULL;
}

static int call_stub_beside_a_thread(bool filter_of_its_own)
{
    struct thread thread = {.filter_of_its_own = filter_of_its_own};
    pthread_t id;
    sem_init(&thread.started, 0, 0);
    sem_init(&thread.go, 0, 0);
    if (pthread_create(&id, NULL, run_thread, &thread) != 0) {
        return 94;
    }
    sem_wait(&thread.started);
    call_stub();
    sem_post(&thread.go);
    pthread_join(id, NULL);
    return getppid_is_filtered() && thread.was_filtered ? 0 : 1;
}

/* As another program, since valgrind, under which this one may run, does not know seccomp(2). */
static void exec_this_program(const void *argument)
{
    execl(THIS_PROGRAM, THIS_PROGRAM, argument, NULL);
}

static void test_stub_filters_threads_that_run_already(void **state)
{
    (void)state;
    struct outcome outcome = run_child(exec_this_program, "thread");
    assert_exited(&outcome, 0, "", "");
}

static void test_stub_fails_closed_when_a_thread_cannot_be_filtered(void **state)
{
    (void)state;
    struct outcome outcome = run_child(exec_this_program, "filtered-thread");
    static const char start[] = NOT_LOADED "(seccomp: thread ";
    assert_memory_equal(outcome.errors, start, strlen(start));
    char *end;
    assert_true(strtol(outcome.errors + strlen(start), &end, 10) > 0);
    assert_string_equal(end, "): the program does not start\n");
    assert_true(WIFEXITED(outcome.status));
    assert_int_equal(WEXITSTATUS(outcome.status), 126);
}

static void test_stub_images_are_what_the_injector_expects(void **state)
{
    (void)state;
    static const struct {
        const struct stub_image *image;
        const char *name;
        uint8_t start[4]; /* the landing pad that indirect branch tracking asks for, if any */
        uint8_t end[8];   /* such a landing pad, and a return */
        size_t end_size;
    } cases[] = {
        {&stub_image_x86_64, "x86_64", {0xf3, 0x0f, 0x1e, 0xfa}, {0xf3, 0x0f, 0x1e, 0xfa, 0xc3}, 5},
        {&stub_image_i386, "i386", {0xf3, 0x0f, 0x1e, 0xfb}, {0xf3, 0x0f, 0x1e, 0xfb, 0xc3}, 5},
        {&stub_image_aarch64,
         "aarch64",
         {0x5f, 0x24, 0x03, 0xd5},
         {0x5f, 0x24, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6},
         8},
        {&stub_image_arm, "arm", {0x08, 0x00, 0x2d, 0xe5}, {0x1e, 0xff, 0x2f, 0xe1}, 4},
        {&stub_image_riscv64, "riscv64", {0x19, 0x71, 0x06, 0xe0}, {0x82, 0x80}, 2},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct stub_image *image = cases[i].image;
        static const struct elfcage_stub_config empty;
        assert_string_equal(image->architecture, cases[i].name);
        assert_int_equal(image->alignment, 16);
        assert_true(image->size <= 4096);
        assert_memory_equal(image->bytes, &empty, sizeof empty);
        assert_true(image->entry_offset >= sizeof empty);
        assert_true(image->entry_offset < image->size);
        assert_memory_equal(image->bytes + image->entry_offset, cases[i].start, 4);
        assert_true(image->return_offset > image->entry_offset);
        assert_memory_equal(image->bytes + image->return_offset, cases[i].end, cases[i].end_size);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1) {
        /* Not by way of exit(): LeakSanitizer would ask for its parent, which is filtered. */
        _exit(call_stub_beside_a_thread(strcmp(arguments[1], "filtered-thread") == 0));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stub_images_are_what_the_injector_expects),
        cmocka_unit_test(test_stub_loads_the_filter_and_keeps_every_register),
        cmocka_unit_test(test_stub_keeps_privileges_when_told),
        cmocka_unit_test(test_stub_fails_closed_when_refused),
        cmocka_unit_test(test_stub_traps_when_every_exit_is_refused),
        cmocka_unit_test(test_stub_warns_and_goes_on_when_told),
        cmocka_unit_test(test_stub_fails_closed_on_a_configuration_without_sense),
        cmocka_unit_test(test_stub_fails_closed_on_flags_that_the_kernel_refuses),
        cmocka_unit_test(test_stub_filters_threads_that_run_already),
        cmocka_unit_test(test_stub_fails_closed_when_a_thread_cannot_be_filtered),
        cmocka_unit_test(test_stub_fails_closed_elsewhere_without_seccomp),
        cmocka_unit_test(test_stub_keeps_every_register_elsewhere),
    };
    return cmocka_run_group_tests_name("stub", tests, NULL, NULL);
}
