/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The width table against what the running kernel says and does, apart from the upper halves
 * (test_widths.c): every name has a row; every row is what the prototype of the kernel's function
 * says, or has a reason for what it says instead; of arguments of which a few bits are kept, those
 * have an effect, and no other.
 *
 * Prototypes are read from tracefs, mounted in a mount namespace of the test's own.
 */
#include "policy_test.h"

#include "arch/arch.h"
#include "arch/syscalls.h"
#include "policy/widths.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_every_name_has_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < syscall_row_count; i++) {
        if (!width_row_find(syscall_rows[i].name)) {
            fail_msg("no row for %s", syscall_rows[i].name);
        }
    }
    const struct width_row *row;
    size_t rows = 0;
    for (; (row = width_row_at(rows)); rows++) {
        if (!syscall_name_is_known(row->name)) {
            fail_msg("a row for %s, which is no system call", row->name);
        }
    }
    assert_int_equal(rows, syscall_row_count);
}

/* "32-bit ABIs only" is said of the names that no 64-bit ABI has; all their registers have 32 bits.
 */
static void test_32bit_rows_are_of_32bit_names(void **state)
{
    (void)state;
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        bool wide = false;
        bool narrow = false;
        const struct syscall_row *numbers = &syscall_rows[i];
        assert_string_equal(numbers->name, row->name);
        for (int c = 0; c < COLUMNS; c++) {
            bool is_32bit = c == COLUMN_I386 || c == COLUMN_ARM;
            wide = wide || (!is_32bit && numbers->numbers[c] != NONE);
            narrow = narrow || (is_32bit && numbers->numbers[c] != NONE);
        }
        bool says_so = row->why && strcmp(row->why, "32-bit ABIs only") == 0;
        bool of_none = strspn(row->widths, "?") == 6;
        if (says_so ? wide : narrow && !wide && !of_none) {
            fail_msg("%s: %s", row->name, row->why ? row->why : "no reason");
        }
        if (says_so && strspn(row->widths, "w") != strlen(row->widths)) {
            fail_msg("%s: %s in 32-bit ABIs", row->name, row->widths);
        }
    }
}

/*
 * The letter for the type of a parameter, as "const char * filename" is printed; 'L' for one of 64
 * bits in every ABI; 0: unknown.
 */
static char letter_of_type(const char *parameter)
{
    static const struct {
        const char *type;
        char letter;
    } types[] = {
        {"int", 'w'},       {"unsigned int", 'w'},
        {"unsigned", 'w'},  {"pid_t", 'w'},
        {"uid_t", 'w'},     {"gid_t", 'w'},
        {"u32", 'w'},       {"__u32", 'w'},
        {"__s32", 'w'},     {"uint32_t", 'w'},
        {"rwf_t", 'w'},     {"key_serial_t", 'w'},
        {"clockid_t", 'w'}, {"timer_t", 'w'},
        {"mqd_t", 'w'},     {"qid_t", 'w'},
        {"key_t", 'w'},     {"enum landlock_rule_type", 'w'},
        {"umode_t", 'h'},   {"long", 'l'},
        {"size_t", 'l'},    {"unsigned long", 'l'},
        {"off_t", 'l'},     {"aio_context_t", 'l'},
        {"loff_t", 'L'},    {"cap_user_header_t", 'l'},
        {"u64", 'L'},       {"cap_user_data_t", 'l'},
        {"__u64", 'L'},
    };
    if (strchr(parameter, '*')) {
        return 'l';
    }
    parameter += strncmp(parameter, "const ", 6) == 0 ? 6 : 0;
    const char *name = strrchr(parameter, ' ');
    for (size_t i = 0; name && i < COUNT(types); i++) {
        size_t length = (size_t)(name - parameter);
        if (strlen(types[i].type) == length && strncmp(types[i].type, parameter, length) == 0) {
            return types[i].letter;
        }
    }
    return 0;
}

/* What the prototype says of each argument. False if there is no file for the call. */
static bool read_prototype(const char *events, const char *name, char letters[8])
{
    static const struct {
        const char *name, *function;
    } functions[] = {{"stat", "newstat"},   {"lstat", "newlstat"},      {"fstat", "newfstat"},
                     {"uname", "newuname"}, {"sendfile", "sendfile64"}, {"umount2", "umount"}};
    const char *function = name;
    for (size_t i = 0; i < COUNT(functions); i++) {
        function = strcmp(functions[i].name, name) == 0 ? functions[i].function : function;
    }
    CLEANUP_FREE char *path = memory_printf("%s/sys_enter_%s/format", events, function);
    FILE *file = fopen(path, "r");
    if (!file) {
        return false;
    }
    char line[256];
    size_t count = 0;
    bool arguments = false;
    while (fgets(line, sizeof line, file)) {
        static const char field[] = "\tfield:";
        char *end = strchr(line, ';');
        if (strncmp(line, field, strlen(field)) != 0 || !end || !strstr(line, "offset:")) {
            continue;
        }
        *end = 0;
        if (arguments && count < POLICY_ARGUMENTS) {
            letters[count] = letter_of_type(line + strlen(field));
            if (!letters[count++]) {
                letters[count - 1] = '!'; /* fits no row */
                print_message("# %s: unknown type: %s\n", name, line);
            }
        }
        arguments = arguments || strcmp(line + strlen(field), "int __syscall_nr") == 0;
    }
    letters[count] = 0;
    return fclose(file) == 0 && arguments;
}

/* A pointer or register-wide number is 'l' in the prototype, whatever the kernel reads of it. */
static bool row_fits(const struct width_row *row, const char *prototype)
{
    if (strlen(row->widths) != strlen(prototype)) {
        return false;
    }
    for (size_t i = 0; prototype[i]; i++) {
        char letter = prototype[i];
        if (letter == 'L') {
            letter = 'l';
        }
        bool mode = letter == 'h' && argument_is_short(row->name, (unsigned)i);
        bool kept = letter == 'w' && argument_is_short(row->name, (unsigned)i);
        bool narrower = letter == 'l' && strchr("wd?", row->widths[i]);
        if (row->widths[i] != letter && !mode && !((kept || narrower) && row->why)) {
            return false;
        }
    }
    return true;
}

/* In 32-bit ABIs a parameter of 64 bits is in two registers: splits.h knows. */
static bool splits_fit(const struct width_row *row, const char *prototype)
{
    static const char *const abis[] = {"i386", "arm"};
    const char *wide = strchr(prototype, 'L');
    for (size_t a = 0; wide && a < COUNT(abis); a++) {
        const struct abi *abi = abi_by_name(abis[a]);
        uint32_t number = 0;
        bool split = !abi_syscall_number(abi, row->name, &number);
        for (size_t i = 0; i < abi->split_count; i++) {
            split = split || (strcmp(abi->splits[i].name, row->name) == 0 &&
                              abi->splits[i].first <= wide - prototype);
        }
        if (!split) {
            return false;
        }
    }
    return true;
}

/* How many prototypes were compared, 100 standing for more; 255: one does not fit. */
static int compare_prototypes(const char *events)
{
    int compared = 0;
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        char prototype[8];
        bool only_32bit = row->why && strcmp(row->why, "32-bit ABIs only") == 0;
        if (only_32bit || !read_prototype(events, row->name, prototype)) {
            continue;
        }
        if (!splits_fit(row, prototype)) {
            print_message("# %s: 64 bits in one register, which 32-bit ABIs split\n", row->name);
            return 255;
        }
        if (!row_fits(row, prototype)) {
            print_message("# %s: the table says %s, the prototype %s\n", row->name, row->widths,
                          prototype);
            return 255;
        }
        compared += compared < 100;
    }
    return compared;
}

/* The same with a tracefs that is mounted for it; 0 if that cannot be done. */
static int mount_and_compare(void)
{
    char folder[] = "/tmp/elfcage-tracefs-XXXXXX";
    int compared = 0;
    if (!mkdtemp(folder)) {
        return 0;
    }
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tracefs", folder, "tracefs", MS_RDONLY, NULL) == 0) {
        CLEANUP_FREE char *events = memory_printf("%s/events/syscalls", folder);
        compared = compare_prototypes(events);
        (void)umount2(folder, MNT_DETACH);
    }
    return rmdir(folder) == 0 ? compared : 255;
}

static void test_rows_are_the_prototypes_of_the_kernel(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)fflush(stdout);
        const char *there = "/sys/kernel/tracing/events/syscalls";
        int compared = access(there, X_OK) == 0 ? compare_prototypes(there) : mount_and_compare();
        (void)fflush(stdout);
        _exit(compared);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) {
        print_message("# skipping: tracefs cannot be mounted or has no system calls here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 100);
}

/* What a call does with a number of which it keeps some bits: mode of the file that comes of it,
   status of the process, ... or errno from 1 << 20 up. */
typedef uint32_t effect_function(const char *path, uint32_t value);

#define FAILED(number) ((1u << 20) + (uint32_t)(number))

static uint32_t mode_of(const char *path, long result)
{
    struct stat status;
    if (result < 0) {
        return FAILED(errno);
    }
    return lstat(path, &status) == 0 ? status.st_mode : FAILED(errno);
}

static bool make_file(const char *path)
{
    int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    return file >= 0 && close(file) == 0;
}

static uint32_t effect_fchmod(const char *path, uint32_t mode)
{
    int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    long result = syscall(SYS_fchmod, file, mode);
    uint32_t effect = mode_of(path, result);
    (void)close(file);
    return effect;
}

static uint32_t effect_fchmodat(const char *path, uint32_t mode)
{
    return make_file(path) ? mode_of(path, syscall(SYS_fchmodat, AT_FDCWD, path, mode)) : 0;
}

static uint32_t effect_fchmodat2(const char *path, uint32_t mode)
{
    return make_file(path) ? mode_of(path, syscall(452, AT_FDCWD, path, mode, 0)) : 0;
}

static uint32_t effect_openat(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_RDWR, mode));
}

static uint32_t effect_mkdirat(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

static uint32_t effect_mknodat(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_mknodat, AT_FDCWD, path, mode, 0));
}

#ifdef SYS_chmod
static uint32_t effect_chmod(const char *path, uint32_t mode)
{
    return make_file(path) ? mode_of(path, syscall(SYS_chmod, path, mode)) : 0;
}

static uint32_t effect_open(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_open, path, O_CREAT | O_RDWR, mode));
}

static uint32_t effect_creat(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_creat, path, mode));
}

static uint32_t effect_mkdir(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_mkdir, path, mode));
}

static uint32_t effect_mknod(const char *path, uint32_t mode)
{
    return mode_of(path, syscall(SYS_mknod, path, mode, 0));
}
#endif

static uint32_t effect_mq_open(const char *path, uint32_t mode)
{
    struct stat status;
    const char *name = strrchr(path, '/') + 1;
    long queue = syscall(SYS_mq_open, name, O_CREAT | O_RDWR, mode, NULL);
    if (queue < 0) {
        return FAILED(errno);
    }
    uint32_t effect = fstat((int)queue, &status) == 0 ? status.st_mode : FAILED(errno);
    (void)close((int)queue);
    (void)syscall(SYS_mq_unlink, name);
    return effect;
}

static uint32_t effect_umask(const char *path, uint32_t mask)
{
    (void)path;
    (void)syscall(SYS_umask, mask);
    return (uint32_t)syscall(SYS_umask, 0);
}

/* The child that makes the call is the effect. */
static uint32_t effect_exit(const char *path, uint32_t value)
{
    (void)path;
    (void)syscall(SYS_exit, value);
    return 0;
}

static uint32_t effect_exit_group(const char *path, uint32_t value)
{
    (void)path;
    (void)syscall(SYS_exit_group, value);
    return 0;
}

/* In a child of its own, on a path of its own. */
static uint32_t effect_of(effect_function *effect, uint32_t value)
{
    char folder[] = "/tmp/elfcage-kept-XXXXXX";
    uint32_t result = 0;
    int ends[2];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    CLEANUP_FREE char *path = memory_printf("%s/file", folder);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)umask(0);
        result = effect(path, value);
        _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(ends[1]);
    if (read(ends[0], &result, sizeof result) != sizeof result) {
        result = (uint32_t)status; /* the call ended it */
    }
    (void)close(ends[0]);
    (void)unlink(path);
    (void)rmdir(path);
    assert_int_equal(rmdir(folder), 0);
    return result;
}

static void test_bits_that_are_kept_have_an_effect(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        effect_function *effect;
        uint32_t value;
        unsigned argument;
    } cases[] = {
        {"fchmod", effect_fchmod, 0600, 1},
        {"fchmodat", effect_fchmodat, 0600, 2},
        {"fchmodat2", effect_fchmodat2, 0600, 2},
        {"openat", effect_openat, 0600, 3},
        {"mkdirat", effect_mkdirat, 0700, 2},
        {"mknodat", effect_mknodat, S_IFIFO | 0600, 2},
#ifdef SYS_chmod
        {"chmod", effect_chmod, 0600, 1},
        {"open", effect_open, 0600, 2},
        {"creat", effect_creat, 0600, 1},
        {"mkdir", effect_mkdir, 0700, 1},
        {"mknod", effect_mknod, S_IFIFO | 0600, 1},
#endif
        {"mq_open", effect_mq_open, 0600, 2},
        {"umask", effect_umask, 022, 0},
        {"exit", effect_exit, 3, 0},
        {"exit_group", effect_exit_group, 3, 0},
    };
    size_t tried = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t base = effect_of(cases[i].effect, cases[i].value);
        uint32_t kept = 0;
        if (base == FAILED(ENOSYS) || base == FAILED(EPERM) || base == FAILED(EACCES)) {
            continue;
        }
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t changed = effect_of(cases[i].effect, cases[i].value ^ (1u << bit));
            kept |= changed != base ? 1u << bit : 0;
        }
        if (kept != argument_kept(cases[i].name, cases[i].argument)) {
            fail_msg("%s: the kernel keeps 0x%x, the table says 0x%x", cases[i].name, kept,
                     argument_kept(cases[i].name, cases[i].argument));
        }
        tried++;
    }
    assert_true(tried > 8);
    /* And there is a case for every row that keeps a few. */
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        bool has_case = !strpbrk(row->widths, "hmtpb");
        for (size_t k = 0; k < COUNT(cases); k++) {
            has_case = has_case || strcmp(cases[k].name, row->name) == 0;
        }
#ifdef SYS_chmod
        assert_true(has_case);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_has_a_row),
        cmocka_unit_test(test_32bit_rows_are_of_32bit_names),
        cmocka_unit_test(test_rows_are_the_prototypes_of_the_kernel),
        cmocka_unit_test(test_bits_that_are_kept_have_an_effect),
    };
    return cmocka_run_group_tests_name("policy_widths_kernel", tests, NULL, NULL);
}
