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

TEST(types_of_this_server_are_accepted_in_any_case)
{
    assert_string_equal(type_after("A", PARAMETERS_OK), "A N");
    assert_string_equal(type_after("a n", PARAMETERS_OK), "A N");
    assert_string_equal(type_after("I", PARAMETERS_OK), "I");
    assert_string_equal(type_after("i", PARAMETERS_OK), "I");
    assert_string_equal(type_after("L 8", PARAMETERS_OK), "L 8");
    assert_string_equal(type_after("l  8", PARAMETERS_OK), "L 8");
}

TEST(a_refused_type_leaves_the_old_one)
{
    static const struct {
        const char *argument;
        enum parameters_result result;
    } cases[] = {
        {"E", PARAMETERS_UNSUPPORTED},    {"E N", PARAMETERS_UNSUPPORTED},
        {"A T", PARAMETERS_UNSUPPORTED},  {"A C", PARAMETERS_UNSUPPORTED},
        {"L 36", PARAMETERS_UNSUPPORTED}, {"X", PARAMETERS_UNSUPPORTED},
        {"L", PARAMETERS_MALFORMED},      {"L 0", PARAMETERS_MALFORMED},
        {"L 256", PARAMETERS_MALFORMED},  {"L x", PARAMETERS_MALFORMED},
        {"I 8", PARAMETERS_MALFORMED},    {"AN", PARAMETERS_MALFORMED},
        {"A N N", PARAMETERS_MALFORMED},  {"", PARAMETERS_MALFORMED},
        {"7", PARAMETERS_MALFORMED},      {"A 1", PARAMETERS_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(type_after(cases[i].argument, cases[i].result), "A N");
}

TEST(file_structure_and_stream_mode_are_all_there_is)
{
    struct parameters p = PARAMETERS_DEFAULT;
    assert_int_equal(parameters_set_structure(&p, TEXT("f")), PARAMETERS_OK);
    assert_int_equal(parameters_set_structure(&p, TEXT("R")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_structure(&p, TEXT("P")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_structure(&p, TEXT("FF")), PARAMETERS_MALFORMED);
    assert_int_equal(parameters_set_mode(&p, TEXT("s")), PARAMETERS_OK);
    assert_int_equal(parameters_set_mode(&p, TEXT("B")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_mode(&p, TEXT("Z")), PARAMETERS_UNSUPPORTED);
    assert_int_equal(parameters_set_mode(&p, TEXT("")), PARAMETERS_MALFORMED);
}

TEST(only_bytes_that_travel_unchanged_are_transparent)
{
    struct parameters p = PARAMETERS_DEFAULT;
    assert_false(parameters_are_transparent(&p));
    assert_int_equal(parameters_set_type(&p, TEXT("I")), PARAMETERS_OK);
    assert_true(parameters_are_transparent(&p));
    assert_int_equal(parameters_set_type(&p, TEXT("L 8")), PARAMETERS_OK);
    assert_true(parameters_are_transparent(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(types_of_this_server_are_accepted_in_any_case),
        RUN(a_refused_type_leaves_the_old_one),
        RUN(file_structure_and_stream_mode_are_all_there_is),
        RUN(only_bytes_that_travel_unchanged_are_transparent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
