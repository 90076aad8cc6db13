/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows that main was reached: says so, and makes the file that its argument names. With -DCTOR a
 * constructor of the program itself, which runs after the entry hook, says so too.
 */
#include <fcntl.h>
#include <unistd.h>

static void say(const char *text, size_t size)
{
    if (write(1, text, size) < 0) {
        _exit(3);
    }
}

#ifdef CTOR
__attribute__((constructor)) static void start(void)
{
    say("constructor\n", 12);
}
#endif

int main(int argc, char **argv)
{
    say("main\n", 5);
    if (argc > 1) {
        close(open(argv[1], O_CREAT | O_WRONLY, 0666));
    }
    return 7;
}
