/* SPDX-License-Identifier: Apache-2.0 */
/* calls FILE: loads a shared object and calls its call_library(). */
#include <dlfcn.h>
#include <stdio.h>

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) {
        return 2;
    }
    void *library = dlopen(arguments[1], RTLD_NOW);
    int (*call)(void) = NULL;
    if (library) {
        *(void **)&call = dlsym(library, "call_library");
    }
    if (!call) {
        puts(dlerror());
        return 1;
    }
    return call();
}
