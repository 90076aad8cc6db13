/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of checks, and how they are run. A code that was published keeps its meaning; a check
 * that goes leaves its code unused. doc/elfcage.1 lists them, and tests/cli/lint.sh has for each a
 * policy that it finds something in and one that it does not.
 */
#include "lint/internal.h"

#include "base/memory.h"

#include <string.h>

struct check {
    struct lint_check public;
    lint_function *run;
};

#define NOTE SEVERITY_NOTE
#define WARNING SEVERITY_WARNING
#define ERROR SEVERITY_ERROR

static const struct check checks[] = {
    /* families.c, siblings.c */
    {{"EC101", ERROR, "A denied call has another way",
      "Another system call does the same and stays open: programs call that one anyway. Deny all "
      "of "
      "them."},
     lint_ways},
    {{"EC102", WARNING, "A part of what is denied stays open",
      "Another system call does a part of what is denied. Deny it too, or know that it is open."},
     lint_partial_ways},
    {{"EC103", WARNING, "Arguments are restricted in one call of several",
      "Another system call does the same whatever its arguments. Restrict it in the same way."},
     lint_argument_ways},
    {{"EC104", ERROR, "Arguments are restricted, but a call that hides them is open",
      "The arguments of clone3, openat2 and the like lie in memory, where no filter can look. Let "
      "them fail with ENOSYS: libc falls back to the older call."},
     lint_pointer_ways},
    {{"EC105", WARNING, "The newer sibling of an allowed call is refused",
      "What a program calls by one name, current libcs ask for by a newer call. Allow that too, "
      "or give it ENOSYS where libc falls back."},
     lint_newer_siblings},
    {{"EC106", NOTE, "The older sibling of an allowed call is refused",
      "musl, older libcs and programs without libc use the older calls. Allow them too if the "
      "policy is to serve more than one build of the program."},
     lint_older_siblings},
    /* openings.c */
    {{"EC201", ERROR, "io_uring does what a rule denies",
      "Operations of io_uring pass no filter. Deny io_uring_setup, io_uring_enter and "
      "io_uring_register."},
     lint_ring_denied},
    {{"EC202", WARNING, "io_uring does what is not allowed",
      "Operations of io_uring pass no filter. Deny io_uring_setup, io_uring_enter and "
      "io_uring_register if the program does without."},
     lint_ring_refused},
    {{"EC203", NOTE, "Other programs can be started",
      "The filter goes with them, but everything that it leaves open can be done by any program. "
      "Deny execve and execveat if the program starts none."},
     lint_exec},
    {{"EC204", WARNING, "A caged program could not start another caged program",
      "execve is open, but the calls by which a caged program loads its filter are refused: it "
      "exits with status 126. --allow-nesting allows exactly those."},
     lint_nesting},
    {{"EC205", WARNING, "Other processes can be made to act",
      "By ptrace, process_vm_writev or pidfd_getfd a process that is not caged does what the "
      "policy denies. Deny them unless the program is a debugger."},
     lint_other_processes},
    {{"EC206", NOTE, "The default lets calls through",
      "Everything that no rule names is open, and every system call of later kernels. Let the "
      "default deny, and name what the program needs."},
     lint_future},
    /* actions.c */
    {{"EC301", WARNING, "Only a thread is killed",
      "A process that loses a thread hangs, or goes on without what the thread did. Use "
      "kill-process, in OCI SCMP_ACT_KILL_PROCESS."},
     lint_kill_thread},
    {{"EC302", WARNING, "The call is refused and seems to succeed",
      "Errno 0 makes the call return 0 without doing anything. Use EPERM or ENOSYS, unless that is "
      "what is meant."},
     lint_errno_zero},
    {{"EC303", WARNING, "Nothing is denied by default, only logged",
      "The policy watches, it does not hold. Let the default be errno or kill-process once the "
      "log is quiet."},
     lint_log_default},
    {{"EC304", WARNING, "The action needs a tracer",
      "Only under a tracer that set PTRACE_O_TRACESECCOMP does trace do anything but ENOSYS, and a "
      "tracer can let the call pass. Use errno or kill-process."},
     lint_trace},
    {{"EC305", WARNING, "Mitigations are kept off",
      "SECCOMP_FILTER_FLAG_SPEC_ALLOW leaves speculative store bypass open in the program. Remove "
      "the flag."},
     lint_spec_allow},
    {{"EC306", ERROR, "The program cannot end", "exit_group is refused. Allow it."}, lint_exit},
    {{"EC307", WARNING, "Handlers of signals cannot return",
      "rt_sigreturn is refused: the kernel kills a program whose handler returns. Allow it."},
     lint_signal_return},
    {{"EC308", WARNING, "The program is killed for what it does without",
      "libc makes some calls at every start whose failure it expects. Allow them, or give them "
      "ENOSYS."},
     lint_probes},
    /* rules.c, flag_words.c */
    {{"EC401", ERROR, "The conditions of a rule can never hold",
      "They contradict each other, or the argument cannot have such a value. Correct the rule, or "
      "remove it."},
     lint_never},
    {{"EC402", WARNING, "A condition always holds",
      "Every value of the argument satisfies it. Correct it, or remove it."},
     lint_always},
    {{"EC403", WARNING, "A denial never takes effect",
      "Earlier rules cover all that it matches, and let calls pass that it would deny. Move it in "
      "front of them, or remove it."},
     lint_unreachable},
    {{"EC404", NOTE, "A rule decides no call",
      "Earlier rules cover all that it matches, and are no less strict. Remove it, unless it says "
      "something to readers."},
     lint_redundant},
    {{"EC405", WARNING, "The order of two rules decides",
      "Both match some calls and differ in their action; the first wins here, which other tools do "
      "not promise. Let their conditions exclude each other."},
     lint_overlap},
    {{"EC406", WARNING, "One more flag passes the rule",
      "The argument is a word of flags: setting another bit, even one that the kernel ignores, "
      "makes it another number. Compare the bits that are meant, by MASKED_EQ."},
     lint_flag_words_passed},
    {{"EC407", NOTE, "One more flag, and the call is refused",
      "The argument is a word of flags, of which one value is allowed. Where other flags do no "
      "harm, compare the bits that are meant, by MASKED_EQ."},
     lint_flag_words_strict},
    /* abis.c */
    {{"EC501", NOTE, "Another ABI is open",
      "Its calls are more code of the kernel that the program can reach. A policy whose default "
      "denies, and that names only the program's own ABI, refuses them."},
     lint_abi_open},
    {{"EC502", WARNING, "Another ABI does what the program's own refuses",
      "socketcall and ipc take their arguments from memory, and older calls are separate names. Do "
      "not allow them, or do not name the ABI."},
     lint_abi_ways},
    {{"EC503", WARNING, "A denied name is not a call of the target",
      "The call that does the same on the target stays open. Deny that one."},
     lint_lacking_denials},
    {{"EC504", NOTE, "Names without effect on the target",
      "No ABI of the target has such a call. Harmless in a policy that serves several "
      "architectures."},
     lint_lacking_names},
    {{"EC505", NOTE, "An allowance is void in another ABI",
      "The conditions cannot be said there, so the call is refused. Nothing needs to be done "
      "unless "
      "the program uses that ABI."},
     lint_void_allowances},
    {{"EC506", NOTE, "Newer calls do not get ENOSYS",
      "A newer libc falls back to older calls on ENOSYS, and on nothing else. Leave out "
      "--enosys-above none."},
     lint_no_ceiling},
    /* binary.c */
    {{"EC601", NOTE, "Code runs before the filter",
      "The default hook is the entry point; the loader and the constructors of libraries come "
      "before it. Cage with --hook preinit, or link the program statically, where that matters."},
     lint_before_hook},
    {{"EC602", WARNING, "The program's own code runs before the filter",
      "A DT_PREINIT_ARRAY (sanitizers have one) comes before the entry point. Cage with --hook "
      "preinit, or build without."},
     lint_preinit},
    {{"EC603", WARNING, "Privileges meet no_new_privs",
      "Cage with --nnp never (which needs CAP_SYS_ADMIN at run time) if the program starts "
      "set-user-ID programs; set modes and capabilities after caging."},
     lint_privileges},
    {{"EC604", NOTE, "Code is loaded later",
      "The policy has to allow what loaded libraries need: try the program with --audit."},
     lint_loads_code},
    {{"EC605", NOTE, "The program may start itself anew",
      "Filters add up: each start costs time and room (32768 instructions in all), and needs prctl "
      "and seccomp: see --allow-nesting."},
     lint_self_exec},
    {{"EC606", WARNING, "The program starts others, the policy refuses that",
      "Allow execve if the program needs those functions."},
     lint_no_exec},
    {{"EC607", NOTE, "The program is caged with another policy",
      "inject needs --replace. Leave out --policy to look at the policy that it carries."},
     lint_other_cage},
    {{"EC608", WARNING, "The program starts without its filter",
      "It was caged with --on-load-failure warn. Cage it anew without."},
     lint_fails_open},
    {{"EC609", ERROR, "The runtime of the program needs what is refused",
      "Without these calls it throws, crashes or hangs. Allow them."},
     lint_go},
};

_Static_assert(sizeof checks / sizeof *checks == LINT_CHECK_COUNT, "lint.h has their number");

static const char *const severity_texts[SEVERITY_COUNT] = {
    [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};

const char *severity_text(enum severity severity)
{
    return severity_texts[severity];
}

bool severity_parse(const char *text, enum severity *out)
{
    for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
        if (strcmp(text, severity_texts[i]) == 0) {
            *out = (enum severity)i;
            return true;
        }
    }
    return false;
}

const struct lint_check *lint_check_at(size_t index)
{
    return index < LINT_CHECK_COUNT ? &checks[index].public : NULL;
}

static struct lint_finding *add(struct lint *lint, char *text, char *way_out)
{
    struct lint_report *report = lint->report;
    struct lint_finding *finding = memory_append(&report->findings, &report->count,
                                                 &report->capacity, sizeof *report->findings);
    finding->check = lint->check;
    finding->text = text;
    finding->way_out = way_out ? way_out : memory_strdup(lint->check->help);
    return finding;
}

void lint_find(struct lint *lint, struct place place, char *text, char *way_out)
{
    add(lint, text, way_out)->place = place;
}

void lint_find_binary(struct lint *lint, char *text, char *way_out)
{
    add(lint, text, way_out)->of_binary = true;
}

struct place lint_policy_place(const struct lint *lint)
{
    const struct policy *policy = lint->subject->policy;
    return (struct place){.file = policy->file_count ? policy->files[0] : NULL};
}

struct place lint_rule_place(const struct lint *lint, struct origin origin)
{
    struct place place = lint->subject->policy->syscalls[origin.syscall].rules[origin.rule].place;
    return place.line ? place : lint_policy_place(lint);
}

struct place lint_name_place(const struct lint *lint, const char *name)
{
    const struct policy *policy = lint->subject->policy;
    const struct syscall_rules *rules = policy_find(policy, name);
    return rules && rules->rule_count
               ? lint_rule_place(lint,
                                 (struct origin){.syscall = (size_t)(rules - policy->syscalls)})
               : lint_policy_place(lint);
}

/* The policy as a whole first, then its rules in the order of the text, then the program. */
static int compare(const void *left, const void *right)
{
    const struct lint_finding *a = left;
    const struct lint_finding *b = right;
    if (a->of_binary != b->of_binary) {
        return a->of_binary ? 1 : -1;
    }
    int files = strcmp(a->place.file ? a->place.file : "", b->place.file ? b->place.file : "");
    if (files != 0) {
        return files;
    }
    if (a->place.line != b->place.line) {
        return a->place.line < b->place.line ? -1 : 1;
    }
    if (a->place.column != b->place.column) {
        return a->place.column < b->place.column ? -1 : 1;
    }
    int codes = strcmp(a->check->code, b->check->code);
    return codes != 0 ? codes : strcmp(a->text, b->text);
}

void lint_run(const struct lint_subject *subject, struct lint_report *out)
{
    *out = (struct lint_report){0};
    for (size_t i = 0; i < LINT_CHECK_COUNT; i++) {
        struct lint lint = {subject, &checks[i].public, out};
        checks[i].run(&lint);
    }
    if (out->count) {
        qsort(out->findings, out->count, sizeof *out->findings, compare);
    }
}

void lint_report_free(struct lint_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->findings[i].text);
        free(report->findings[i].way_out);
    }
    free(report->findings);
    *report = (struct lint_report){0};
}
