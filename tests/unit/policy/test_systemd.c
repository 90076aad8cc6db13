/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of systemd: what settings mean for a call, one table; what the texts of drop-ins, sections
 * and lines that go on mean, another. Expectations are from systemd.exec(5) and systemd.syntax(7);
 * tests/policies/systemd.py compares with what systemd itself makes.
 */
#include "policy_test.h"

#include <inttypes.h>

static const struct policy_options x86_64 = {.architecture = "x86_64"};

/* "a0&0x6==0x6 -> errno:EPERM; allow": all rules for a name. "-" if it has none. */
static char *rules_text(const struct policy *policy, const char *name)
{
    static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">=", "=="};
    const struct syscall_rules *rules = policy_find(policy, name);
    struct buffer text = {0};
    for (size_t i = 0; rules && i < rules->rule_count; i++) {
        const struct rule *rule = &rules->rules[i];
        buffer_printf(&text, "%s", i ? "; " : "");
        for (size_t k = 0; k < rule->condition_count; k++) {
            const struct condition *c = &rule->conditions[k];
            buffer_printf(&text, "%sa%u", k ? " " : "", (unsigned)c->argument);
            if (c->compare == COMPARE_MASKED_EQ) {
                buffer_printf(&text, "&0x%" PRIx64, c->mask);
            }
            buffer_printf(&text, "%s0x%" PRIx64, operators[c->compare], c->value);
        }
        CLEANUP_FREE char *action = action_text(rule->action);
        buffer_printf(&text, "%s%s", rule->condition_count ? " -> " : "", action);
    }
    return text.size ? buffer_steal_text(&text) : memory_strdup("-");
}

static struct policy *read_texts(const char *const *texts, const struct policy_options *options,
                                 struct policy_notes *notes)
{
    struct policy_text list[4];
    size_t count = 0;
    for (; texts[count]; count++) {
        assert_true(count < COUNT(list));
        list[count] = (struct policy_text){"policy.json", texts[count], strlen(texts[count])};
    }
    struct policy *policy = NULL;
    struct error error = {0};
    if (policy_parse_texts(list, count, options, &policy, notes, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s, in %s", line, texts[0]);
    }
    return policy;
}

/* The default, and the rules of some calls: "NAME: RULES\n" each. */
static const struct {
    const char *texts[4];
    const char *expected;
} meanings[] = {
    /* What the first assignment says is the kind of the list. */
    {{"SystemCallFilter=read"},
     "default: kill-process\nread: allow\nexecve: allow\nrt_sigreturn: allow\nopen: -\n"},
    {{"SystemCallFilter=~open"}, "default: allow\nopen: kill-process\nread: -\n"},
    {{"SystemCallFilter=read\nSystemCallErrorNumber=EPERM\n"},
     "default: errno:EPERM\nread: allow\nopen: -\n"},
    {{"SystemCallErrorNumber=13\nSystemCallFilter=~open\n"},
     "default: allow\nopen: errno:EACCES\n"},
    {{"SystemCallErrorNumber=EPERM\nSystemCallErrorNumber=\nSystemCallFilter=~open"},
     "default: allow\nopen: kill-process\n"},
    {{"SystemCallErrorNumber=EPERM\nSystemCallErrorNumber=kill\nSystemCallFilter=~open"},
     "default: allow\nopen: kill-process\n"},
    /* Names of errnos in letters of either case, numbers in four bases (safe_atoi()). */
    {{"SystemCallFilter=~open:ebusy read:Ewouldblock mount:0x1F swapon:010 write:0b101 close:0O17 "
      "mkdir:+5 rmdir:-0 link:00 symlink:0XfFf rename:E2big lseek:+0x10"},
     "default: allow\nopen: errno:EBUSY\nread: errno:EAGAIN\nmount: errno:EMLINK\nswapon: "
     "errno:ENOEXEC\nwrite: errno:EIO\nclose: errno:ENOTBLK\nmkdir: errno:EIO\nrmdir: "
     "errno:0\nlink: errno:0\nsymlink: errno:4095\nrename: errno:E2BIG\nlseek: errno:EBUSY\n"},
    {{"SystemCallErrorNumber=eperm\nSystemCallFilter=~open"},
     "default: allow\nopen: errno:EPERM\n"},
    {{"SystemCallErrorNumber=0x10\nSystemCallFilter=~open"}, "default: allow\nopen: errno:EBUSY\n"},
    /* Later ones add or take away. */
    {{"SystemCallFilter=read write\nSystemCallFilter=open\nSystemCallFilter=~write"},
     "default: kill-process\nread: allow\nwrite: -\nopen: allow\n"},
    {{"SystemCallFilter=~read write\nSystemCallFilter=write\nSystemCallFilter=~open"},
     "default: allow\nread: kill-process\nwrite: -\nopen: kill-process\n"},
    {{"SystemCallFilter=~read\nSystemCallFilter=\nSystemCallFilter=write"},
     "default: kill-process\nread: -\nwrite: allow\nexecve: allow\n"},
    {{"SystemCallFilter=~\nSystemCallFilter=write\nSystemCallFilter=~read"},
     "default: allow\nread: kill-process\nwrite: -\n"},
    {{"SystemCallFilter=~read\nSystemCallFilter=   \nRestrictRealtime=1"},
     "default: allow\nread: -\n"},
    /* Sets, and names of them taken away; @default too. */
    {{"SystemCallFilter=@swap @chown\nSystemCallFilter=~@chown"},
     "default: kill-process\nswapon: allow\nchown: -\nfchownat: -\n"},
    {{"SystemCallFilter=read\nSystemCallFilter=~execve"},
     "default: kill-process\nread: allow\nexecve: -\n"},
    {{"SystemCallFilter=~@default"}, "default: allow\nexecve: kill-process\nread: -\n"},
    /* Errnos: of a call that is denied, in a list of either kind. */
    {{"SystemCallFilter=~open:EACCES unlink:0 chown:4095 mount:kill rmdir"},
     "default: allow\nopen: errno:EACCES\nunlink: errno:0\nchown: errno:4095\nmount: kill-process\n"
     "rmdir: kill-process\n"},
    {{"SystemCallErrorNumber=ENOSYS\nSystemCallFilter=~open:EACCES mount:kill rmdir @swap:EBUSY"},
     "default: allow\nopen: errno:EACCES\nmount: kill-process\nrmdir: errno:ENOSYS\n"
     "swapon: errno:EBUSY\n"},
    {{"SystemCallFilter=read open\nSystemCallFilter=~open:EACCES @swap:1"},
     "default: kill-process\nread: allow\nopen: errno:EACCES\nswapon: errno:EPERM\n"},
    {{"SystemCallFilter=read open\nSystemCallFilter=~open:EACCES\nSystemCallFilter=open"},
     "default: kill-process\nopen: allow\n"},
    {{"SystemCallFilter=read\nSystemCallFilter=~open:EACCES\nSystemCallFilter=~open"},
     "default: kill-process\nopen: -\n"},
    {{"SystemCallFilter=~open:EACCES\nSystemCallFilter=~open"},
     "default: allow\nopen: kill-process\n"},
    /* The log: what passes is logged, what is denied stays so. */
    {{"SystemCallLog=read open"}, "default: allow\nread: log\nopen: log\nwrite: -\n"},
    {{"SystemCallLog=~read"}, "default: log\nread: allow\nwrite: -\n"},
    {{"SystemCallFilter=~open\nSystemCallLog=open read"},
     "default: allow\nopen: kill-process\nread: log\n"},
    {{"SystemCallFilter=read write\nSystemCallLog=read open"},
     "default: kill-process\nread: log\nwrite: allow\nopen: -\n"},
    {{"SystemCallFilter=read write\nSystemCallLog=~read"},
     "default: kill-process\nread: allow\nwrite: log\nopen: -\n"},
    {{"SystemCallFilter=~open\nSystemCallLog=~read open"},
     "default: log\nread: allow\nopen: kill-process\nwrite: -\n"},
    {{"SystemCallLog=read\nSystemCallLog=~read\nSystemCallLog=write @swap"},
     "default: allow\nread: -\nwrite: log\nswapon: log\n"},
    /* The other settings, alone and below the list. */
    {{"LockPersonality=yes"}, "default: allow\npersonality: a0!=0x0 -> errno:EPERM\n"},
    {{"LockPersonality=yes\nPersonality=x86"},
     "default: allow\npersonality: a0!=0x8 -> errno:EPERM\n"},
    {{"LockPersonality=yes\nLockPersonality=off\nProtectClock=TRUE"},
     "default: allow\npersonality: -\nclock_settime: errno:EPERM\nadjtimex: errno:EPERM\n"},
    {{"RestrictRealtime=on\nSystemCallFilter=sched_setscheduler"},
     "default: kill-process\nsched_setscheduler: a1==0x1 -> errno:EPERM; a1==0x2 -> errno:EPERM; "
     "a1==0x4 -> errno:EPERM; a1>0x5 -> errno:EPERM; allow\n"},
    {{"RestrictRealtime=on\nSystemCallFilter=~sched_setscheduler:ENOSYS"},
     "default: allow\nsched_setscheduler: errno:ENOSYS\n"},
    {{"RestrictRealtime=on\nSystemCallFilter=read"},
     "default: kill-process\nsched_setscheduler: -\n"},
    {{"RestrictRealtime=on\nSystemCallLog=sched_setscheduler"},
     "default: allow\nsched_setscheduler: a1==0x1 -> errno:EPERM; a1==0x2 -> errno:EPERM; "
     "a1==0x4 -> errno:EPERM; a1>0x5 -> errno:EPERM; log\n"},
    {{"MemoryDenyWriteExecute=yes"},
     "default: allow\nmmap: a2&0x6==0x6 -> errno:EPERM\nmprotect: a2&0x4==0x4 -> errno:EPERM\n"
     "pkey_mprotect: a2&0x4==0x4 -> errno:EPERM\nshmat: a2&0x8000==0x8000 -> errno:EPERM\n"},
    {{"RestrictSUIDSGID=yes"},
     "default: allow\nchmod: a1&0x800==0x800 -> errno:EPERM; a1&0x400==0x400 -> errno:EPERM\n"
     "openat: a2&0x40==0x40 a3&0x800==0x800 -> errno:EPERM; a2&0x40==0x40 a3&0x400==0x400 -> "
     "errno:EPERM\nopenat2: errno:ENOSYS\n"},
    {{"DynamicUser=yes"},
     "default: allow\ncreat: a1&0x800==0x800 -> errno:EPERM; "
     "a1&0x400==0x400 -> errno:EPERM\n"},
    {{"ProtectKernelModules=yes\nProtectKernelLogs=yes\nProtectKernelTunables=yes\n"
      "ProtectHostname=yes\nPrivateDevices=yes"},
     "default: allow\nfinit_module: errno:EPERM\nsyslog: errno:EPERM\n_sysctl: errno:EPERM\n"
     "sethostname: errno:EPERM\nsetdomainname: errno:EPERM\niopl: errno:EPERM\n"},
    {{"RestrictAddressFamilies=AF_UNIX"},
     "default: allow\nsocket: a0==0x0 -> errno:EAFNOSUPPORT; a0>=0x2 -> errno:EAFNOSUPPORT\n"},
    {{"RestrictAddressFamilies=AF_INET6 AF_UNIX\nRestrictAddressFamilies=\"AF_INET\" AF_PACKET"
      "\nRestrictAddressFamilies=~AF_PACKET"},
     "default: allow\nsocket: a0==0x0 -> errno:EAFNOSUPPORT; a0>=0x3 a0<=0x9 -> "
     "errno:EAFNOSUPPORT; "
     "a0>=0xb -> errno:EAFNOSUPPORT\n"},
    {{"RestrictAddressFamilies=~AF_PACKET AF_NETLINK AF_UNIX"},
     "default: allow\nsocket: a0==0x1 -> errno:EAFNOSUPPORT; a0>=0x10 a0<=0x11 -> "
     "errno:EAFNOSUPPORT\n"},
    {{"RestrictAddressFamilies=none"}, "default: allow\nsocket: errno:EAFNOSUPPORT\n"},
    {{"RestrictAddressFamilies=AF_UNIX\nRestrictAddressFamilies=~AF_UNIX"},
     "default: allow\nsocket: errno:EAFNOSUPPORT\n"},
    {{"RestrictAddressFamilies=none\nRestrictAddressFamilies=\nLockPersonality=y"},
     "default: allow\nsocket: -\n"},
    {{"RestrictNamespaces=yes"},
     "default: allow\nclone3: errno:ENOSYS\nsetns: errno:EPERM\nunshare: "
     "a0&0x2000000==0x2000000 -> errno:EPERM; a0&0x8000000==0x8000000 -> errno:EPERM; "
     "a0&0x40000000==0x40000000 -> errno:EPERM; a0&0x20000==0x20000 -> errno:EPERM; "
     "a0&0x20000000==0x20000000 -> errno:EPERM; a0&0x10000000==0x10000000 -> errno:EPERM; "
     "a0&0x4000000==0x4000000 -> errno:EPERM; a0&0x80==0x80 -> errno:EPERM\n"},
    {{"RestrictNamespaces=~user time"},
     "default: allow\nclone3: errno:ENOSYS\nsetns: a1==0x0 -> errno:EPERM; "
     "a1&0x10000000==0x10000000 "
     "-> errno:EPERM; a1&0x80==0x80 -> errno:EPERM\nclone: a0&0x10000000==0x10000000 -> "
     "errno:EPERM; a0&0x80==0x80 -> errno:EPERM\n"},
    {{"RestrictNamespaces=cgroup ipc net mnt pid user\nRestrictNamespaces=uts time\n"
      "RestrictNamespaces=~net"},
     "default: allow\nclone: a0&0x40000000==0x40000000 -> errno:EPERM\n"},
    {{"RestrictNamespaces=yes\nRestrictNamespaces=no\nLockPersonality=y"},
     "default: allow\nclone3: -\nunshare: -\n"},
    {{"RestrictNamespaces=yes\nRestrictNamespaces=\nLockPersonality=y"},
     "default: allow\nclone3: -\n"},
    {{"RestrictNamespaces=yes\nProtectClock=yes\nSystemCallFilter=clone3 stime setns read"},
     "default: kill-process\nclone3: errno:ENOSYS\nsetns: errno:EPERM\nstime: allow\n"
     "clock_settime: -\n"},
    /* Whole units, and drop-ins in order. */
    {{"# comment\n[Unit]\nDescription=x\nNothing here\n[Service]\nExecStart=/bin/x %i\n"
      "SystemCallFilter=~open\n[Install]\nWantedBy=x\n[X-Mine]\nSystemCallFilter=read\n"},
     "default: allow\nopen: kill-process\nread: -\n"},
    {{"[Service]\nSystemCallFilter=read\n", "[Service]\nSystemCallFilter=write\n",
      "[Service]\nSystemCallFilter=~read\nSystemCallErrorNumber=EPERM\n"},
     "default: errno:EPERM\nread: -\nwrite: allow\n"},
    {{"[Service]\nSystemCallFilter=read\n",
      "[Service]\nSystemCallFilter=\nSystemCallFilter=~write\n"},
     "default: allow\nwrite: kill-process\nread: -\n"},
    {{"[Service]\nSystemCallFilter=read\n", "SystemCallFilter=write", ""},
     "default: kill-process\nread: allow\nwrite: allow\n"},
    {{"[Socket]\nListenStream=1\nSystemCallFilter=~read"}, "default: allow\nread: kill-process\n"},
    /* Lines: blanks, ends, comments within, backslashes. */
    {{"\n \t SystemCallFilter \t = \t read   write\t\r\n"},
     "default: kill-process\nread: allow\nwrite: allow\n"},
    {{"SystemCallFilter=~read \\\n  write\\\n# open \\\n  ; close\n  "
      "chmod\nSystemCallFilter=~chown"},
     "default: allow\nread: kill-process\nwrite: kill-process\nchmod: kill-process\nopen: -\n"
     "chown: kill-process\n"},
    {{"SystemCallFilter=~read\\\r\nwrite"},
     "default: allow\nread: kill-process\nwrite: kill-process\n"},
    {{"SystemCallFilter=~read \\\n\nRestrictRealtime=0"}, "default: allow\nread: kill-process\n"},
    {{"SystemCallFilter=~read \\"}, "default: allow\nread: kill-process\n"},
    {{"#x\\\nSystemCallFilter=~read"}, "default: allow\nread: kill-process\n"},
    {{"\xef\xbb\xbfSystemCallFilter=~read"}, "default: allow\nread: kill-process\n"},
    {{"[Service]\nExecStart=x \\\nSystemCallFilter=~read\nRestrictRealtime=1\n"},
     "default: allow\nread: -\n"},
    {{"[Service]\nEnvironment=a=\\\\\nSystemCallFilter=~read\n"},
     "default: allow\nread: kill-process\n"},
};

static void test_systemd_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(meanings); i++) {
        struct policy *policy = read_texts(meanings[i].texts, &x86_64, NULL);
        CLEANUP_FREE char *copy = memory_strdup(meanings[i].expected);
        struct buffer said = {0};
        char *rest = copy;
        for (char *line; (line = strsep(&rest, "\n")) && *line;) {
            *strchr(line, ':') = 0;
            CLEANUP_FREE char *rules = strcmp(line, "default") == 0
                                           ? action_text(policy->default_action)
                                           : rules_text(policy, line);
            buffer_printf(&said, "%s: %s\n", line, rules);
        }
        CLEANUP_FREE char *text = buffer_steal_text(&said);
        assert_string_equal(text, meanings[i].expected);
        assert_canonical(policy, NULL);
        policy_free(policy);
    }
}

/* SystemCallArchitectures=, for a target: ABIs, and the note that says so where it is not set. */
static void test_systemd_architectures(void **state)
{
    (void)state;
    static const char other[] =
        "policy.json: no SystemCallArchitectures=: what is listed is allowed to x86_64 code; other "
        "ABIs are refused, unless it names them";
    static const struct {
        const char *text, *target, *abis, *note;
    } cases[] = {
        {"SystemCallFilter=read", "x86_64", "", other},
        {"SystemCallFilter=~read", "x86_64", "", NULL},
        {"SystemCallFilter=read\nSystemCallArchitectures=native", "x86_64", "x86_64 ", NULL},
        {"SystemCallArchitectures=native", "aarch64", "aarch64 ", NULL},
        {"SystemCallArchitectures=x86", "x86_64", "i386 x86_64 ", NULL},
        {"SystemCallArchitectures=native x86 x32\nSystemCallFilter=read", "x86_64",
         "i386 x32 x86_64 ", NULL},
        {"SystemCallArchitectures='arm64' arm s390x", "aarch64", "aarch64 arm ", NULL},
        {"SystemCallArchitectures=x86\nSystemCallArchitectures=\nSystemCallFilter=~read", "x86_64",
         "", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct policy_options options = {.architecture = cases[i].target};
        struct policy_notes notes = {0};
        struct policy *policy =
            read_texts((const char *const[]){cases[i].text, NULL}, &options, &notes);
        struct buffer abis = {0};
        for (size_t k = 0; k < policy->abi_count; k++) {
            buffer_printf(&abis, "%s ", policy->abis[k]);
        }
        CLEANUP_FREE char *text = buffer_steal_text(&abis);
        assert_string_equal(text, cases[i].abis);
        assert_int_equal(notes.count, cases[i].note ? 1 : 0);
        if (cases[i].note) {
            assert_string_equal(notes.lines[0], cases[i].note);
        }
        policy_notes_free(&notes);
        policy_free(policy);
    }
}

/* Each rule knows the word that it comes from, and whether somebody wrote the name. */
static void test_systemd_places(void **state)
{
    (void)state;
    static const char unit[] = "[Service]\n"
                               "SystemCallFilter=~read \\\n"
                               "  # not this\n"
                               "    write @swap\\\n"
                               "\tchmod:EPERM swapon\n"
                               "LockPersonality=\\\n"
                               " yes\n";
    static const struct {
        const char *name;
        size_t line, column;
        const char *set;
    } expected[] = {
        {"read", 2, 19, NULL},   {"write", 4, 5, NULL}, {"swapoff", 4, 11, "@swap"},
        {"swapon", 5, 14, NULL}, {"chmod", 5, 2, NULL}, {"personality", 7, 2, "LockPersonality="},
    };
    struct policy *policy = read_texts((const char *const[]){unit, NULL}, &x86_64, NULL);
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct rule *rule = &policy_find(policy, expected[i].name)->rules[0];
        assert_string_equal(rule->place.file, "policy.json");
        assert_int_equal(rule->place.line, expected[i].line);
        assert_int_equal(rule->place.column, expected[i].column);
        if (expected[i].set) {
            assert_string_equal(rule->set, expected[i].set);
        } else {
            assert_null(rule->set);
        }
    }
    policy_free(policy);
}

/* '^' marks the place. */
static const struct {
    const char *text;
    const char *message;
} mistakes[] = {
    {"SystemCallFilter=~read ^raed", "unknown system call \"raed\": did you mean \"read\"?"},
    {"SystemCallFilter=read \\\n#\n   ^nothing_like_it",
     "unknown system call \"nothing_like_it\": no architecture has it, see \"man 2 syscalls\""},
    {"SystemCallFilter=^@system-servce",
     "systemd 252 (252.39-1~deb12u2) has no set '@system-servce': did you mean '@system-service'?"},
    {"SystemCallFilter=~^@no-such-thing:EPERM",
     "systemd 252 (252.39-1~deb12u2) has no set '@no-such-thing': \"systemd-analyze "
     "syscall-filter\" "
     "lists them"},
    {"SystemCallFilter=^@", "systemd 252 (252.39-1~deb12u2) has no set '@': \"systemd-analyze "
                            "syscall-filter\" lists them"},
    {"SystemCallFilter=^\"read\"",
     "\"read\" is not a name of a system call: systemd takes no quotes "
     "off here, remove them"},
    {"SystemCallFilter=^%i",
     "'%i' is not a name of a system call: systemd replaces no specifiers (%) "
     "here, write the name"},
    {"SystemCallFilter=read ^59",
     "'59' is a number: give the name of the system call, numbers differ "
     "from ABI to ABI"},
    {"SystemCallFilter=read ^~write",
     "'~write' is not a name of a system call: letters, digits and "
     "'_' only; '~' stands before the first name, for all of them"},
    {"SystemCallFilter=^read,write",
     "'read,write' is not a name of a system call: letters, digits and '_' only"},
    {"SystemCallFilter=^re\\ad",
     "'re\\ad' is not a name of a system call: letters, digits and '_' only"},
    {"SystemCallFilter=read ^# and no more",
     "'#' is not a name of a system call: a comment needs a "
     "line of its own"},
    {"SystemCallFilter=~^:EPERM",
     "'' is not a name of a system call: letters, digits and '_' only"},
    {"SystemCallFilter=~^read:", "':' is not the name of an errno, a number from 0 to 4095, or "
                                 "':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:KILL",
     "':KILL' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:eprem",
     "':eprem' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:08", "':08' is not the name of an errno, a number from 0 to 4095, "
                                   "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:0x", "':0x' is not the name of an errno, a number from 0 to 4095, "
                                   "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:0xg", "':0xg' is not the name of an errno, a number from 0 to 4095, "
                                    "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:0b2", "':0b2' is not the name of an errno, a number from 0 to 4095, "
                                    "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:+0b1",
     "':+0b1' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:0o8", "':0o8' is not the name of an errno, a number from 0 to 4095, "
                                    "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:-5", "':-5' is not the name of an errno, a number from 0 to 4095, "
                                   "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:++5", "':++5' is not the name of an errno, a number from 0 to 4095, "
                                    "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:0x1000",
     "':0x1000' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:4294967297",
     "':4294967297' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:18446744073709551617",
     "':18446744073709551617' is not the name of an errno, a number from 0 to 4095, "
     "or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:4096",
     "':4096' is not the name of an errno, a number from 0 to 4095, or "
     "':kill': write 'read:EPERM'"},
    {"SystemCallFilter=~^read:EPERM:1",
     "':EPERM:1' is not the name of an errno, a number from 0 to "
     "4095, or ':kill': write 'read:EPERM'"},
    {"SystemCallFilter=^read:EPERM",
     "'read:EPERM' in a list of what is allowed, where systemd passes "
     "over it: begin the list with '~' to refuse it"},
    {"SystemCallFilter=~read\nSystemCallFilter=^write:kill",
     "'write:kill' in a list of what is allowed, where systemd passes over it: begin the list with "
     "'~' "
     "to refuse it"},
    {"SystemCallLog=^read:EPERM", "SystemCallLog= takes no ':EPERM': name the system call only"},
    {"SystemCallErrorNumber=^0",
     "'0' is not the name of an errno, a number from 1 to 4095, or 'kill': write EPERM"},
    {"SystemCallErrorNumber=^EPREM",
     "'EPREM' is not the name of an errno, a number from 1 to 4095, or 'kill': write EPERM"},
    {"SystemCallErrorNumber=^EPERM EACCES",
     "'EPERM EACCES' is not the name of an errno, a number from 1 to 4095, or 'kill': write EPERM"},
    {"SystemCallArchitectures=native ^amd64", "'amd64' is no architecture of systemd's: native, "
                                              "x86-64, x86, x32, arm64, arm, riscv64, ..."},
    {"LockPersonality=^maybe", "'maybe' is neither yes nor no: write one of them"},
    {"ProtectClock=^\nRestrictRealtime=1", "'' is neither yes nor no: write one of them"},
    {"Personality=^arm64\nLockPersonality=1",
     "'arm64' is no personality of x86_64 programs: write x86-64, x86, arm64 or arm"},
    {"RestrictAddressFamilies=AF_UNIX ^AF_INTE",
     "'AF_INTE' is no address family: did you mean AF_INET?"},
    {"RestrictAddressFamilies=^O_CREAT",
     "'O_CREAT' is no address family: write AF_INET, see address_families(7)"},
    {"RestrictNamespaces=user ^network",
     "'network' is no kind of namespace: yes, no, or cgroup, ipc, net, mnt, pid, user, uts, time"},
    /* Keys that systemd would pass over, so that nothing would be filtered. */
    {"[Service]\n^SystemCallFliter=read",
     "'SystemCallFliter=' is no setting of systemd's: did you mean 'SystemCallFilter='?"},
    {"[Service]\n^systemcallfilter=read",
     "'systemcallfilter=' is no setting of systemd's: did you mean 'SystemCallFilter='?"},
    {"[Service]\n  ^SystemCallAction=kill",
     "'SystemCallAction=' is no setting of systemd 252: there are SystemCallFilter=, "
     "SystemCallErrorNumber=, SystemCallArchitectures= and SystemCallLog="},
    {"[Unit]\n^SystemCallFilter=read",
     "'SystemCallFilter=' in [Unit]: only [Service], [Socket], [Mount] and [Swap] have it: move it "
     "there"},
    {"^SystemCallFilter=read\n[Service]\nRestrictRealtime=1\n",
     "'SystemCallFilter=' stands before any section, where systemd passes over it: move it below "
     "[Service]"},
    {"[Service]\nSystemCallFilter=read\n[Socket]\n^SystemCallFilter=write\n",
     "'SystemCallFilter=' in [Socket], but others of its kind are in [Service]: give the unit of "
     "one "
     "process"},
    {"[Service]\nSystemCallFilter=read\n  ^write open\n",
     "'write open' assigns nothing, so that systemd passes over it: is a '\\' missing at the end "
     "of "
     "the line above?"},
    {"[Service]\n^=read\n",
     "'=read' assigns nothing, so that systemd passes over it: is a '\\' missing "
     "at the end of the line above?"},
    {"[Unit]\n^[Service\nSystemCallFilter=read", "'[Service' is no section: write [Service]"},
    {"[Service]\nSystemCallFilter=read^\rwrite\n",
     "a carriage return within a line: end lines with a newline"},
};

static void test_systemd_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct marked m = unmark(mistakes[i].text);
        struct policy *policy = NULL;
        struct error error = {0};
        int result =
            policy_parse("policy.json", m.text, strlen(m.text), &x86_64, &policy, NULL, &error);
        if (result == 0) {
            fail_msg("read: %s", mistakes[i].text);
        }
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        free(m.text);
    }
}

static void assert_refused(const char *text, size_t size, const struct policy_options *options,
                           const char *message)
{
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_parse("policy.json", text, size, options, &policy, NULL, &error), -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, message);
    assert_int_equal(error.kind, ERROR_POLICY);
    error_clear(&error);
}

static void test_systemd_other_mistakes(void **state)
{
    (void)state;
    static const char nothing[] =
        "policy.json: nothing in it limits system calls: give a unit with "
        "SystemCallFilter= or its like";
    static const char *const empty[] = {
        "[Service]\nExecStart=/bin/true\n",
        "[Unit]\n",
        "SystemCallFilter=read\nSystemCallFilter=\n",
        "SystemCallFilter=~",
        "RestrictRealtime=no",
        "RestrictNamespaces=no",
    };
    for (size_t i = 0; i < COUNT(empty); i++) {
        assert_refused(empty[i], strlen(empty[i]), &x86_64, nothing);
    }
    static const char nul[] = "SystemCallFilter=re\0ad";
    assert_refused(nul, sizeof nul - 1, &(struct policy_options){.format = "systemd"},
                   "policy.json:1:20: a NUL byte: this is no text");
    static const char native[] = "SystemCallArchitectures=native";
    assert_refused(native, sizeof native - 1, NULL,
                   "policy.json: depends on the architecture: say for which the policy is read");
}

/* What is a unit, and what is not. */
static void test_systemd_is_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool unit;
    } cases[] = {
        {"[Unit]", true},
        {"# x\n\n  [Service]\n", true},
        {"; x\nSystemCallFilter = read", true},
        {"X-Key_1=", true},
        {"[\"a\"]", false},
        {"[{}]", false},
        {"[1]", false},
        {"[unit]", true},
        {"[Unit\nA=b", true},
        {"[]", false},
        {"[true,", false},
        {"[D-BUS Service]", true},
        {"[A,b]", false},
        {"{\"a\":\"[Unit]\"}", false},
        {"read: 1", false},
        {"read=1", false},
        {"Read 1", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct policy_text text = {"policy.json", cases[i].text, strlen(cases[i].text)};
        assert_int_equal(systemd_format.recognise(&text), cases[i].unit);
    }
}

/* Many words cost little: they are counted. */
static void test_systemd_is_bounded(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_printf(&text, "SystemCallFilter=");
    for (int i = 0; i < 2000; i++) {
        buffer_printf(&text, "@known ");
    }
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_parse("policy.json", (const char *)text.data, text.size, &x86_64,
                                  &policy, NULL, &error),
                     -1);
    assert_string_equal(error.text, "names too many system calls: this is no policy");
    error_clear(&error);
    buffer_free(&text);
    for (int i = 0; i < 65537; i++) {
        buffer_printf(&text, "SystemBallFool=\n");
    }
    assert_int_equal(policy_parse("policy.json", (const char *)text.data, text.size, &x86_64,
                                  &policy, NULL, &error),
                     -1);
    assert_string_equal(error.text, "more than 65536 settings: this is no unit");
    assert_int_equal(error.line, 65537);
    error_clear(&error);
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systemd_meanings),       cmocka_unit_test(test_systemd_architectures),
        cmocka_unit_test(test_systemd_places),         cmocka_unit_test(test_systemd_mistakes),
        cmocka_unit_test(test_systemd_other_mistakes), cmocka_unit_test(test_systemd_is_recognised),
        cmocka_unit_test(test_systemd_is_bounded),
    };
    return cmocka_run_group_tests_name("policy_systemd", tests, NULL, NULL);
}
