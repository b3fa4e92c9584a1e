/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/parameters.h"
#include "tests/unit/unit.h"

static const char *type_after(const char *argument, enum parameters_result expected)
{
    static char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct parameters p = PARAMETERS_DEFAULT;
    assert_int_equal(parameters_set_type(&p, text_of(argument)), expected);
    parameters_put_type(&b, &p);
    return builder_end(&b);
}

TEST(every_type_is_taken_in_any_case_with_its_second_argument)
{
    static const struct {
        const char *argument;
        const char *type;
    } cases[] = {
        {"A", "A N"},    {"a n", "A N"}, {"A T", "A T"},   {"A C", "A C"},     {"E", "E N"},
        {"e t", "E T"},  {"E C", "E C"}, {"I", "I"},       {"i", "I"},         {"L 8", "L 8"},
        {"l  8", "L 8"}, {"L 1", "L 1"}, {"L 36", "L 36"}, {"L 255", "L 255"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(type_after(cases[i].argument, PARAMETERS_OK), cases[i].type);
}

TEST(a_type_without_format_is_non_print_again)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct parameters p = PARAMETERS_DEFAULT;
    assert_int_equal(parameters_set_type(&p, TEXT("A C")), PARAMETERS_OK);
    assert_int_equal(parameters_set_type(&p, TEXT("E")), PARAMETERS_OK);
    parameters_put_type(&b, &p);
    assert_text(builder_text(&b), "E N");
}

TEST(a_refused_type_leaves_the_old_one)
{
    static const struct {
        const char *argument;
        enum parameters_result result;
    } cases[] = {
        {"X", PARAMETERS_UNSUPPORTED},   {"A X", PARAMETERS_UNSUPPORTED},
        {"E X", PARAMETERS_UNSUPPORTED}, {"L", PARAMETERS_MALFORMED},
        {"L 0", PARAMETERS_MALFORMED},   {"L 256", PARAMETERS_MALFORMED},
        {"L x", PARAMETERS_MALFORMED},   {"I 8", PARAMETERS_MALFORMED},
        {"AN", PARAMETERS_MALFORMED},    {"A N N", PARAMETERS_MALFORMED},
        {"", PARAMETERS_MALFORMED},      {"7", PARAMETERS_MALFORMED},
        {"A 1", PARAMETERS_MALFORMED},   {"L 8 8", PARAMETERS_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(type_after(cases[i].argument, cases[i].result), "A N");
}

TEST(every_structure_and_mode_is_taken_and_no_other)
{
    struct parameters p = PARAMETERS_DEFAULT;
    for (const char *letter = "FfRrPp"; *letter; letter++) {
        assert_int_equal(parameters_set_structure(&p, (struct text){letter, 1}), PARAMETERS_OK);
        assert_int_equal(p.structure, text_upper(*letter));
    }
    for (const char *letter = "SsBbCcZz"; *letter; letter++) {
        assert_int_equal(parameters_set_mode(&p, (struct text){letter, 1}), PARAMETERS_OK);
        assert_int_equal(p.mode, text_upper(*letter));
    }
    assert_int_equal(parameters_set_structure(&p, TEXT("S")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_structure(&p, TEXT("FF")), PARAMETERS_MALFORMED);
    assert_int_equal(parameters_set_mode(&p, TEXT("F")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_mode(&p, TEXT("")), PARAMETERS_MALFORMED);
    assert_true(p.structure == STRUCTURE_PAGE && p.mode == MODE_DEFLATE);
}

TEST(characters_are_text_and_told_ends_keep_the_connection)
{
    struct parameters p = PARAMETERS_DEFAULT;
    assert_true(parameters_are_text(&p) && !parameters_keep_connection(&p));
    p.type = TYPE_EBCDIC;
    p.mode = MODE_BLOCK;
    assert_true(parameters_are_text(&p) && parameters_keep_connection(&p));
    p.type = TYPE_LOCAL;
    p.mode = MODE_COMPRESSED;
    assert_true(!parameters_are_text(&p) && parameters_keep_connection(&p));
    p.type = TYPE_IMAGE;
    p.mode = MODE_DEFLATE; /* one zlib stream, whose end the connection's is */
    assert_true(!parameters_are_text(&p) && !parameters_keep_connection(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_type_is_taken_in_any_case_with_its_second_argument),
        RUN(a_type_without_format_is_non_print_again),
        RUN(a_refused_type_leaves_the_old_one),
        RUN(every_structure_and_mode_is_taken_and_no_other),
        RUN(characters_are_text_and_told_ends_keep_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
