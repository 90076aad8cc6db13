/* SPDX-License-Identifier: Apache-2.0 */
/* Filters stacked upon each other, as threads have them: shared with those they started. */
#ifndef ELFCAGE_WATCH_STACK_H
#define ELFCAGE_WATCH_STACK_H

#include "filter/filter.h"

struct filter_stack; /* NULL: no filter. Counted: who keeps a pointer has to have taken it */

struct filter_stack *filter_stack_take(struct filter_stack *stack);
void filter_stack_drop(struct filter_stack *stack);
/* A new top; `below` and the filter are taken over. */
struct filter_stack *filter_stack_push(struct filter_stack *below, struct filter *filter);

/* What the kernel makes of a call: the strictest answer, of equals the latest filter's. *decider is
   NULL if all allow. */
uint32_t filter_stack_run(const struct filter_stack *stack, const struct seccomp_data *call,
                          const struct filter **decider);

/* Reads the program that a call to seccomp(2) or prctl(2) is about to load. False if the call does
   something else, or the program is none that the kernel takes. *flags: of seccomp(2). */
bool filter_stack_read_load(int thread, const struct seccomp_data *call, struct filter *out,
                            uint64_t *flags);

#endif
