/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that is started: it does nothing. CAGE is how it is caged by its own code: not at all
 * (elfcage does it, or something around it), or LIBSECCOMP: by libseccomp in main(), which adds the
 * rules of RULES_H (`RULE(read)` for each allowed call) to a policy that denies. Names are numbers
 * by then, which is the fastest that libseccomp can be used.
 */
#ifdef LIBSECCOMP

#include <errno.h>
#include <seccomp.h>

static const int allowed[] = {
#include RULES_H
};

int main(void)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    for (unsigned i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0) < 0) {
            return 1;
        }
    }
    return seccomp_load(context) < 0;
}

#else

int main(void)
{
    return 0;
}

#endif
