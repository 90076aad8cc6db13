/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_fixture.h"

#include "elf/plan.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

static const struct sock_filter allow[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void locate(struct caged *c)
{
    c->segment = c->payload.offset;
    c->size = c->payload.size;
    c->phdr = image_ehdr(c->image)->e_phoff + c->payload.segment * sizeof(Elf64_Phdr);
    c->stub = c->segment + (c->payload.stub_address - c->payload.address);
}

void close_caged(struct caged *c)
{
    payload_clear(&c->payload);
    image_free(c->image);
    c->image = NULL;
}

int open_caged(struct caged *c, struct error *error)
{
    c->payload = (struct payload){0};
    c->image = NULL;
    const struct bytes bytes = {c->file.data, c->file.size};
    if (image_from_bytes(bytes, "caged", &c->image, error) < 0) {
        return -1;
    }
    int found = payload_find(c->image, &c->payload, error);
    return found == 1 ? 0 : found == 0 ? error_set(error, ERROR_CHECK, "not caged") : -1;
}

void make(struct caged *c, const char *subject, const struct cage *cage)
{
    struct error error = {0};
    struct image *image = NULL;
    struct plan *plan = NULL;
    int result = image_open(subject, &image, &error);
    if (result == 0) {
        result = plan_inject(image, cage, &plan, &error);
    }
    if (result != 0) {
        print_error("%s\n", error.text);
    }
    assert_int_equal(result, 0);
    c->file = plan_apply(plan, image);
    plan_free(plan);
    image_free(image);
    assert_int_equal(open_caged(c, &error), 0);
    locate(c);
    close_caged(c);
}

const struct cage plain = {
    .instructions = {(const uint8_t *)allow, sizeof allow},
    .policy_text = "{}",
};

int verify_set_up(void **state)
{
    struct caged *c = memory_zeroed(1, sizeof *c);
    make(c, SUBJECT, &plain);
    *state = c;
    return 0;
}

int verify_tear_down(void **state)
{
    struct caged *c = *state;
    buffer_free(&c->file);
    free(c);
    return 0;
}

char *verdict(struct caged *c, const struct verify_accept *accept)
{
    struct error error = {0};
    char *text = NULL;
    if (open_caged(c, &error) < 0 || verify_cage(c->image, &c->payload, accept, &error) < 0) {
        assert_int_not_equal(error.kind, ERROR_NONE);
        assert_int_not_equal(error.kind, ERROR_INTERNAL);
        text = memory_strdup(error.text);
        error_clear(&error);
    }
    close_caged(c);
    return text;
}

void assert_verifies(struct caged *c, const struct verify_accept *accept)
{
    char *text = verdict(c, accept);
    if (text) {
        print_error("%s\n", text);
    }
    assert_null(text);
}

void assert_fails(struct caged *c, const char *expected)
{
    char *text = verdict(c, NULL);
    assert_non_null(text);
    if (strncmp(text, expected, strlen(expected)) != 0) {
        assert_string_equal(text, expected);
    }
    free(text);
}

uint64_t get(const struct caged *c, uint64_t at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, c->file.data + at, size);
    return value;
}

void put(struct caged *c, uint64_t at, size_t size, uint64_t value)
{
    memcpy(c->file.data + at, &value, size);
}

void fix_digest(struct caged *c)
{
    uint64_t size = get(c, c->segment + FIELD_SIZE, 4) - BYTES_DIGEST_SIZE;
    uint8_t *start = c->file.data + c->segment;
    bytes_digest(start, size, start + size);
}
