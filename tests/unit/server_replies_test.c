/* SPDX-License-Identifier: Apache-2.0 */
#include "server/replies.h"
#include "tests/unit/unit.h"

TEST(every_fault_has_a_reply_in_every_column)
{
    static const struct text none[] = {{NULL, 0}, {NULL, 0}};
    for (unsigned fault = 1; fault < FAULT_COUNT; fault++) {
        for (unsigned column = 0; column < REPLY_COLUMN_COUNT; column++) {
            char bytes[REPLY_SIZE];
            struct builder b = builder_on(bytes, sizeof(bytes));
            enum reply_id id = reply_of_fault((enum fault)fault, (enum reply_column)column);
            assert_int_not_equal(id, REPLY_NONE);
            assert_true(reply_code(id) >= 300);
            /* A reply chosen by a fault has no arguments to put in. */
            reply_put(&b, LANGUAGE_ENGLISH, id, none);
            assert_int_equal(text_find(builder_text(&b), '{'), b.len);
        }
    }
    assert_int_equal(reply_of_fault((enum fault)4711, REPLY_COLUMN_FILE),
                     reply_of_fault(FAULT_BUG, REPLY_COLUMN_FILE));
}

static bool is_one_of(unsigned code, const unsigned *codes)
{
    for (; *codes; codes++)
        if (*codes == code)
            return true;
    return false;
}

/* RFC 959 5.4, and RFC 4217 for 522: what may be answered before and after 125 or 150. */
TEST(codes_of_faults_are_those_of_the_table)
{
    static const unsigned store[] = {421, 425, 426, 450, 452, 501, 522, 530, 332, 552, 553, 554, 0};
    static const unsigned moving[] = {425, 426, 451, 522, 551, 552, 530, 332, 0};
    static const unsigned list[] = {421, 425, 426, 450, 451, 501, 522, 530, 332, 554, 0};
    for (unsigned fault = 1; fault < FAULT_COUNT; fault++) {
        /* No fault of STOR, STOU, APPE before the 150: of COMB and CPTO alone, or of none. */
        bool others = fault == FAULT_LISTING_TOO_LARGE || fault == FAULT_CANCELLED;
        assert_true(is_one_of(reply_code(reply_of_fault((enum fault)fault, REPLY_COLUMN_STORE)),
                              others ? (const unsigned[]){451, 0} : store));
        assert_true(
            is_one_of(reply_code(reply_of_fault((enum fault)fault, REPLY_COLUMN_MOVING)), moving));
        assert_true(
            is_one_of(reply_code(reply_of_fault((enum fault)fault, REPLY_COLUMN_LIST)), list));
    }
}

TEST(arguments_are_put_in_and_cannot_break_the_line)
{
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct text arguments[] = {TEXT("a\nb {2}"), TEXT("12")};
    reply_put(&b, LANGUAGE_ENGLISH, REPLY_OPENING_SIZED, arguments);
    assert_true(text_equal(builder_text(&b),
                           TEXT("150 Opening data connection for a\0b {2} (12 bytes).\r\n")));
}

TEST(the_longest_path_fits_a_reply)
{
    char path[2 * 4095 + 2];
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    memset(path, 0xFF, sizeof(path)); /* each is doubled on the wire */
    const struct text arguments[] = {{path, sizeof(path)}};
    reply_put(&b, LANGUAGE_ENGLISH, REPLY_DIRECTORY_IS, arguments);
    assert_false(b.full);
}

TEST(languages_are_tags_of_any_case_and_region)
{
    enum language language;
    assert_true(language_parse(TEXT("es"), &language));
    assert_int_equal(language, LANGUAGE_SPANISH);
    assert_true(language_parse(TEXT("ES-mx"), &language));
    assert_int_equal(language, LANGUAGE_SPANISH);
    assert_true(language_parse(TEXT("en-GB"), &language));
    assert_int_equal(language, LANGUAGE_ENGLISH);
    assert_false(language_parse(TEXT("fr"), &language));
    assert_false(language_parse(TEXT("e"), &language));
    assert_false(language_parse(TEXT(""), &language));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_fault_has_a_reply_in_every_column),
        RUN(codes_of_faults_are_those_of_the_table),
        RUN(arguments_are_put_in_and_cannot_break_the_line),
        RUN(the_longest_path_fits_a_reply),
        RUN(languages_are_tags_of_any_case_and_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
