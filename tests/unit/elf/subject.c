/* SPDX-License-Identifier: Apache-2.0 */
/* The program that test_verify cages, and with OTHER another one of the same kind. */
#include <stdio.h>

int main(int argc, char **argv)
{
#ifdef OTHER
    for (int i = 1; i < argc; i++) {
        printf("%s %d\n", argv[i], i);
    }
#endif
    return puts(argv[argc - 1]) == EOF;
}
