/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest program that does something: exits with status 7. For tests that go through every
 * byte of a file. Built with -nostdlib -static.
 */
void _start(void);
void _start(void)
{
#ifdef __x86_64__
    __asm__ volatile("syscall" ::"a"(60), "D"(7));
#else
    __asm__ volatile("int $0x80" ::"a"(1), "b"(7));
#endif
    __builtin_unreachable();
}
