/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load FILE ARGUMENT...: loads a shared object and calls its main(), as if it was the program.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argument_count, char **arguments)
{
    void *library = argument_count > 1 ? dlopen(arguments[1], RTLD_NOW) : NULL;
    int (*function)(int, char **) = NULL;
    if (library) {
        *(void **)&function = dlsym(library, "main");
    }
    if (!function) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    return function(argument_count - 1, arguments + 1);
}
