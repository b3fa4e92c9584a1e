/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terms.h"
#include "tests/unit/unit.h"

/* What a value is when it is written again, or the complaint. */
static const char *again(enum term term, struct text value)
{
    static char shown[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    if (!terms_set(&terms, term, value, shown)) {
        assert_false(terms_has(&terms, term));
        return shown;
    }
    struct builder b = builder_on(shown, sizeof(shown));
    terms_put(&terms, term, &b);
    terms_done(&terms);
    return builder_end(&b);
}

static void refuses(enum term term, const char *value)
{
    const char *shown = again(term, text_of(value));
    if (!text_starts_with(text_of(shown), text_of(term_rows[term].word)))
        fail_msg("\"%s\" is taken for %s", value, shown);
}

#define assert_again(term, value, expected) assert_string_equal(again(term, TEXT(value)), expected)

TEST(terms_are_found_by_their_word)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        assert_int_equal(term_find(text_of(term_rows[term].word)), term);
    assert_int_equal(term_find(TEXT("quota")), TERM_NUMBER_OF);
    assert_int_equal(term_find(TEXT("")), TERM_NUMBER_OF);
    assert_int_equal(term_find(TEXT("Hours")), TERM_NUMBER_OF);
}

TEST(flags_are_on_or_off)
{
    static const char *const on[] = {"on", "yes", "true", "ON", "Yes"};
    static const char *const off[] = {"off", "no", "false", "Off"};
    for (size_t i = 0; i < COUNT(on); i++)
        assert_string_equal(again(TERM_DISABLED, text_of(on[i])), "on");
    for (size_t i = 0; i < COUNT(off); i++)
        assert_string_equal(again(TERM_DISABLED, text_of(off[i])), "off");
    static const char *const wrong[] = {"", "1", "0", "o", "onn", "none", " on", "-1"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(TERM_DISABLED, wrong[i]);
}

TEST(counts_are_digits)
{
    assert_again(TERM_MAX_SESSIONS, "0", "0");
    assert_again(TERM_MAX_SESSIONS, "42", "42");
    assert_again(TERM_MAX_SESSIONS, "9223372036854775807", "9223372036854775807");
    static const char *const wrong[] = {"",
                                        "-1",
                                        "+1",
                                        "1k",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "1.5",
                                        "inf",
                                        "none",
                                        "9223372036854775808",
                                        "18446744073709551615",
                                        "18446744073709551616"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(TERM_MAX_SESSIONS, wrong[i]);
}

TEST(bytes_take_powers_of_1024)
{
    assert_again(TERM_QUOTA_BYTES, "0", "0");
    assert_again(TERM_QUOTA_BYTES, "1000", "1000");
    assert_again(TERM_QUOTA_BYTES, "1k", "1024");
    assert_again(TERM_QUOTA_BYTES, "1K", "1024");
    assert_again(TERM_QUOTA_BYTES, "3M", "3145728");
    assert_again(TERM_QUOTA_BYTES, "2G", "2147483648");
    assert_again(TERM_QUOTA_BYTES, "1T", "1099511627776");
    assert_again(TERM_QUOTA_BYTES, "8388607T", "9223370937343148032");
    static const char *const wrong[] = {"",   "k",   "-1",   "-1k", "1kk",      "1kB",
                                        "1P", "1 k", "1.5M", "1s",  "8388608T", "16777216T"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(TERM_QUOTA_BYTES, wrong[i]);
}

TEST(a_rate_is_never_nothing)
{
    assert_again(TERM_UPLOAD_RATE, "10M", "10485760");
    assert_again(TERM_UPLOAD_RATE, "1", "1");
    refuses(TERM_UPLOAD_RATE, "0");
    refuses(TERM_UPLOAD_RATE, "0k");
    refuses(TERM_UPLOAD_RATE, "-1");
}

TEST(times_take_seconds_minutes_hours_and_days)
{
    assert_again(TERM_IDLE_TIME, "0", "0");
    assert_again(TERM_IDLE_TIME, "90", "90");
    assert_again(TERM_IDLE_TIME, "90s", "90");
    assert_again(TERM_IDLE_TIME, "5m", "300");
    assert_again(TERM_IDLE_TIME, "2h", "7200");
    assert_again(TERM_IDLE_TIME, "1D", "86400");
    assert_again(TERM_IDLE_TIME, "4294967295", "4294967295");
    refuses(TERM_IDLE_TIME, "4294967296");
    refuses(TERM_IDLE_TIME, "49711d");
    refuses(TERM_IDLE_TIME, "1w");
    refuses(TERM_IDLE_TIME, "m");
    refuses(TERM_IDLE_TIME, "1h30m");
}

TEST(dates_are_days_or_seconds_of_utc)
{
    assert_again(TERM_EXPIRES, "1970-01-01", "1970-01-01T00:00:00Z");
    assert_again(TERM_EXPIRES, "2027-01-31", "2027-01-31T00:00:00Z");
    assert_again(TERM_EXPIRES, "2028-02-29", "2028-02-29T00:00:00Z");
    assert_again(TERM_EXPIRES, "2027-01-31T18:00:59Z", "2027-01-31T18:00:59Z");
    assert_again(TERM_EXPIRES, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
    static const char *const wrong[] = {"",
                                        "2027",
                                        "2027-1-31",
                                        "2027-02-29",
                                        "2027-13-01",
                                        "2027-00-10",
                                        "2027-01-00",
                                        "2027-01-32",
                                        "1969-12-31",
                                        "0000-01-01",
                                        "31-01-2027",
                                        "2027-01-31 ",
                                        "2027-01-31T18:00:00",
                                        "2027-01-31T24:00:00Z",
                                        "2027-01-31T18:60:00Z",
                                        "2027-01-31T18:00:60Z",
                                        "2027-01-31T18:00:00+01:00",
                                        "2027/01/31",
                                        "tomorrow",
                                        "-1"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(TERM_EXPIRES, wrong[i]);
}

TEST(a_ratio_has_two_sides_and_none_is_0)
{
    assert_again(TERM_RATIO, "1:3", "1:3");
    assert_again(TERM_RATIO, "4294967295:1", "4294967295:1");
    static const char *const wrong[] = {"",    "1",    ":",    "1:",    ":1",  "0:1",
                                        "1:0", "-1:1", "1:-1", "1:2:3", "1/2", "4294967296:1"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(TERM_RATIO, wrong[i]);
}

TEST(what_is_refused_leaves_what_was_there)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    assert_true(terms_set(&terms, TERM_RATIO, TEXT("1:3"), message));
    assert_false(terms_set(&terms, TERM_RATIO, TEXT("2:0"), message));
    assert_int_equal(terms.values[TERM_RATIO].number, 1);
    assert_int_equal(terms.values[TERM_RATIO].second, 3);
    assert_true(terms_set(&terms, TERM_RATIO, TEXT("5:6"), message));
    assert_int_equal(terms.values[TERM_RATIO].number, 5);
}

TEST(a_message_names_the_term_and_the_value)
{
    assert_again(TERM_QUOTA_BYTES, "-1",
                 "quota-bytes: \"-1\" is not a number of bytes (digits, k, M, G or T)");
    assert_again(TERM_HIDE_NAMES, "none", "hide-name: \"none\" is no value");
    assert_again(TERM_HIDE_NAMES, "",
                 "hide-name: \"\" is not a text of UTF-8 without control characters");
}

TEST(texts_of_a_list_stay_in_their_order)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    assert_true(terms_set(&terms, TERM_HIDE_NAMES, TEXT("b"), message));
    assert_true(terms_set(&terms, TERM_HIDE_NAMES, TEXT("ñ a"), message));
    const struct term_value *value = &terms.values[TERM_HIDE_NAMES];
    assert_true(value->is_set);
    assert_int_equal(value->text_count, 2);
    assert_string_equal(value->texts[0], "b");
    assert_string_equal(value->texts[1], "ñ a");
    terms_clear(&terms, TERM_HIDE_NAMES);
    assert_false(value->is_set);
    assert_int_equal(value->text_count, 0);
}

TEST(texts_that_cannot_be_shown_or_kept_are_refused)
{
    refuses(TERM_COMMENT, "a\nb");
    refuses(TERM_COMMENT, "\x1B[2J");
    refuses(TERM_COMMENT, "\x7F");
    refuses(TERM_COMMENT, "\xE9");
    refuses(TERM_COMMENT, "\xC0\x80");
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    assert_false(terms_set(&terms, TERM_COMMENT, TEXT("a\0b"), message));
}

TEST(a_list_has_room_for_so_many_and_no_more)
{
    static char longest[TERM_TEXT_MAX + 1];
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    memset(longest, 'a', sizeof(longest));
    assert_false(
        terms_set(&terms, TERM_COMMENT, (struct text){longest, TERM_TEXT_MAX + 1}, message));
    for (size_t i = 0; i < TERM_LIST_MAX; i++)
        assert_true(
            terms_set(&terms, TERM_COMMENT, (struct text){longest, TERM_TEXT_MAX}, message));
    assert_false(terms_set(&terms, TERM_COMMENT, TEXT("a"), message));
    assert_int_equal(terms.values[TERM_COMMENT].text_count, TERM_LIST_MAX);
    terms_done(&terms);
}

TEST(a_copy_is_its_own)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    struct terms copy;
    assert_true(terms_set(&terms, TERM_HOURS, TEXT("daily 08:00-18:00"), message));
    assert_true(terms_set(&terms, TERM_RATIO, TEXT("1:3"), message));
    assert_true(terms_copy(&terms, &copy));
    terms_done(&terms);
    assert_false(terms_has(&terms, TERM_RATIO));
    assert_string_equal(copy.values[TERM_HOURS].texts[0], "daily 08:00-18:00");
    assert_int_equal(copy.values[TERM_RATIO].second, 3);
    assert_true(terms_has(&copy, TERM_HOURS));
    terms_done(&copy);
}

TEST(a_flag_that_is_off_is_set_and_not_on)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    assert_false(terms_flag(&terms, TERM_READ_ONLY));
    assert_true(terms_set(&terms, TERM_READ_ONLY, TEXT("off"), message));
    assert_true(terms_has(&terms, TERM_READ_ONLY));
    assert_false(terms_flag(&terms, TERM_READ_ONLY));
    assert_true(terms_set(&terms, TERM_READ_ONLY, TEXT("on"), message));
    assert_true(terms_flag(&terms, TERM_READ_ONLY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(terms_are_found_by_their_word),
        RUN(flags_are_on_or_off),
        RUN(counts_are_digits),
        RUN(bytes_take_powers_of_1024),
        RUN(a_rate_is_never_nothing),
        RUN(times_take_seconds_minutes_hours_and_days),
        RUN(dates_are_days_or_seconds_of_utc),
        RUN(a_ratio_has_two_sides_and_none_is_0),
        RUN(what_is_refused_leaves_what_was_there),
        RUN(a_message_names_the_term_and_the_value),
        RUN(texts_of_a_list_stay_in_their_order),
        RUN(texts_that_cannot_be_shown_or_kept_are_refused),
        RUN(a_list_has_room_for_so_many_and_no_more),
        RUN(a_copy_is_its_own),
        RUN(a_flag_that_is_off_is_set_and_not_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
