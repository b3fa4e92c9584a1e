/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/marker.h"
#include "tests/unit/unit.h"

TEST(a_marker_is_printable_without_a_space)
{
    char longest[MARKER_MAX + 1];
    memset(longest, 'm', sizeof(longest));
    assert_true(marker_is_valid(TEXT("!~")));
    assert_true(marker_is_valid((struct text){longest, MARKER_MAX}));
    assert_false(marker_is_valid((struct text){longest, MARKER_MAX + 1}));
    assert_false(marker_is_valid(TEXT("")));
    assert_false(marker_is_valid(TEXT("a b")));
    assert_false(marker_is_valid(TEXT("a\r")));
    assert_false(marker_is_valid(TEXT("a\0b")));
    assert_false(marker_is_valid(TEXT("\xE9")));
}

static void check_position(struct marker_position position, const char *expected)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct marker_position back = {99, 99};
    marker_put_position(&b, &position);
    assert_text(builder_text(&b), expected);
    assert_true(marker_parse_position(builder_text(&b), &back));
    assert_true(back.bytes == position.bytes && back.records == position.records);
}

TEST(a_position_is_bytes_and_the_records_before_it)
{
    check_position((struct marker_position){0, 0}, "0");
    check_position((struct marker_position){4096, 0}, "4096");
    check_position((struct marker_position){INT64_MAX, 7}, "9223372036854775807.7");
}

TEST(what_is_no_position_is_refused)
{
    static const char *const wrong[] = {"",     ".",    "1.", ".1",  "1.2.3",
                                        "-1",   "1 ",   "S1", "1.x", "9223372036854775808",
                                        "0x10", "1.-2", "+1"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct marker_position position = {5, 6};
        if (marker_parse_position(text_of(wrong[i]), &position))
            fail_msg("\"%s\" is taken", wrong[i]);
        assert_true(position.bytes == 5 && position.records == 6);
    }
}

static void check_kept(struct marker_kept kept, const char *expected)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct marker_kept back = {0};
    marker_put_kept(&b, &kept);
    assert_text(builder_text(&b), expected);
    assert_true(marker_is_valid(builder_text(&b)));
    assert_true(marker_parse_kept(builder_text(&b), &back));
    assert_true(back.appends == kept.appends && back.bytes == kept.bytes &&
                back.annex_bytes == kept.annex_bytes && back.id == kept.id &&
                text_equal(back.state, kept.state));
}

TEST(what_was_kept_has_its_verb_its_bytes_its_annex_its_state_and_its_upload)
{
    check_kept((struct marker_kept){.bytes = 0, .id = 1}, "S0@1");
    check_kept((struct marker_kept){.appends = true, .bytes = 512, .id = 0x5f2c}, "A512@5f2c");
    check_kept((struct marker_kept){.bytes = 512, .annex_bytes = 30, .id = UINT64_MAX},
               "S512.30@ffffffffffffffff");
    check_kept((struct marker_kept){.bytes = 512, .state = TEXT("r"), .id = 9}, "S512-r@9");
    check_kept((struct marker_kept){1 == 0, 1, 2, TEXT("b3.a0-e4l2"), 9}, "S1.2-b3.a0-e4l2@9");
}

TEST(what_was_never_kept_is_refused)
{
    static const char *const wrong[] = {
        "",
        "S",
        "A",
        "1",
        "s1@1",
        "S1.@1",
        "S.@1",
        "S1 -",
        "S-r@1",
        "B1@1",
        "S1x@1",
        "S1.2.3@1",
        "S1.x-r@1",
        "S1",
        "S1@",
        "S1@x",
        "S1@1@",
        "S1@00000000000000001",
        "@1",
        "S@1",
        "S1-r@",
        "S1@A",
        "S9223372036854775808@1",
    };
    char longest[MARKER_MAX];
    struct marker_kept kept;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (marker_parse_kept(text_of(wrong[i]), &kept))
            fail_msg("\"%s\" is taken", wrong[i]);
    memset(longest, 'r', sizeof(longest));
    memcpy(longest, "S1-", 3);
    memcpy(longest + 3 + MARKER_STATE_MAX, "@1", 2);
    assert_true(marker_parse_kept((struct text){longest, 5 + MARKER_STATE_MAX}, &kept));
    memcpy(longest + 3 + MARKER_STATE_MAX, "r@1", 3);
    assert_false(marker_parse_kept((struct text){longest, 6 + MARKER_STATE_MAX}, &kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_marker_is_printable_without_a_space),
        RUN(a_position_is_bytes_and_the_records_before_it),
        RUN(what_is_no_position_is_refused),
        RUN(what_was_kept_has_its_verb_its_bytes_its_annex_its_state_and_its_upload),
        RUN(what_was_never_kept_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
