// SPDX-License-Identifier: Apache-2.0
//
// Runs a program to its end and looks at it there: in its last moment, when it has asked to exit or
// is about to die from a signal, what do its threads' status files say of seccomp and no_new_privs,
// and what does a system call that the policy denies return?
//
//   tracer REPORT-FD SECONDS USER GROUP PROGRAM [ARGUMENT...]
//
// At the entry of exit_group(2) (exit(2) in the last thread) the number is replaced by that of
// chown(2) with a null path, which the kernel answers with EFAULT and a filter with whatever it
// says; then the registers are put back and the exit goes on. At a deadly signal, and when SECONDS
// are over, the call is made by going back to the last system call instruction that was seen. A
// program that has more to do than its time allows is killed then.
//
// The program runs as USER and GROUP (numbers; user 0 changes nothing). REPORT-FD gets one
// line:
//   end=exit:STATUS|signal:NUMBER|time seccomp=N nnp=N filters=N threads=N probe=RESULT bits=32|64
// seccomp, nnp and filters are the least of all threads; probe is the system call's result, or
// "none". Only the process itself is traced, not its children. To be run as process 1 of a cell, so
// that nothing that the program starts outlives it. x86-64 only.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 125, MAX_THREADS = 4096, SYSCALL_BYTES = 2 }; // of `syscall` and of `int 0x80`

// What the probe needs of each ABI.
struct abi {
    int bits;
    uint64_t exit, exit_group, chown;
};
static const struct abi abi_64 = {64, 60, 231, 92};
static const struct abi abi_32 = {32, 1, 252, 182};

enum phase { RUNNING, PROBE_ENTER, PROBING, LEAVING };

struct thread {
    pid_t id;
    enum phase phase;
    struct user_regs_struct saved;
    int signal; // what to die from after the probe; 0: the exit call goes on
};

static struct {
    pid_t main;
    bool started; // the program has been executed
    struct thread threads[MAX_THREADS];
    size_t count;
    uint64_t last_ip; // behind the last system call instruction
    const struct abi *last_abi;
    bool looked;
    long seccomp, nnp, filters, seen_threads;
    bool probed;
    long probe;
    bool out_of_time;
} run;

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ++ticks;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static long status_field(pid_t process, const char *thread, const char *name, int base)
{
    char path[320], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", process, thread);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = (long)strtoul(line + strlen(name), NULL, base);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

static long process_field(pid_t id, const char *name, int base)
{
    char thread[16];
    snprintf(thread, sizeof thread, "%d", id);
    return status_field(id, thread, name, base);
}

static long live_threads(void)
{
    return process_field(run.main, "Threads:", 10);
}

static void least(long *value, long other)
{
    if (other >= 0 && other < *value) {
        *value = other;
    }
}

// The state of all threads, once.
static void look(void)
{
    char path[64];
    if (run.looked) {
        return;
    }
    run.looked = true;
    run.seccomp = run.nnp = run.filters = INT16_MAX;
    snprintf(path, sizeof path, "/proc/%d/task", run.main);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks != NULL && (entry = readdir(tasks)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            ++run.seen_threads;
            least(&run.seccomp, status_field(run.main, entry->d_name, "Seccomp:", 10));
            least(&run.nnp, status_field(run.main, entry->d_name, "NoNewPrivs:", 10));
            least(&run.filters, status_field(run.main, entry->d_name, "Seccomp_filters:", 10));
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
}

static struct thread *thread_of(pid_t id)
{
    for (size_t i = 0; i < run.count; ++i) {
        if (run.threads[i].id == id) {
            return &run.threads[i];
        }
    }
    if (run.count == MAX_THREADS) {
        errno = EAGAIN;
        die("too many threads");
    }
    run.threads[run.count] = (struct thread){.id = id};
    return &run.threads[run.count++];
}

static void forget(pid_t id)
{
    for (size_t i = 0; i < run.count; ++i) {
        if (run.threads[i].id == id) {
            run.threads[i] = run.threads[--run.count];
            return;
        }
    }
}

// A thread that has died meanwhile is no error: its end is reported by waitpid().
static void go_on(pid_t id, int signal)
{
    if (ptrace(PTRACE_SYSCALL, id, NULL, (long)signal) != 0 && errno != ESRCH) {
        die("PTRACE_SYSCALL");
    }
}

static bool get_registers(pid_t id, struct user_regs_struct *registers)
{
    return ptrace(PTRACE_GETREGS, id, NULL, registers) == 0;
}

static void set_registers(pid_t id, struct user_regs_struct *registers)
{
    if (ptrace(PTRACE_SETREGS, id, NULL, registers) != 0 && errno != ESRCH) {
        die("PTRACE_SETREGS");
    }
}

// Both ABIs' registers of the first three arguments: chown(NULL, -1, -1).
static void set_chown(struct user_regs_struct *registers, const struct abi *abi)
{
    registers->orig_rax = abi->chown;
    registers->rdi = registers->rbx = 0;
    registers->rsi = registers->rcx = UINT32_MAX;
    registers->rdx = UINT32_MAX;
}

// At the entry of the call that ends the process.
static void probe_instead(struct thread *thread, const struct abi *abi)
{
    struct user_regs_struct registers;
    look();
    if (get_registers(thread->id, &registers)) {
        thread->saved = registers;
        thread->signal = 0;
        thread->phase = PROBING;
        set_chown(&registers, abi);
        set_registers(thread->id, &registers);
    }
    go_on(thread->id, 0);
}

// Anywhere: go back to an instruction that makes a system call.
static void probe_elsewhere(struct thread *thread, int signal)
{
    struct user_regs_struct registers;
    look();
    if (run.last_abi == NULL || !get_registers(thread->id, &registers)) {
        go_on(thread->id, signal);
        return;
    }
    thread->saved = registers;
    thread->signal = signal;
    thread->phase = PROBE_ENTER;
    registers.rip = run.last_ip - SYSCALL_BYTES;
    registers.rax = run.last_abi->chown;
    registers.orig_rax = UINT64_MAX; // no restart of what was interrupted
    set_registers(thread->id, &registers);
    go_on(thread->id, 0);
}

static void probe_done(struct thread *thread, long result)
{
    struct user_regs_struct registers = thread->saved;
    run.probed = true;
    run.probe = result;
    thread->phase = LEAVING;
    if (run.out_of_time) {
        kill(run.main, SIGKILL);
        return;
    }
    if (thread->signal == 0) {
        registers.rip -= SYSCALL_BYTES;
        registers.rax = registers.orig_rax;
        registers.orig_rax = UINT64_MAX;
    }
    set_registers(thread->id, &registers);
    go_on(thread->id, thread->signal);
}

static void at_syscall(struct thread *thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->id, sizeof info, &info) < 0) {
        go_on(thread->id, 0);
        return;
    }
    const struct abi *abi = info.arch == AUDIT_ARCH_X86_64 ? &abi_64 : &abi_32;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        if (thread->phase == PROBING) {
            probe_done(thread, (long)info.exit.rval);
            return;
        }
        if (run.out_of_time && !run.probed && thread->phase == RUNNING) {
            probe_elsewhere(thread, 0); // the interruption has ended a call, and shows as that
            return;
        }
    } else if (thread->phase == PROBE_ENTER) {
        struct user_regs_struct registers;
        thread->phase = PROBING;
        if (get_registers(thread->id, &registers)) {
            set_chown(&registers, abi);
            set_registers(thread->id, &registers);
        }
    } else if (thread->phase == RUNNING && run.started) {
        bool last = info.entry.nr == abi->exit && live_threads() == 1;
        run.last_ip = info.instruction_pointer;
        run.last_abi = abi;
        if (!run.probed && (info.entry.nr == abi->exit_group || last || run.out_of_time)) {
            probe_instead(thread, abi);
            return;
        }
    }
    go_on(thread->id, 0);
}

static bool is_deadly(pid_t id, int signal)
{
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG,  SIGWINCH,
                                   SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; ++i) {
        if (signal == harmless[i]) {
            return false;
        }
    }
    unsigned long handled = (unsigned long)process_field(id, "SigCgt:", 16) |
                            (unsigned long)process_field(id, "SigIgn:", 16);
    return (handled >> (signal - 1) & 1) == 0;
}

static void at_stop(pid_t id, int status)
{
    int signal = WSTOPSIG(status);
    int event = status >> 16;
    struct thread *thread = thread_of(id);
    if (event == PTRACE_EVENT_EXEC) {
        run.started = true;
        run.last_abi = NULL;
        go_on(id, 0);
    } else if (event == PTRACE_EVENT_STOP) {
        if (run.out_of_time && thread->phase == RUNNING && !run.probed && id == run.main) {
            probe_elsewhere(thread, 0);
        } else if (signal == SIGTRAP) {
            go_on(id, 0);
        } else if (ptrace(PTRACE_LISTEN, id, NULL, NULL) != 0 && errno != ESRCH) {
            die("PTRACE_LISTEN");
        }
    } else if (event != 0) {
        go_on(id, 0);
    } else if (signal == (SIGTRAP | 0x80)) {
        at_syscall(thread);
    } else if (run.started && !run.probed && thread->phase == RUNNING && is_deadly(id, signal)) {
        probe_elsewhere(thread, signal);
    } else if (thread->phase == PROBE_ENTER || thread->phase == PROBING) {
        // The registers are the probe's: give it up, and the program its signal.
        set_registers(id, &thread->saved);
        int pending = thread->signal != 0 ? thread->signal : signal;
        thread->phase = LEAVING;
        go_on(id, pending);
    } else {
        go_on(id, signal);
    }
}

static _Noreturn void become(char **program, unsigned user, unsigned group, int ready)
{
    char byte;
    const struct rlimit no_core = {0, 0};
    const struct rlimit output = {64 << 20, 64 << 20};
    if (read(ready, &byte, 1) != 1) {
        _exit(FAILED);
    }
    close(ready);
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &output);
    if (setsid() < 0 ||
        (user != 0 && (setgroups(0, NULL) != 0 || setgid(group) != 0 || setuid(user) != 0))) {
        die("cannot become the user");
    }
    execv(program[0], program);
    die(program[0]);
}

static void start(char **program, unsigned user, unsigned group)
{
    int ready[2];
    int status;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        die("pipe");
    }
    run.main = fork();
    if (run.main == 0) {
        close(ready[1]);
        become(program, user, group, ready[0]);
    }
    long options =
        PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    if (run.main < 0 || ptrace(PTRACE_SEIZE, run.main, NULL, options) != 0 ||
        ptrace(PTRACE_INTERRUPT, run.main, NULL, NULL) != 0 ||
        waitpid(run.main, &status, __WALL) != run.main) {
        die("cannot trace");
    }
    thread_of(run.main);
    go_on(run.main, 0);
    if (write(ready[1], "", 1) != 1) {
        die("pipe");
    }
    close(ready[0]);
    close(ready[1]);
}

// Once: the program's last moment has come, whatever it does.
static void end_of_time(int since)
{
    if (!run.out_of_time) {
        run.out_of_time = true;
        look();
        ptrace(PTRACE_INTERRUPT, run.main, NULL, NULL);
    } else if (since > 1) { // it could not be asked
        kill(run.main, SIGKILL);
    }
}

// The wait status of the program.
static int follow(int seconds)
{
    for (;;) {
        int status = 0;
        if (ticks >= seconds) {
            end_of_time(ticks - seconds);
        }
        pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0) {
            if (errno == EINTR) {
                continue;
            }
            die("waitpid");
        }
        if (id == run.main && (WIFEXITED(status) || WIFSIGNALED(status))) {
            return status;
        }
        if (!WIFSTOPPED(status)) {
            forget(id);
        } else if (id == run.main || process_field(id, "Tgid:", 10) == run.main) {
            at_stop(id, status);
        } else { // clone(2) made a process, not a thread
            forget(id);
            ptrace(PTRACE_DETACH, id, NULL, NULL);
        }
    }
}

static void report(int fd, int status)
{
    char end[32] = "time", probe[32] = "none";
    if (!run.out_of_time && WIFEXITED(status)) {
        snprintf(end, sizeof end, "exit:%d", WEXITSTATUS(status));
    } else if (!run.out_of_time) {
        snprintf(end, sizeof end, "signal:%d", WTERMSIG(status));
    }
    if (run.probed) {
        snprintf(probe, sizeof probe, "%ld", run.probe);
    }
    dprintf(fd, "end=%s seccomp=%ld nnp=%ld filters=%ld threads=%ld probe=%s bits=%d\n", end,
            run.looked ? run.seccomp : -1, run.looked ? run.nnp : -1, run.looked ? run.filters : -1,
            run.seen_threads, probe, run.last_abi != NULL ? run.last_abi->bits : 0);
}

static int number_from(const char *text)
{
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > INT32_MAX) {
        fprintf(stderr, "tracer: not a number: %s\n", text);
        exit(FAILED);
    }
    return (int)value;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fputs("usage: tracer REPORT-FD SECONDS USER GROUP PROGRAM [ARGUMENT...]\n", stderr);
        return FAILED;
    }
    int fd = number_from(argv[1]);
    int seconds = number_from(argv[2]);
    const struct itimerval every = {{1, 0}, {1, 0}};
    struct sigaction action = {.sa_handler = tick};
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        die("REPORT-FD");
    }
    start(argv + 5, (unsigned)number_from(argv[3]), (unsigned)number_from(argv[4]));
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    report(fd, follow(seconds));
    return 0;
}
