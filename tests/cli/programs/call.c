/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes raw system calls and says what came of each: the way a program that wants past its filter
 * would make them, with no libc in between.
 *
 *     call ABI NUMBER [ARGUMENT...] [-- ABI NUMBER [ARGUMENT...]]...
 *
 * ABI is `64` (syscall instruction) or `32` (int 0x80). Built for x86-64 both come from 64-bit
 * code; built with -m32 the first goes through a far call to the 64-bit code selector. ARGUMENT is
 * a number (64 bits, negative allowed, A|B sums bits), @TEXT (the address of a string), #N (the
 * address of N zero bytes), or [A,B,...] (the address of an array of 32-bit words). One line a
 * call: `ok` or the errno's name. Build it static and not position independent, so that addresses
 * fit 32 bits; it allocates nothing, so that mmap may be denied.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long call_64(long number, const uint64_t *arguments);
long call_32(long number, const uint64_t *arguments);

#ifdef __x86_64__
__asm__(".text\n"
        ".type call_64, @function\n"
        "call_64:\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %r11\n"
        "    mov (%r11), %rdi\n"
        "    mov 8(%r11), %rsi\n"
        "    mov 16(%r11), %rdx\n"
        "    mov 24(%r11), %r10\n"
        "    mov 32(%r11), %r8\n"
        "    mov 40(%r11), %r9\n"
        "    syscall\n"
        "    ret\n"
        ".type call_32, @function\n"
        "call_32:\n"
        "    push %rbx\n"
        "    push %rbp\n"
        "    mov %rdi, %rax\n"
        "    mov (%rsi), %rbx\n"
        "    mov 8(%rsi), %rcx\n"
        "    mov 16(%rsi), %rdx\n"
        "    mov 32(%rsi), %rdi\n"
        "    mov 40(%rsi), %rbp\n"
        "    mov 24(%rsi), %rsi\n"
        "    int $0x80\n"
        "    movslq %eax, %rax\n"
        "    pop %rbp\n"
        "    pop %rbx\n"
        "    ret\n");
#else
/* 0x33 is the 64-bit user code segment of Linux, 0x23 the 32-bit one (arch/x86/include/asm/
   segment.h). A far return with 32-bit operands is what comes back from either. */
__asm__(".text\n"
        ".type call_64, @function\n"
        "call_64:\n"
        "    push %ebx\n"
        "    push %esi\n"
        "    push %edi\n"
        "    push %ebp\n"
        "    mov 20(%esp), %eax\n"
        "    mov 24(%esp), %ebx\n"
        "    lcall $0x33, $1f\n"
        "    pop %ebp\n"
        "    pop %edi\n"
        "    pop %esi\n"
        "    pop %ebx\n"
        "    ret\n"
        ".code64\n"
        "1:\n"
        "    mov %esp, %esp\n"
        "    mov %ebx, %ebx\n"
        "    mov %eax, %eax\n"
        "    mov (%rbx), %rdi\n"
        "    mov 8(%rbx), %rsi\n"
        "    mov 16(%rbx), %rdx\n"
        "    mov 24(%rbx), %r10\n"
        "    mov 32(%rbx), %r8\n"
        "    mov 40(%rbx), %r9\n"
        "    syscall\n"
        "    lretl\n"
        ".code32\n"
        ".type call_32, @function\n"
        "call_32:\n"
        "    push %ebx\n"
        "    push %esi\n"
        "    push %edi\n"
        "    push %ebp\n"
        "    mov 20(%esp), %eax\n"
        "    mov 24(%esp), %esi\n"
        "    mov (%esi), %ebx\n"
        "    mov 8(%esi), %ecx\n"
        "    mov 16(%esi), %edx\n"
        "    mov 32(%esi), %edi\n"
        "    mov 40(%esi), %ebp\n"
        "    mov 24(%esi), %esi\n"
        "    int $0x80\n"
        "    pop %ebp\n"
        "    pop %edi\n"
        "    pop %esi\n"
        "    pop %ebx\n"
        "    ret\n");
#endif

static uint8_t memory[1 << 16] __attribute__((aligned(16)));
static size_t used;

static void *take(size_t size)
{
    used = (used + 15) & ~(size_t)15;
    if (size > sizeof memory - used) {
        _exit(2);
    }
    void *taken = memory + used;
    used += size;
    return taken;
}

/* One write(2) and nothing else, which stdio would not promise. */
static void say(int fd, const char *text)
{
    char line[64];
    size_t size = strlen(text) < sizeof line - 1 ? strlen(text) : sizeof line - 1;
    memcpy(line, text, size);
    line[size] = '\n';
    if (write(fd, line, size + 1) < 0) {
        _exit(2);
    }
}

static uint64_t number(const char *text)
{
    uint64_t value = 0;
    char *end = NULL;
    for (;; text = end + 1) {
        value |= strtoull(text, &end, 0);
        if (*end != '|') {
            break;
        }
    }
    if (*end != '\0') {
        say(2, "call: an argument is not a number");
        _exit(2);
    }
    return value;
}

static uint64_t argument(char *text);

static uint64_t array(char *text)
{
    uint32_t *words = take(16 * sizeof *words);
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, ",]", &rest); word; word = strtok_r(NULL, ",]", &rest)) {
        words[count++] = (uint32_t)argument(word);
    }
    return (uintptr_t)words;
}

static uint64_t argument(char *text)
{
    if (text[0] == '[') {
        return array(text + 1);
    }
    if (text[0] == '#') {
        return (uintptr_t)take((size_t)number(text + 1));
    }
    if (text[0] == '@') {
        size_t size = strlen(text + 1) + 1;
        return (uintptr_t)memcpy(take(size), text + 1, size);
    }
    return number(text);
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        const char *abi = argv[i++];
        long nr = (long)number(argv[i++]);
        uint64_t arguments[6] = {0};
        for (size_t a = 0; i < argc && strcmp(argv[i], "--") != 0; i++, a++) {
            if (a == 6) {
                return 2;
            }
            arguments[a] = argument(argv[i]);
        }
        /* Low memory: the far call and int 0x80 read it through 32-bit registers. */
        uint64_t *low = memcpy(take(sizeof arguments), arguments, sizeof arguments);
        long result = strcmp(abi, "64") == 0 ? call_64(nr, low) : call_32(nr, low);
        const char *name = result < 0 && result >= -4095 ? strerrorname_np((int)-result) : "ok";
        say(1, name ? name : "unnamed errno");
    }
    return 0;
}
