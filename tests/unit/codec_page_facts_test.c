/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/page_facts.h"
#include "tests/unit/unit.h"

TEST(facts_are_written_and_read_alike)
{
    static const char *const texts[] = {
        "",
        "size=12;",
        "modify=20240229115958;",
        "modify=19600101000000.000000001;",
        "unix.mode=0644;",
        "size=9223372036854775807;modify=99991231235959.999999999;unix.mode=0777;",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        char buffer[PAGE_FACTS_MAX];
        struct builder b = builder_on(buffer, sizeof(buffer));
        struct page_facts facts = {false};
        assert_true(page_facts_parse(text_of(texts[i]), &facts));
        page_facts_put(&b, &facts);
        assert_false(b.full);
        assert_text(builder_text(&b), texts[i]);
    }
}

TEST(facts_have_their_values_in_any_case_and_order)
{
    struct page_facts facts = {false};
    assert_true(page_facts_parse(TEXT("UNIX.mode=600;Size=7;"), &facts));
    assert_true(facts.has_mode && facts.has_size && !facts.has_modified);
    assert_int_equal(facts.mode, 0600);
    assert_int_equal(facts.size, 7);
    assert_true(page_facts_parse(TEXT("modify=19700101000001.5;"), &facts));
    assert_int_equal(facts.modified.seconds, 1);
    assert_int_equal(facts.modified.nanoseconds, 500000000);
    assert_int_equal(facts.size, 7);
}

TEST(only_permission_bits_are_written)
{
    char buffer[PAGE_FACTS_MAX];
    struct builder b = builder_on(buffer, sizeof(buffer));
    page_facts_put(&b, &(struct page_facts){.has_mode = true, .mode = 04755});
    assert_text(builder_text(&b), "unix.mode=0755;");
}

TEST(what_are_no_facts_is_refused_and_changes_nothing)
{
    static const char *const texts[] = {
        "size=1",       ";",       "size=;", "size=1;;",        "size=-1;",
        "size=1; ",     "size;",   "=1;",    "unix.mode=4755;", "unix.mode=8;",
        "modify=2024;", "perm=r;", "x",      "size=1;perm=r;",  "size=9223372036854775808;",
    };
    struct page_facts facts = {.size = 42};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (page_facts_parse(text_of(texts[i]), &facts))
            fail_msg("\"%s\"", texts[i]);
    assert_int_equal(facts.size, 42);
    assert_false(facts.has_size || facts.has_modified || facts.has_mode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(facts_are_written_and_read_alike),
        RUN(facts_have_their_values_in_any_case_and_order),
        RUN(only_permission_bits_are_written),
        RUN(what_are_no_facts_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
