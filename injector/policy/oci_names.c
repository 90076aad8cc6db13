/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of OCI seccomp profiles. Sources: the OCI runtime specification (config-linux.md,
 * seccomp), seccomp.h of libseccomp 2.6, linux/capability.h; for includes and excludes the names
 * that Docker and Podman compare with, which are those of Go and some of their own (x86, x32).
 */
#include "policy/oci_names.h"

#include <string.h>

static const struct {
    const char *scmp;
    const char *abi;
} architectures[] = {
    {"SCMP_ARCH_X86_64", "x86_64"},
    {"SCMP_ARCH_X86", "i386"},
    {"SCMP_ARCH_X32", "x32"},
    {"SCMP_ARCH_AARCH64", "aarch64"},
    {"SCMP_ARCH_ARM", "arm"},
    {"SCMP_ARCH_LOONGARCH64", "loongarch64"},
    {"SCMP_ARCH_M68K", "m68k"},
    {"SCMP_ARCH_MIPS", "mips"},
    {"SCMP_ARCH_MIPS64", "mips64"},
    {"SCMP_ARCH_MIPS64N32", "mips64n32"},
    {"SCMP_ARCH_MIPSEL", "mipsel"},
    {"SCMP_ARCH_MIPSEL64", "mipsel64"},
    {"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"},
    {"SCMP_ARCH_PARISC", "parisc"},
    {"SCMP_ARCH_PARISC64", "parisc64"},
    {"SCMP_ARCH_PPC", "ppc"},
    {"SCMP_ARCH_PPC64", "ppc64"},
    {"SCMP_ARCH_PPC64LE", "ppc64le"},
    {"SCMP_ARCH_RISCV64", "riscv64"},
    {"SCMP_ARCH_S390", "s390"},
    {"SCMP_ARCH_S390X", "s390x"},
    {"SCMP_ARCH_SH", "sh"},
    {"SCMP_ARCH_SHEB", "sheb"},
};

static const struct {
    const char *go;
    const char *abi;
} go_names[] = {
    {"amd64", "x86_64"},
    {"386", "i386"},
    {"x86", "i386"},
    {"x32", "x32"},
    {"arm64", "aarch64"},
    {"arm", "arm"},
    {"loong64", "loongarch64"},
    {"loongarch64", "loongarch64"},
    {"mips", "mips"},
    {"mipsle", "mipsel"},
    {"mipsel", "mipsel"},
    {"mips64", "mips64"},
    {"mips64n32", "mips64n32"},
    {"mips64p32", "mips64n32"},
    {"mips64le", "mipsel64"},
    {"mipsel64", "mipsel64"},
    {"mips64p32le", "mipsel64n32"},
    {"mipsel64n32", "mipsel64n32"},
    {"ppc", "ppc"},
    {"ppc64", "ppc64"},
    {"ppc64le", "ppc64le"},
    {"riscv64", "riscv64"},
    {"s390", "s390"},
    {"s390x", "s390x"},
};

static const char *const capabilities[] = {
    "CAP_AUDIT_CONTROL",   "CAP_AUDIT_READ",   "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",   "CAP_BPF",          "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",          "CAP_FSETID",       "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",       "CAP_KILL",         "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",           "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",   "CAP_NET_RAW",      "CAP_PERFMON",
    "CAP_SETFCAP",         "CAP_SETGID",       "CAP_SETPCAP",
    "CAP_SETUID",          "CAP_SYSLOG",       "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",        "CAP_SYS_CHROOT",   "CAP_SYS_MODULE",
    "CAP_SYS_NICE",        "CAP_SYS_PACCT",    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",  "CAP_WAKE_ALARM",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *oci_abi(const char *scmp_name)
{
    for (size_t i = 0; i < COUNT(architectures); i++) {
        if (strcmp(architectures[i].scmp, scmp_name) == 0) {
            return architectures[i].abi;
        }
    }
    return NULL;
}

const char *oci_abi_of_go(const char *go_name)
{
    for (size_t i = 0; i < COUNT(go_names); i++) {
        if (strcmp(go_names[i].go, go_name) == 0) {
            return go_names[i].abi;
        }
    }
    return NULL;
}

bool oci_capability_is_known(const char *name)
{
    for (size_t i = 0; i < COUNT(capabilities); i++) {
        if (strcmp(capabilities[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const char *oci_architecture(const char *abi)
{
    for (size_t i = 0; i < COUNT(architectures); i++) {
        if (strcmp(architectures[i].abi, abi) == 0) {
            return architectures[i].scmp;
        }
    }
    return NULL;
}

/* The first name of a kind is the one that is written. */
static const struct {
    const char *name;
    enum action_kind kind;
} actions[] = {
    {"SCMP_ACT_ALLOW", ACTION_ALLOW},
    {"SCMP_ACT_ERRNO", ACTION_ERRNO},
    {"SCMP_ACT_KILL_PROCESS", ACTION_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", ACTION_KILL_THREAD},
    {"SCMP_ACT_KILL", ACTION_KILL_THREAD},
    {"SCMP_ACT_LOG", ACTION_LOG},
    {"SCMP_ACT_TRACE", ACTION_TRACE},
    {"SCMP_ACT_TRAP", ACTION_TRAP},
};

static const char *const compares[] = {
    [COMPARE_EQ] = "SCMP_CMP_EQ",
    [COMPARE_NE] = "SCMP_CMP_NE",
    [COMPARE_LT] = "SCMP_CMP_LT",
    [COMPARE_LE] = "SCMP_CMP_LE",
    [COMPARE_GT] = "SCMP_CMP_GT",
    [COMPARE_GE] = "SCMP_CMP_GE",
    [COMPARE_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

enum oci_action oci_action(const char *name, enum action_kind *kind)
{
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            *kind = actions[i].kind;
            return OCI_ACTION_GOOD;
        }
    }
    return strcmp(name, "SCMP_ACT_NOTIFY") == 0 ? OCI_ACTION_NOTIFY : OCI_ACTION_UNKNOWN;
}

const char *oci_action_name(enum action_kind kind)
{
    size_t i = 0;
    while (actions[i].kind != kind) {
        i++;
    }
    return actions[i].name;
}

bool oci_compare(const char *name, enum compare *compare)
{
    for (size_t i = 0; i < COUNT(compares); i++) {
        if (strcmp(compares[i], name) == 0) {
            *compare = (enum compare)i;
            return true;
        }
    }
    return false;
}

const char *oci_compare_name(enum compare compare)
{
    return compares[compare];
}
