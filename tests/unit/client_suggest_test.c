/* SPDX-License-Identifier: Apache-2.0 */
#include "client/suggest.h"
#include "tests/unit/unit.h"

static const char *const names[] = {"ls",     "get",    "put",  "mget",   "mput", "mirror",
                                    "delete", "rename", "quit", "status", "cd",   "?"};

static struct text meant(struct text word)
{
    struct suggestion suggestion = suggest_for(word);
    for (size_t i = 0; i < COUNT(names); i++)
        suggest_offer(&suggestion, text_of(names[i]));
    return suggestion.name;
}

TEST(a_slip_of_the_fingers_is_understood)
{
    static const struct {
        const char *word;
        const char *name;
    } cases[] = {
        {"gte", "get"},       /* two changed places */
        {"gt", "get"},        /* one is missing */
        {"geet", "get"},      /* one too many */
        {"gat", "get"},       /* one is another */
        {"mirorr", "mirror"}, /* two far from each other */
        {"MIRROR", "mirror"}, /* case is none of it */
        {"dleete", "delete"}, {"statsu", "status"}, {"l", "ls"}, {"qiut", "quit"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(meant(text_of(cases[i].word)), cases[i].name);
}

TEST(what_is_like_nothing_is_nobodys)
{
    assert_text(meant(TEXT("frobnicate")), "");
    assert_text(meant(TEXT("x")), ""); /* as far from "?" as from anything */
    assert_text(meant(TEXT("xy")), "");
    assert_text(meant(TEXT("")), "");
    assert_text(meant(TEXT("mirrorxyz")), "mirror");  /* three of nine */
    assert_text(meant(TEXT("mirrorwxyz")), "mirror"); /* four of ten */
    assert_text(meant(TEXT("mixxxx")), "");
}

TEST(of_two_as_near_the_first_one_stays)
{
    struct suggestion suggestion = suggest_for(TEXT("xput"));
    suggest_offer(&suggestion, TEXT("mput"));
    suggest_offer(&suggestion, TEXT("yput"));
    assert_text(suggestion.name, "mput");
    assert_int_equal(suggestion.distance, 1);
    suggest_offer(&suggestion, TEXT("xput"));
    assert_text(suggestion.name, "xput");
    assert_int_equal(suggestion.distance, 0);
}

TEST(words_up_to_the_limit_are_compared)
{
    char word[SUGGEST_WORD_MAX + 1];
    char name[SUGGEST_WORD_MAX + 1];
    memset(word, 'a', sizeof(word));
    memset(name, 'a', sizeof(name));
    name[0] = 'b';
    struct suggestion suggestion = suggest_for((struct text){word, SUGGEST_WORD_MAX});
    suggest_offer(&suggestion, (struct text){name, SUGGEST_WORD_MAX + 1});
    assert_text(suggestion.name, "");
    suggest_offer(&suggestion, (struct text){name, SUGGEST_WORD_MAX});
    assert_int_equal(suggestion.distance, 1);
    suggestion = suggest_for((struct text){word, SUGGEST_WORD_MAX + 1});
    suggest_offer(&suggestion, (struct text){word, SUGGEST_WORD_MAX});
    assert_text(suggestion.name, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_slip_of_the_fingers_is_understood),
        RUN(what_is_like_nothing_is_nobodys),
        RUN(of_two_as_near_the_first_one_stays),
        RUN(words_up_to_the_limit_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
