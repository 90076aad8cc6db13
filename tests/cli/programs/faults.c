/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command again and again, and each time does something to another one of its system calls:
 *     faults kill|error OLD NEW INPUT FOLDER NAME COMMAND...
 * Before each run FOLDER holds NAME with the contents of OLD ("-": nothing), and only that. What
 * comes before the command opens INPUT (loader, sanitizers) is left alone.
 *
 * kill: SIGKILL in place of the n-th call. FOLDER/NAME is then as before, or as NEW; and after one
 * more run that is left alone, as NEW, with nothing beside it. error: the n-th call fails, with
 * each of four errors, without having been made. Status 0 goes with NEW, 4 and 5 with one line on
 * standard error and the old file, and nothing is left behind. Not for memory management, signals
 * and the end of the process.
 *
 * All of the calls, or every $FAULTS_STEP-th. Prints what is wrong, a line each, and last a
 * summary. For x86-64: registers are its.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct contents {
    char *bytes; /* NULL: there is no file */
    size_t size;
};

static const char *input, *folder;
static char destination[PATH_MAX];
static const char *name;
static char **command;
static struct contents old_file, new_file;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static struct contents load(const char *path)
{
    struct contents contents = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return contents;
    }
    if (fstat(fd, &status) < 0) {
        die(path);
    }
    contents.size = (size_t)status.st_size;
    contents.bytes = malloc(contents.size + 1);
    if (!contents.bytes || read(fd, contents.bytes, contents.size) != status.st_size) {
        die(path);
    }
    close(fd);
    return contents;
}

static bool holds(const struct contents *wanted)
{
    struct contents found = load(destination);
    bool same = !found.bytes == !wanted->bytes && found.size == wanted->size &&
                (!found.bytes || memcmp(found.bytes, wanted->bytes, found.size) == 0);
    free(found.bytes);
    return same;
}

/* Files in the folder beside NAME; removes them, and NAME, if asked to. */
static int others(bool remove)
{
    int count = 0;
    DIR *directory = opendir(folder);
    struct dirent *entry;
    char path[PATH_MAX];
    if (!directory) {
        die(folder);
    }
    while ((entry = readdir(directory))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        count += strcmp(entry->d_name, name) != 0;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (remove) {
            unlink(path);
        }
    }
    closedir(directory);
    return count;
}

static void reset(void)
{
    others(true);
    if (old_file.bytes) {
        int fd = open(destination, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        if (fd < 0 || write(fd, old_file.bytes, old_file.size) != (ssize_t)old_file.size) {
            die(destination);
        }
        close(fd);
    }
}

/* --- one run --- */

struct run {
    int errno_value; /* what the call fails with; 0: SIGKILL */
    int number;      /* of the call that it is done to, 0: none */
    int seen;        /* calls since INPUT was opened */
    long call;       /* the one it was done to, or that was the last */
    bool spared;     /* it is one that is to be left alone */
    int status;      /* as waitpid() gives it */
    char said[4096];
};

static bool opens_input(pid_t pid, const struct user_regs_struct *regs)
{
    char path[PATH_MAX] = "";
    struct iovec here = {path, strlen(input) + 1};
    struct iovec there = {(void *)regs->rsi, strlen(input) + 1};
    return regs->orig_rax == SYS_openat && process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 &&
           strcmp(path, input) == 0;
}

static bool is_spared(const struct user_regs_struct *regs)
{
    switch (regs->orig_rax) {
    case SYS_mmap:
        return regs->r10 & MAP_ANONYMOUS;
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_mremap:
    case SYS_brk:
    case SYS_madvise:
    case SYS_futex:
    case SYS_sigaltstack:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_rt_sigpending:
    case SYS_rt_sigtimedwait:
    case SYS_exit_group:
        return true;
    default:
        return false;
    }
}

static pid_t start(int said, bool traced)
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(said, 2);
    if (traced) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
    }
    execv(command[0], command);
    _exit(127);
}

/* At the entry of a call. False when the process has been killed. */
static bool enter(pid_t pid, struct run *run, struct user_regs_struct *regs)
{
    if (run->seen == 0 && !opens_input(pid, regs)) {
        return true;
    }
    run->seen++;
    if (run->seen != run->number) {
        return true;
    }
    run->call = (long)regs->orig_rax;
    if (run->errno_value == 0) {
        kill(pid, SIGKILL);
        return false;
    }
    run->spared = is_spared(regs);
    if (!run->spared) {
        regs->orig_rax = (unsigned long long)-1;
        ptrace(PTRACE_SETREGS, pid, 0, regs);
    }
    return true;
}

static void trace(pid_t pid, struct run *run)
{
    bool inside = false;
    int status;
    int deliver = 0;
    if (waitpid(pid, &status, 0) < 0) {
        die("waitpid");
    }
    if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0) {
        die("ptrace");
    }
    for (;;) {
        ptrace(PTRACE_SYSCALL, pid, 0, deliver);
        if (waitpid(pid, &run->status, 0) < 0) {
            die("waitpid");
        }
        if (!WIFSTOPPED(run->status)) {
            return;
        }
        deliver = 0;
        if (WSTOPSIG(run->status) != (SIGTRAP | 0x80)) {
            deliver = WSTOPSIG(run->status) == SIGTRAP ? 0 : WSTOPSIG(run->status);
            continue;
        }
        struct user_regs_struct regs;
        ptrace(PTRACE_GETREGS, pid, 0, &regs);
        inside = !inside;
        if (inside) {
            if (!enter(pid, run, &regs)) {
                waitpid(pid, &run->status, 0);
                return;
            }
        } else if (run->seen == run->number && run->number && run->errno_value && !run->spared &&
                   run->call >= 0) {
            regs.rax = (unsigned long long)-run->errno_value;
            ptrace(PTRACE_SETREGS, pid, 0, &regs);
            run->call = -1 - run->call; /* done */
        }
    }
}

static void execute(struct run *run, bool traced)
{
    int said = memfd_create("said", MFD_CLOEXEC);
    pid_t pid = start(said, traced);
    if (pid < 0) {
        die("fork");
    }
    if (traced) {
        trace(pid, run);
    } else if (waitpid(pid, &run->status, 0) < 0) {
        die("waitpid");
    }
    ssize_t size = pread(said, run->said, sizeof run->said - 1, 0);
    run->said[size > 0 ? size : 0] = '\0';
    close(said);
}

/* --- judging --- */

static int wrong;

static void complain(const struct run *run, const char *what)
{
    wrong++;
    printf("call %d (%ld), error %d, status %d: %s: %s\n", run->number,
           run->call < 0 ? -1 - run->call : run->call, run->errno_value,
           WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -WTERMSIG(run->status), what,
           run->said);
}

static int counts[3]; /* old, new, left behind */

static void judge_killed(struct run *run)
{
    bool is_new = holds(&new_file);
    int beside = others(false);
    counts[2] += beside > 0;
    counts[is_new ? 1 : 0]++;
    if (!is_new && !holds(&old_file)) {
        complain(run, "neither the old file nor the new one");
    }
    if (is_new) {
        if (beside) {
            complain(run, "the new file is there, and another one too");
        }
        return;
    }
    struct run again = {.number = run->number};
    execute(&again, false);
    if (!WIFEXITED(again.status) || WEXITSTATUS(again.status) != 0 || !holds(&new_file) ||
        others(false)) {
        complain(&again, "run again: not the new file alone");
    }
}

static int lines_of(const char *text)
{
    int lines = 0;
    for (; *text; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void judge_failed(struct run *run)
{
    int status = WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -1;
    bool is_new = holds(&new_file);
    counts[is_new ? 1 : 0]++;
    if (status == 0 ? !is_new : status != 4 && status != 5) {
        complain(run, "the status is wrong");
    } else if (status != 0 &&
               (!holds(strstr(run->said, "the file is written") ? &new_file : &old_file) ||
                lines_of(run->said) != 1 || strncmp(run->said, "elfcage: ", 9) != 0)) {
        complain(run, "not the old file and one line");
    }
    if (others(false)) {
        counts[2]++;
        complain(run, "something is left behind");
    }
}

int main(int argc, char **argv)
{
    static const int errors[] = {EIO, ENOSPC, EPERM, EINTR};
    if (argc < 8) {
        return 2;
    }
    bool kills = strcmp(argv[1], "kill") == 0;
    old_file = load(argv[2]);
    new_file = load(argv[3]);
    input = argv[4];
    folder = argv[5];
    name = argv[6];
    command = argv + 7;
    snprintf(destination, sizeof destination, "%s/%s", folder, name);
    struct run whole = {0};
    reset();
    execute(&whole, true);
    if (!WIFEXITED(whole.status) || WEXITSTATUS(whole.status) != 0 || whole.seen == 0 ||
        !holds(&new_file)) {
        complain(&whole, "does not do what it should when it is left alone");
        return 1;
    }
    const char *step = getenv("FAULTS_STEP");
    for (int n = 1; n <= whole.seen; n += step ? atoi(step) : 1) {
        for (size_t e = 0; e < (kills ? 1 : sizeof errors / sizeof *errors); e++) {
            struct run run = {.number = n, .errno_value = kills ? 0 : errors[e]};
            reset();
            execute(&run, true);
            if (kills) {
                judge_killed(&run);
            } else if (!run.spared) {
                judge_failed(&run);
            }
        }
    }
    printf("%d calls, old %d, new %d, left behind %d, wrong %d\n", whole.seen, counts[0], counts[1],
           counts[2], wrong);
    return wrong != 0;
}
