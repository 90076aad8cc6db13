/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: every value's place, and everything that it refuses. The writer. */
#include "policy_test.h"

static struct json *read_good(const char *text)
{
    struct json *json = NULL;
    struct error error = {0};
    if (json_parse("policy.json", text, strlen(text), &json, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s, in %s", line, text);
    }
    return json;
}

static void test_json_places(void **state)
{
    (void)state;
    struct json *json = read_good("\n {\"a\" :\t[1, \"x\\n\\u00e9\",\r\n  null],\n\"\xc3\xa9\": "
                                  "{\"k\":true}, \"n\":-1.5e3}\n");
    const struct json_value *root = json_root(json);
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->count, 3);
    assert_int_equal(root->line, 2);
    assert_int_equal(root->column, 2);
    const struct json_value *a = json_find(root, "a");
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_int_equal(a->key_column, 3);
    assert_int_equal(a->column, 9);
    assert_int_equal(a->count, 3);
    const struct json_value *one = json_first(a);
    assert_string_equal(one->text, "1");
    assert_int_equal(one->column, 10);
    const struct json_value *text = json_next(a, one);
    assert_string_equal(text->text, "x\n\xc3\xa9");
    assert_int_equal(text->column, 13);
    const struct json_value *null = json_next(a, text);
    assert_int_equal(null->kind, JSON_NULL);
    assert_int_equal(null->line, 3);
    assert_int_equal(null->column, 3);
    assert_null(json_next(a, null));
    const struct json_value *object = json_find(root, "\xc3\xa9");
    assert_int_equal(object->key_line, 4);
    assert_int_equal(object->key_column, 1);
    assert_int_equal(object->column, 7); /* bytes, not characters */
    assert_true(json_find(object, "k")->boolean);
    assert_null(json_find(object, "n"));
    assert_string_equal(json_find(root, "n")->text, "-1.5e3");
    assert_ptr_equal(json_next(root, a), object);
    json_free(json);
    json_free(NULL);
}

static void test_json_scalars_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_kind kind;
        size_t column;
    } cases[] = {
        {"1", JSON_NUMBER, 1},      {"  18446744073709551615", JSON_NUMBER, 3},
        {"\"\"", JSON_STRING, 1},   {" null ", JSON_NULL, 2},
        {"false", JSON_BOOLEAN, 1}, {"[]", JSON_ARRAY, 1},
        {" {} ", JSON_OBJECT, 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json *json = read_good(cases[i].text);
        assert_int_equal(json_root(json)->kind, cases[i].kind);
        assert_int_equal(json_root(json)->column, cases[i].column);
        assert_null(json_first(json_root(json)));
        json_free(json);
    }
}

static void test_json_uint(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"9007199254740993", true, UINT64_C(9007199254740993)}, /* 2^53 + 1 */
        {"18446744073709551616", false, 0},
        {"99999999999999999999999999", false, 0},
        {"-0", false, 0},
        {"-1", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"1E0", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json *json = read_good(cases[i].text);
        uint64_t number = 42;
        assert_int_equal(json_uint(json_root(json), &number), cases[i].good);
        assert_int_equal(number, cases[i].good ? cases[i].value : 42);
        json_free(json);
    }
}

#define NOT_JSON(why) "not JSON (" why "): correct the text here"
#define UNALLOWED "parse error: unallowed token at this point in JSON text"
#define LONE                                                                                       \
    "a surrogate (\\ud800 to \\udfff) without its partner: write the pair, or the character "      \
    "itself"
#define ENDS "the text ends in the middle: complete it"
#define CONTROL                                                                                    \
    "a control character: JSON has only blank, tab and newline between values, write \\u00XX "     \
    "within strings"

static const struct {
    const char *text; /* '^': where the error is */
    const char *message;
} refused[] = {
    {"^", "the file is empty: a policy is a JSON object"},
    {" \n ^", "the file is empty: a policy is a JSON object"},
    {"{^", ENDS},
    {"{\"a\":1^", ENDS},
    {"{\"a\":^", ENDS},
    {"\"abc^", ENDS},
    {"[1,^", ENDS},
    {"^G{}", NOT_JSON("lexical error: invalid char in json text.")},
    {"{}^G", NOT_JSON("parse error: trailing garbage")},
    {"{} ^{}", NOT_JSON("parse error: trailing garbage")},
    {"[1,2]\n ^]", NOT_JSON("parse error: trailing garbage")},
    {"{\"a\":1,^}", NOT_JSON("parse error: invalid object key (must be a string)")},
    {"[1,^]", NOT_JSON(UNALLOWED)},
    {"[1,^,2]", NOT_JSON(UNALLOWED)},
    {"[^,1]", NOT_JSON(UNALLOWED)},
    {"[1 ^2]", NOT_JSON("parse error: after array element, I expect ',' or ']'")},
    {"{\"a\" ^1}",
     NOT_JSON("parse error: object key and value must be separated by a colon (':')")},
    {"{\"a\":1 ^\"b\":2}",
     NOT_JSON("parse error: after key and value, inside map, I expect ',' or '}'")},
    {"{^1:2}", NOT_JSON("parse error: invalid object key (must be a string)")},
    {"[1 ^}", NOT_JSON("parse error: after array element, I expect ',' or ']'")},
    {"[0^1]", NOT_JSON("parse error: after array element, I expect ',' or ']'")},
    {"[^-a]",
     NOT_JSON("lexical error: malformed number, a digit is required after the minus sign.")},
    {"[^1.]", NOT_JSON("lexical error: malformed number, a digit is required after the decimal "
                       "point.")},
    {"[^tru]", NOT_JSON("lexical error: invalid string in json text.")},
    {"[^'a']", NOT_JSON("lexical error: invalid char in json text.")},
    {"[^NaN]", NOT_JSON("lexical error: invalid char in json text.")},
    {"[1, ^/* no */ 2]",
     NOT_JSON("lexical error: probable comment found in input text, comments are not enabled.")},
    {"[^\"a\tb\"]", NOT_JSON("lexical error: invalid character inside string.")},
    {"[^\"\\x\"]",
     NOT_JSON("lexical error: inside a string, '\\' occurs before a character which it may not.")},
    {"[^\"\\u12g4\"]",
     NOT_JSON("lexical error: invalid (non-hex) character occurs after '\\u' inside string.")},
    {"[\"ab^\\u0000\"]", "\\u0000 in a string: no name has a NUL, remove it"},
    {"{\"ab^\\u0000\":1}", "\\u0000 in a string: no name has a NUL, remove it"},
    {"[\"^\\ud800\"]", LONE},
    {"[\"^\\ud800x\"]", LONE},
    {"[\"^\\ud800\\n\"]", LONE},
    {"[\"^\\ud800\\ud800\"]", LONE},
    {"[\"a\\\\^\\udc00\"]", LONE},
    {"{\"^\\udFFF\":1}", LONE},
    {"{\"a\":1,\n \"b\":2,^\"a\":3}",
     "key 'a' for the second time in one object: keep one of them"},
    {"{\"a\":1,^\"\\u0061\":3,\"a\":4}",
     "key 'a' for the second time in one object: keep one of them"},
    {"{\"a\\n\":1,^\"a\\n\":3}", "key 'a?' for the second time in one object: keep one of them"},
    {"[1,\n^\f2]", CONTROL},
    {"[1,^\v2]", CONTROL},
    {"^\xef\xbb\xbf{}", "a UTF-8 byte order mark: JSON has none, remove the first three bytes"},
    {"[\"^\xff\"]", "not UTF-8: save the file as UTF-8"},
    {"[\"^\xc0\x80\"]", "not UTF-8: save the file as UTF-8"},
    {"[\"^\xed\xa0\x80\"]", "not UTF-8: save the file as UTF-8"},
    {"[\"^\xf4\x90\x80\x80\"]", "not UTF-8: save the file as UTF-8"},
    {"[\"\xc3\xa9^\xe2\x82", "not UTF-8: save the file as UTF-8"},
};

static void test_json_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct marked m = unmark(refused[i].text);
        struct json *json = NULL;
        struct error error = {0};
        if (json_parse("policy.json", m.text, strlen(m.text), &json, &error) == 0) {
            fail_msg("read without error: %s", refused[i].text);
        }
        assert_null(json);
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, refused[i].message);
        free(m.text);
    }
}

static void test_json_refuses_nul(void **state)
{
    (void)state;
    struct json *json = NULL;
    struct error error = {0};
    assert_int_equal(json_parse("policy.json", "{}\0", 3, &json, &error), -1);
    assert_error_at(&error, ERROR_POLICY, 1, 3, "a NUL byte: this is no JSON text");
    assert_int_equal(json_parse("policy.json", "[\n\"a\0b\"]", 8, &json, &error), -1);
    assert_error_at(&error, ERROR_POLICY, 2, 3, "a NUL byte: this is no JSON text");
}

/* `count` times `piece`. */
static void repeat(struct buffer *text, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_add(text, piece, strlen(piece));
    }
}

static void test_json_depth(void **state)
{
    (void)state;
    for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        struct buffer buffer = {0};
        repeat(&buffer, "[", depth);
        repeat(&buffer, "]", depth);
        CLEANUP_FREE char *text = buffer_steal_text(&buffer);
        struct json *json = NULL;
        struct error error = {0};
        if (depth == JSON_MAX_DEPTH) {
            json = read_good(text);
        } else {
            assert_int_equal(json_parse("policy.json", text, strlen(text), &json, &error), -1);
            assert_error_at(&error, ERROR_POLICY, 1, depth,
                            "nested more than 64 deep: this is no policy");
        }
        json_free(json);
    }
}

static void test_json_value_limit(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buffer buffer = {0};
        repeat(&buffer, "[1", 1);
        repeat(&buffer, ",1", JSON_MAX_VALUES - 2 + extra);
        repeat(&buffer, "]", 1);
        CLEANUP_FREE char *text = buffer_steal_text(&buffer);
        struct json *json = NULL;
        struct error error = {0};
        if (extra == 0) {
            json = read_good(text);
        } else {
            assert_int_equal(json_parse("policy.json", text, strlen(text), &json, &error), -1);
            assert_error_at(&error, ERROR_POLICY, 1, strlen(text) - 1,
                            "more than 1048576 values: this is no policy");
        }
        json_free(json);
    }
}

static void test_json_surrogate_pairs(void **state)
{
    (void)state;
    struct json *json = read_good("[\"\\ud83d\\ude00x\\ud83d\\ude00\"]");
    assert_string_equal(json_first(json_root(json))->text, "\xf0\x9f\x98\x80x\xf0\x9f\x98\x80");
    json_free(json);
}

static void write_everything(struct json_writer *w)
{
    json_writer_object(w);
    json_writer_key(w, "s");
    json_writer_string(w, "a\"b\\c\n\x01\xc3\xa9\xff");
    json_writer_key(w, "n");
    json_writer_array(w);
    json_writer_uint(w, UINT64_MAX);
    json_writer_bool(w, true);
    json_writer_bool(w, false);
    json_writer_null(w);
    json_writer_string(w, NULL);
    json_writer_string(w, "");
    json_writer_end_array(w);
    json_writer_key(w, "o");
    json_writer_object(w);
    json_writer_end_object(w);
    json_writer_end_object(w);
}

static void test_json_writer(void **state)
{
    (void)state;
    struct json_writer *w = json_writer_new(false);
    write_everything(w);
    CLEANUP_FREE char *compact = json_writer_finish(w);
    assert_string_equal(compact, "{\"s\":\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\xef\xbf\xbd\","
                                 "\"n\":[18446744073709551615,true,false,"
                                 "null,null,\"\"],\"o\":{}}\n");
    w = json_writer_new(true);
    write_everything(w);
    CLEANUP_FREE char *pretty = json_writer_finish(w);
    assert_non_null(strstr(pretty, "\n  \"n\": [\n    18446744073709551615,\n"));
    struct json *json = read_good(pretty);
    assert_string_equal(json_find(json_root(json), "s")->text, "a\"b\\c\n\x01\xc3\xa9\xef\xbf\xbd");
    json_free(json);
}

static void test_json_append_string(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    json_append_string(&buffer, "a\"\\\n\x7f\xff\xc3\xa9");
    CLEANUP_FREE char *text = buffer_steal_text(&buffer);
    assert_string_equal(text, "\"a\\\"\\\\\\u000a\\u007f\xef\xbf\xbd\xc3\xa9\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_places),      cmocka_unit_test(test_json_scalars_alone),
        cmocka_unit_test(test_json_uint),        cmocka_unit_test(test_json_refuses),
        cmocka_unit_test(test_json_refuses_nul), cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_json_value_limit), cmocka_unit_test(test_json_surrogate_pairs),
        cmocka_unit_test(test_json_writer),      cmocka_unit_test(test_json_append_string),
    };
    return cmocka_run_group_tests_name("policy_json", tests, NULL, NULL);
}
