/* SPDX-License-Identifier: Apache-2.0 */
/* What lint prints on standard output. */
#ifndef ELFCAGE_COMMANDS_LINT_REPORT_H
#define ELFCAGE_COMMANDS_LINT_REPORT_H

#include "commands/report.h"
#include "lint/lint.h"

struct lint_output {
    const struct lint_report *report;
    const struct arch *arch;
    const char *binary; /* NULL: a policy alone */
    bool recorded;      /* the policy is the one that the binary carries: it has no file */
};

/* Two lines a finding: place, severity, code and what is wrong; the way out. */
void report_lint_text(const struct lint_output *output);
void report_lint_json(const struct lint_output *output);
/* SARIF 2.1.0 (OASIS). */
void report_lint_sarif(const struct lint_output *output);

#endif
