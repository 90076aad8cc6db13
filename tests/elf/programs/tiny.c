/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static x86-64 program without libc: few segments, hardly a note, nothing to move. Same protocol
 * as kinds.c, without threads.
 */
#define SYS_read 0
#define SYS_write 1
#define SYS_exit_group 231
#define SYS_mkdir 83
#define SYS_rmdir 84

static long call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static void put(const char *text)
{
    long size = 0;
    while (text[size] != '\0') {
        size++;
    }
    call3(SYS_write, 1, (long)text, size);
}

static void put_number(long number)
{
    char digits[24];
    int at = 23;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(digits + at);
}

__attribute__((noinline, used)) int main(long argc, char **argv)
{
    char byte;
    if (argc > 1 && argv[1][0] == 'h') {
        put("holding\n");
        while (call3(SYS_read, 0, (long)&byte, 1) > 0) {
        }
        return 0;
    }
    put("tiny\n");
    long result = call3(SYS_mkdir, (long)"kinds-directory-tiny", 0700, 0);
    if (result == 0) {
        call3(SYS_rmdir, (long)"kinds-directory-tiny", 0, 0);
        put("call from main: allowed\n");
    } else {
        put("call from main: errno ");
        put_number(-result);
        put("\n");
    }
    put("done\n");
    return 0;
}

__attribute__((used)) void enter(long *stack)
{
    call3(SYS_exit_group, main(stack[0], (char **)(stack + 1)), 0, 0);
    __builtin_trap();
}

__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call enter\n");
