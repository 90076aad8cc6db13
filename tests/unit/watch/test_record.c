/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/record.h"

#include "base/memory.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define X86_64 AUDIT_ARCH_X86_64

/* Lines as the kernel, auditd, the journal and ausearch print them. */
static void test_record_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        struct want {
            uint32_t architecture, number, code;
            uint64_t pid;
            const char *command, *program;
        } want;
    } cases[] = {
        {"[12380.682454] audit: type=1326 audit(1795574259.361:1429): auid=4294967295 uid=0 gid=0 "
         "ses=4294967295 pid=14393 comm=\"server\" exe=\"/tmp/server.caged\" sig=31 arch=c000003e "
         "syscall=92 compat=0 ip=0x7f13fcce6829 code=0x80000000\n",
         {X86_64, 92, SECCOMP_RET_KILL_PROCESS, 14393, "server", "/tmp/server.caged"}},
        {"type=SECCOMP msg=audit(1536000000.1:12): auid=0 uid=0 gid=0 ses=1 pid=7 comm=\"a\" "
         "exe=\"/a\" sig=0 arch=40000003 syscall=102 compat=1 ip=0xf7 code=0x7ffc0000\x1d"
         "AUID=\"root\" ARCH=i386 SYSCALL=socketcall",
         {AUDIT_ARCH_I386, 102, SECCOMP_RET_LOG, 7, "a", "/a"}},
        {"type=SECCOMP msg=audit(02/03/2024 10:11:12.345:12) : auid=unset pid=9 comm=foo "
         "exe=/usr/bin/foo sig=SIGSYS arch=x86_64 syscall=chown compat=0 ip=0x7f code=kill",
         {X86_64, 92, SECCOMP_RET_KILL_THREAD, 9, "foo", "/usr/bin/foo"}},
        {"Nov 21 23:21:00 host audit[12]: SECCOMP auid=1000 uid=1000 pid=12 comm=\"b\" exe=\"/b\" "
         "sig=0 arch=c00000b7 syscall=54 compat=0 ip=0xffff code=0x50000",
         {AUDIT_ARCH_AARCH64, 54, SECCOMP_RET_ERRNO, 12, "b", "/b"}},
        /* A space or a quote in a name makes the kernel write it in hexadecimal. */
        {"type=1326 pid=1 comm=612062 exe=2F61220A arch=c000003e syscall=1073741863 code=0x30000",
         {X86_64, 0x40000027, SECCOMP_RET_TRAP, 1, "a b", "/a\"?"}},
        {"type=1326 arch=c000003e syscall=-1 code=0x0", {X86_64, UINT32_MAX, 0, 0, NULL, NULL}},
        {"type=1326 audit(1.2:3): uid=0 sig=31 syscall=231 compat=0 ip=0x7f code=0x0",
         {0, 231, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
        {"type=1326 comm=(null) exe=\"/with space in quotes\" arch=c000003e syscall=1 code=0x50001",
         {X86_64, 1, SECCOMP_RET_ERRNO, 0, NULL, "/with space in quotes"}},
        {"type=1326 arch=c000003e syscall=1 syscall=2 arch=40000003 code=0x7fc00000",
         {X86_64, 1, SECCOMP_RET_USER_NOTIF, 0, NULL, NULL}},
        /* journalctl -o json, of the kernel's messages and of the audit transport; with the message
           as bytes; json-sse and json-seq; json-pretty; export and verbose. */
        {"{\"_TRANSPORT\":\"kernel\",\"SYSLOG_IDENTIFIER\":\"kernel\",\"MESSAGE\":\"audit: "
         "type=1326 "
         "audit(1795574259.361:1429): pid=14393 comm=\\\"server\\\" exe=\\\"/tmp/a b\\\" sig=31 "
         "arch=c000003e syscall=92 compat=0 ip=0x7f code=0x80000000\",\"PRIORITY\":\"5\"}\n",
         {X86_64, 92, SECCOMP_RET_KILL_PROCESS, 14393, "server", "/tmp/a b"}},
        {"{\"MESSAGE\":\"SECCOMP auid=1000 pid=12 comm=\\\"b\\\" exe=\\\"/b\\\" sig=0 "
         "arch=c00000b7 "
         "syscall=54 compat=0 ip=0xffff code=0x50000\",\"_AUDIT_TYPE\":\"1326\",\"_PID\":\"12\"}",
         {AUDIT_ARCH_AARCH64, 54, SECCOMP_RET_ERRNO, 12, "b", "/b"}},
        {"{\"MESSAGE\":[83,69,67,67,79,77,80,32,115,121,115,99,97,108,108,61,57,50,32,99,111,100,"
         "101,61,48,120,48,29]}",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
        {"data: {\"MESSAGE\":\"type=1326 syscall=92 code=0x0\"}\n",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
        {"\x1e{\"MESSAGE\":\"type=1326 syscall=92 code=0x0\"}\n",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
        {"\t\"MESSAGE\" : \"SECCOMP comm=\\\"b,\\\" syscall=92 code=0x0\",\n",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, "b,", NULL}},
        {"\t\"MESSAGE\" : \"SECCOMP syscall=92 code=0x0\"\n",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
        {"MESSAGE=SECCOMP comm=\"b\" syscall=92 code=0x0",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, "b", NULL}},
        {"    MESSAGE=SECCOMP syscall=92 code=0x0\n",
         {0, 92, SECCOMP_RET_KILL_THREAD, 0, NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record = {0};
        const char *why = NULL;
        const struct want *want = &cases[i].want;
        assert_int_equal(record_parse(cases[i].line, strlen(cases[i].line), &record, &why),
                         RECORD_FOUND);
        assert_int_equal(record.architecture, want->architecture);
        assert_int_equal(record.number, want->number);
        assert_int_equal(record.code, want->code);
        assert_int_equal(record.pid, want->pid);
        assert_string_equal(record.command ? record.command : "-",
                            want->command ? want->command : "-");
        assert_string_equal(record.program ? record.program : "-",
                            want->program ? want->program : "-");
        record_clear(&record);
    }
}

static void test_record_that_is_none_or_bad(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum record_found found;
        const char *why;
    } cases[] = {
        {"", RECORD_NONE, NULL},
        {"audit: type=1400 apparmor=\"DENIED\" syscall=92 code=0x0", RECORD_NONE, NULL},
        {"type=SYSCALL msg=audit(1:2): arch=c000003e syscall=92 success=no", RECORD_NONE, NULL},
        {"type=13260 arch=c000003e syscall=92 code=0x0", RECORD_NONE, NULL},
        {"we use SECCOMP here", RECORD_NONE, NULL},
        {"comm=\"type=1326 syscall=1 code=0x0\"", RECORD_NONE, NULL},
        {"{\"MESSAGE\":\"hello\",\"OTHER\":\"type=1326 syscall=1 code=0x0\"}", RECORD_NONE, NULL},
        {"{\"MESSAGE\":[1,2,\"x\"]}", RECORD_NONE, NULL},
        {"{\"MESSAGE\":null}", RECORD_NONE, NULL},
        {"{}", RECORD_NONE, NULL},
        {"[]", RECORD_NONE, NULL},
        {"\"MESSAGE\"", RECORD_NONE, NULL},
        {"\"MESSAGE\" : ,", RECORD_NONE, NULL},
        {"\"MESSAGE\" : [\n", RECORD_NONE, NULL},
        {"{\"MESSAGE\":null,\"_AUDIT_TYPE\":\"1326\"}", RECORD_BAD,
         "it has no MESSAGE that is a text: \"journalctl --all\" prints it"},
        {"{\"MESSAGE\":\"type=1326 syscall=92\"}", RECORD_BAD, "it has no code="},
        {"type=1326", RECORD_BAD, "it has no syscall="},
        {"type=1326 arch=c000003e code=0x0", RECORD_BAD, "it has no syscall="},
        {"type=1326 arch=c000003e syscall=92", RECORD_BAD, "it has no code="},
        {"type=1326 arch=vax syscall=92 code=0x0", RECORD_BAD,
         "its arch= is neither a number nor a known name"},
        {"type=1326 arch=1c000003e syscall=92 code=0x0", RECORD_BAD,
         "its arch= is neither a number nor a known name"},
        {"type=1326 arch=c000003e syscall=chwon code=0x0", RECORD_BAD,
         "its syscall= is neither a number nor a call of its architecture"},
        {"type=1326 arch=c000003e syscall=4294967296 code=0x0", RECORD_BAD,
         "its syscall= is neither a number nor a call of its architecture"},
        {"type=1326 arch=c000003e syscall= code=0x0", RECORD_BAD,
         "its syscall= is neither a number nor a call of its architecture"},
        {"type=1326 arch=c000003e syscall=92 code=maybe", RECORD_BAD, "its code= is no action"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record = {0};
        const char *why = NULL;
        assert_int_equal(record_parse(cases[i].line, strlen(cases[i].line), &record, &why),
                         cases[i].found);
        if (cases[i].why) {
            assert_string_equal(why, cases[i].why);
        }
    }
}

/* A line need not end in a NUL, and every beginning of one is harmless. */
static void test_record_of_every_length(void **state)
{
    (void)state;
    static const char line[] = "type=1326 pid=14393 comm=\"a b\" exe=2F61 arch=c000003e syscall=92 "
                               "code=0x80000000";
    for (size_t size = 0; size < sizeof line; size++) {
        char *copy = size ? memory_copy(line, size) : memory_zeroed(1, 1);
        struct record record = {0};
        const char *why = NULL;
        if (record_parse(copy, size, &record, &why) == RECORD_FOUND) {
            record_clear(&record);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_is_read),
        cmocka_unit_test(test_record_that_is_none_or_bad),
        cmocka_unit_test(test_record_of_every_length),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
