/* SPDX-License-Identifier: Apache-2.0 */
/* The words of OCI seccomp profiles: architectures, capabilities, actions, operators. */
#ifndef ELFCAGE_POLICY_OCI_NAMES_H
#define ELFCAGE_POLICY_OCI_NAMES_H

#include "policy/model.h"

/* "SCMP_ARCH_X86_64" -> "x86_64". NULL if it is none of libseccomp's. */
const char *oci_abi(const char *scmp_name);
/* "x86_64" -> "SCMP_ARCH_X86_64". NULL if libseccomp has no word for it. */
const char *oci_architecture(const char *abi);
/* "amd64" -> "x86_64": the words of includes and excludes. NULL if it is unknown. */
const char *oci_abi_of_go(const char *go_name);
bool oci_capability_is_known(const char *name);

enum oci_action {
    OCI_ACTION_UNKNOWN,
    OCI_ACTION_NOTIFY,
    OCI_ACTION_GOOD,
};
/* "SCMP_ACT_ERRNO" -> ACTION_ERRNO; SCMP_ACT_KILL is KILL_THREAD, as libseccomp has it. */
enum oci_action oci_action(const char *name, enum action_kind *kind);
const char *oci_action_name(enum action_kind kind);
bool oci_compare(const char *name, enum compare *compare);
const char *oci_compare_name(enum compare compare);

#endif
