/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_annex_form.h"
#include "tests/unit/unit.h"

TEST(a_block_s_line_is_read_as_it_is_written)
{
    static const struct annex_block blocks[] = {
        {{0, {0, 0}}, 0},
        {{INT64_MAX, {INT64_MAX, 999999999}}, INT64_MAX},
        {{1, {-INT64_MAX, 1}}, 2},
    };
    for (size_t i = 0; i < COUNT(blocks); i++) {
        char bytes[ANNEX_LINE_MAX];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct annex_block back;
        annex_put_block_line(&b, &blocks[i]);
        assert_false(b.full);
        struct text rest = builder_text(&b);
        assert_true(annex_take_block_line(&rest, &back));
        assert_int_equal(rest.len, 0);
        assert_true(annex_is_version(&back.version, &blocks[i].version));
        assert_int_equal(back.bytes, blocks[i].bytes);
    }
}

TEST(a_version_is_a_size_and_a_time_whose_fraction_may_be_lost)
{
    static const struct annex_version version = {7, {1000, 5}};
    static const struct annex_version same[] = {{7, {1000, 5}}, {7, {1000, 0}}};
    static const struct annex_version others[] = {
        {8, {1000, 5}}, {7, {1001, 5}}, {7, {1000, 6}}, {7, {-1000, 0}}};
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_true(annex_is_version(&version, &same[i]));
        assert_true(annex_is_version(&same[i], &version));
    }
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(annex_is_version(&version, &others[i]));
}

TEST(what_is_no_line_is_not_taken)
{
    static const char *const nonsense[] = {
        "",
        "file",
        "file 7 1000.000000005 1",
        "file 7 1000.000000005\n",
        "file 7 1000.000000005 1 2\n",
        "file  7 1000.000000005 1\n",
        "file -7 1000.000000005 1\n",
        "file 7 1000.00000005 1\n",
        "file 7 1000.0000000055 1\n",
        "file 7 --1000.000000005 1\n",
        "file 7 9223372036854775808.000000005 1\n",
        "fine 7 1000.000000005 1\n",
        "file 0000000000000000000000000000000000000000000000000000000000000000000000000007 "
        "1000.000000005 1\n",
    };
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        struct annex_block block = {.bytes = 42};
        struct text rest = text_of(nonsense[i]);
        assert_false(annex_take_block_line(&rest, &block));
        assert_text(rest, nonsense[i]);
        assert_int_equal(block.bytes, 42);
        assert_false(annex_take_first_line(&rest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_block_s_line_is_read_as_it_is_written),
        RUN(a_version_is_a_size_and_a_time_whose_fraction_may_be_lost),
        RUN(what_is_no_line_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
