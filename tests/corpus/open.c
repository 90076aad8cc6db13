// SPDX-License-Identifier: Apache-2.0
//
// Opens a shared object, as a program that has plug-ins does, and closes it again.
//
//   open [HOST...] FILE
//
// HOST are libraries whose symbols FILE takes for granted (an interpreter's). Prints "opened" or,
// on standard error, "not opened: REASON" (status 1).
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; ++i) {
        dlopen(argv[i], RTLD_LAZY | RTLD_GLOBAL); // without it, FILE says what it misses
    }
    void *object = argc > 1 ? dlopen(argv[argc - 1], RTLD_LAZY) : NULL;
    if (object == NULL) {
        const char *reason = argc > 1 ? dlerror() : "no file is named";
        fprintf(stderr, "not opened: %s\n", reason);
        return 1;
    }
    puts("opened");
    fflush(stdout);
    return dlclose(object) == 0 ? 0 : 1;
}
