/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/reply.h"
#include "tests/unit/unit.h"

TEST(a_multi_line_reply_has_the_code_first_and_last_and_indents_the_rest)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    reply_put_first(&b, 123, TEXT("First line"));
    reply_put_inner(&b, TEXT("123 looks like the last line"));
    reply_put_line(&b, 123, TEXT("The last line"));
    assert_text(builder_text(&b), "123-First line\r\n 123 looks like the last line\r\n"
                                  "123 The last line\r\n");
}

TEST(text_cannot_break_the_line)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    reply_put_text(&b, TEXT("a\nb\rc\xFF"));
    assert_true(text_equal(builder_text(&b), TEXT("a\0b\r\0c\xFF\xFF")));
}

TEST(single_replies_are_read)
{
    struct reply reply = {0};
    assert_int_equal(reply_take_line(&reply, TEXT("220 ready")), REPLY_COMPLETE);
    assert_int_equal(reply.code, 220);
    assert_text(reply.text, "ready");
    assert_int_equal(reply_take_line(&reply, TEXT("226")), REPLY_COMPLETE);
    assert_int_equal(reply.code, 226);
    assert_text(reply.text, "");
}

TEST(a_multi_line_reply_ends_at_its_own_code_and_a_space)
{
    struct reply reply = {0};
    assert_int_equal(reply_take_line(&reply, TEXT("123-First line")), REPLY_INCOMPLETE);
    assert_int_equal(reply_take_line(&reply, TEXT("Second line")), REPLY_INCOMPLETE);
    assert_int_equal(reply_take_line(&reply, TEXT("234 A line that begins with numbers")),
                     REPLY_INCOMPLETE);
    assert_int_equal(reply_take_line(&reply, TEXT("123-not yet")), REPLY_INCOMPLETE);
    assert_int_equal(reply_take_line(&reply, TEXT("123 The last line")), REPLY_COMPLETE);
    assert_int_equal(reply.code, 123);
    assert_text(reply.text, "The last line");
}

TEST(what_has_no_code_is_malformed)
{
    static const char *const lines[] = {"22",     "hello", "099 low", "2x0 x", "220x",
                                        "1000 x", "600 x", "999 x",   "999-x", "  220 x"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct reply reply = {0};
        assert_int_equal(reply_take_line(&reply, text_of(lines[i])), REPLY_MALFORMED);
    }
}

TEST(other_bytes_than_a_space_behind_a_code_have_been_seen)
{
    static const char *const lines[] = {"220:ready", "220\tready"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct reply reply = {0};
        assert_int_equal(reply_take_line(&reply, text_of(lines[i])), REPLY_COMPLETE);
        assert_int_equal(reply.code, 220);
        assert_text(reply.text, "ready");
    }
}

TEST(what_is_between_replies_is_no_reply)
{
    static const char *const lines[] = {"", " ", " (127,0,0,1,4,1)"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct reply reply = {0};
        assert_int_equal(reply_take_line(&reply, text_of(lines[i])), REPLY_NOTHING);
        assert_int_equal(reply_take_line(&reply, TEXT("220 ready")), REPLY_COMPLETE);
        assert_text(reply.text, "ready");
    }
}

TEST(a_nul_before_a_line_is_no_operation)
{
    struct reply reply = {0};
    assert_int_equal(reply_take_line(&reply, TEXT("\0\0"
                                                  "220-Hi")),
                     REPLY_INCOMPLETE);
    assert_int_equal(reply_take_line(&reply, TEXT("\0"
                                                  "220 ready")),
                     REPLY_COMPLETE);
    assert_text(reply.text, "ready");
}

TEST(only_lines_that_look_like_it_may_be_a_last_one_that_is_not_as_it_should_be)
{
    static const struct {
        const char *line;
        bool may_be_last;
    } cases[] = {
        {"211End", true},    {"211:End", true},     {"211-End", true},      {"211- END ", true},
        {"200 End", true},   {"234 A line", false}, {"211-SIZE", false},    {"211", false},
        {"2110 End", false}, {"211-End of", false}, {" 211-End", false},    {"End", false},
        {"", false},         {"211-", false},       {"234-not End", false}, {"234End", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply reply = {0};
        assert_int_equal(reply_take_line(&reply, TEXT("211-Features")), REPLY_INCOMPLETE);
        bool is_last = strcmp(cases[i].line, "211") == 0;
        assert_int_equal(reply_take_line(&reply, text_of(cases[i].line)),
                         is_last ? REPLY_COMPLETE : REPLY_INCOMPLETE);
        assert_int_equal(reply.may_be_last, cases[i].may_be_last);
        if (is_last)
            continue;
        assert_int_equal(reply_take_line(&reply, TEXT("SIZE")), REPLY_INCOMPLETE);
        assert_false(reply.may_be_last);
        assert_int_equal(reply_take_line(&reply, TEXT("211 really")), REPLY_COMPLETE);
        assert_text(reply.text, "really");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_multi_line_reply_has_the_code_first_and_last_and_indents_the_rest),
        RUN(text_cannot_break_the_line),
        RUN(single_replies_are_read),
        RUN(a_multi_line_reply_ends_at_its_own_code_and_a_space),
        RUN(what_has_no_code_is_malformed),
        RUN(other_bytes_than_a_space_behind_a_code_have_been_seen),
        RUN(what_is_between_replies_is_no_reply),
        RUN(a_nul_before_a_line_is_no_operation),
        RUN(only_lines_that_look_like_it_may_be_a_last_one_that_is_not_as_it_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
