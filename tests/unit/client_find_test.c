/* SPDX-License-Identifier: Apache-2.0 */
#include "client/find.h"
#include "tests/unit/unit.h"

enum { NOW = 1700000000, HOUR = 3600, DAY = 24 * HOUR };

static const struct entry file = {.name = "a.ISO",
                                  .kind = ENTRY_FILE,
                                  .precision = ENTRY_TIME_SECOND,
                                  .modified = NOW - 2 * DAY - HOUR,
                                  .size = 2048,
                                  .has_size = true};

/* Words with blanks between; at "pub/a.ISO", in the second level. */
static bool takes(const char *line, const struct entry *entry)
{
    char bytes[256];
    char message[FIND_MESSAGE_SIZE] = "";
    const char *words[16];
    size_t count = 0;
    struct find find;
    (void)snprintf(bytes, sizeof(bytes), "%s", line);
    for (char *rest = bytes, *word; (word = strtok_r(NULL, " ", &rest));)
        words[count++] = word;
    if (!find_parse(words, count, &find, message))
        fail_msg("%s", message);
    return find_takes(&find, "pub/a.ISO", 2, entry, NOW);
}

TEST(each_test_asks_for_what_it_says)
{
    static const struct {
        const char *words;
        bool takes;
    } cases[] = {
        {"", true},
        {"-name *.ISO", true},
        {"-name *.iso", false},
        {"-iname *.iso", true},
        {"-name pub*", false}, /* the name alone */
        {"-type f", true},
        {"-type d", false},
        {"-type l", false},
        {"-size 2048", true},
        {"-size 2k", true},
        {"-size +2047", true},
        {"-size +2048", false},
        {"-size -2049", true},
        {"-size -2048", false},
        {"-mtime 2", true},
        {"-mtime +1", true},
        {"-mtime +2", false}, /* two whole days, not three */
        {"-mtime -3", true},
        {"-mtime -2", false},
        {"-mmin +2900", true},
        {"-mmin 2940", true},
        {"-maxdepth 2", true},
        {"-maxdepth 1", false},
        {"-mindepth 2", true},
        {"-mindepth 3", false},
        {"-name *.ISO -size +1k -type f", true},
        {"-name *.ISO -size +1k -type d", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (takes(cases[i].words, &file) != cases[i].takes)
            fail_msg("%s", cases[i].words);
}

TEST(what_is_not_known_fits_nothing)
{
    struct entry entry = {.name = "a.ISO", .kind = ENTRY_DIRECTORY};
    assert_false(takes("-size -1000", &entry));
    assert_false(takes("-size 0", &entry));
    assert_false(takes("-mtime +1", &entry));
    assert_false(takes("-mtime -1", &entry));
    assert_true(takes("-type d", &entry));
}

TEST(what_comes_from_the_future_is_new)
{
    struct entry entry = file;
    entry.modified = NOW + 5 * DAY;
    assert_true(takes("-mtime 0", &entry));
    assert_false(takes("-mtime +0", &entry));
}

TEST(how_deep_to_go_is_told)
{
    struct find find;
    char message[FIND_MESSAGE_SIZE];
    const char *words[] = {"-name", "*", "-maxdepth", "2"};
    assert_true(find_parse(words, COUNT(words), &find, message));
    assert_true(find_goes_below(&find, 0));
    assert_true(find_goes_below(&find, 1));
    assert_false(find_goes_below(&find, 2));
    assert_true(find_parse(words, 2, &find, message));
    assert_true(find_goes_below(&find, 1000));
}

TEST(what_is_no_test_is_told)
{
    static const char *const cases[][2] = {
        {"-frob", "x"},      {"name", "x"},    {"-name", ""},         {"-name", "[a"},
        {"-name", "a\\"},    {"-type", "x"},   {"-type", "fd"},       {"-type", ""},
        {"-size", "x"},      {"-size", "+"},   {"-size", "1.5k"},     {"-mtime", "+-1"},
        {"-maxdepth", "+1"}, {"-mtime", "1d"}, {"-mtime", "1000001"},
    };
    struct find find = {.count = 77};
    char message[FIND_MESSAGE_SIZE];
    for (size_t i = 0; i < COUNT(cases); i++) {
        message[0] = '\0';
        assert_false(find_parse(cases[i], 2, &find, message));
        assert_true(text_starts_with(text_of(message), text_of(cases[i][0])));
        assert_int_equal(find.count, 77);
    }
    const char *alone[] = {"-name"};
    assert_false(find_parse(alone, 1, &find, message));
    assert_string_equal(message, "-name: needs a value");
}

TEST(as_many_tests_as_there_is_room_for)
{
    const char *words[2 * FIND_TERMS_MAX + 2];
    struct find find;
    char message[FIND_MESSAGE_SIZE];
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = i % 2 ? "f" : "-type";
    assert_true(find_parse(words, 2 * FIND_TERMS_MAX, &find, message));
    assert_int_equal(find.count, FIND_TERMS_MAX);
    assert_false(find_parse(words, COUNT(words), &find, message));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(each_test_asks_for_what_it_says),   RUN(what_is_not_known_fits_nothing),
        RUN(what_comes_from_the_future_is_new), RUN(how_deep_to_go_is_told),
        RUN(what_is_no_test_is_told),           RUN(as_many_tests_as_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
