/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/mode_cases.h"

static const struct split apart = {SIZE_MAX, SIZE_MAX, false};

TEST(without_records_every_byte_is_data)
{
    check_sent(MODE_STREAM, TEXT("\xFF\x01 a\xFF\xFF"), in_one, TEXT("\xFF\x01 a\xFF\xFF"));
    check_received(MODE_STREAM, TEXT("\xFF\x02 a\xFF"), TEXT("\xFF\x02 a\xFF"));
    check_received(MODE_STREAM, TEXT(""), TEXT(""));
}

TEST(ends_of_records_and_of_the_file_are_control_codes)
{
    check_sent(MODE_STREAM_RECORDS, TEXT("a|b|"), apart, TEXT("a\xFF\1b\xFF\1\xFF\2"));
    check_sent(MODE_STREAM_RECORDS, TEXT("a|b|"), in_one, TEXT("a\xFF\1b\xFF\3"));
    check_sent(MODE_STREAM_RECORDS, TEXT("a|b"), in_one, TEXT("a\xFF\1b\xFF\2"));
    check_sent(MODE_STREAM_RECORDS, TEXT(""), in_one, TEXT("\xFF\2"));
    check_received(MODE_STREAM_RECORDS, TEXT("a\xFF\1\xFF\1\xFF\1z\xFF\2"), TEXT("a|||z"));
    check_received(MODE_STREAM_RECORDS, TEXT("a\xFF\3"), TEXT("a|"));
}

TEST(a_byte_of_all_ones_is_doubled_among_records)
{
    check_sent(MODE_STREAM_RECORDS, TEXT("\xFF\xFFz\xFF|"), in_one,
               TEXT("\xFF\xFF\xFF\xFFz\xFF\xFF\xFF\3"));
    check_received(MODE_STREAM_RECORDS, TEXT("\xFF\xFF\xFF\xFFz\xFF\xFF\xFF\1\xFF\2"),
                   TEXT("\xFF\xFFz\xFF|"));
    check_received(MODE_STREAM_RECORDS, TEXT("\xFF\xFF\1\xFF\2"), TEXT("\xFF\1"));
}

TEST(what_mode_s_has_no_words_for_is_left_out)
{
    check_sent(MODE_STREAM, TEXT("a|[m1]{b}"), in_one, TEXT("ab"));
    check_sent(MODE_STREAM_RECORDS, TEXT("a|[m1]{b}"), in_one, TEXT("a\xFF\1b\xFF\2"));
}

TEST(codes_that_are_none_and_bytes_behind_the_end_are_malformed)
{
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\0"), FAULT_MALFORMED);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\4"), FAULT_MALFORMED);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\xFE"), FAULT_MALFORMED);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\2b"), FAULT_MALFORMED);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\3\xFF\2"), FAULT_MALFORMED);
}

TEST(an_end_that_was_not_told_is_a_broken_connection)
{
    check_refused(MODE_STREAM_RECORDS, TEXT(""), FAULT_CONNECTION_LOST);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\1"), FAULT_CONNECTION_LOST);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF"), FAULT_CONNECTION_LOST);
    check_refused(MODE_STREAM_RECORDS, TEXT("a\xFF\xFF"), FAULT_CONNECTION_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_records_every_byte_is_data),
        RUN(ends_of_records_and_of_the_file_are_control_codes),
        RUN(a_byte_of_all_ones_is_doubled_among_records),
        RUN(what_mode_s_has_no_words_for_is_left_out),
        RUN(codes_that_are_none_and_bytes_behind_the_end_are_malformed),
        RUN(an_end_that_was_not_told_is_a_broken_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
