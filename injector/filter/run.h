/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter without its guard, for those who run one program on many system calls.
 */
#ifndef ELFCAGE_FILTER_RUN_H
#define ELFCAGE_FILTER_RUN_H

#include "filter/filter.h"

/* What the program returns. Only for programs that filter_check() has accepted. `trace` may be
 * NULL.
 */
uint32_t filter_execute(const struct filter *filter, const struct seccomp_data *call,
                        struct trace *trace);

#endif
