/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/pathname.h"
#include "server/directory_entry.h"
#include "tests/unit/world.h"

enum {
    ALL_ACCESS = STORE_MAY_READ | STORE_MAY_WRITE | STORE_MAY_SEARCH | STORE_MAY_ADD |
                 STORE_MAY_REMOVE
};

/* 2023-11-14 22:13:20 UTC */
static const int64_t NOW = 1700000000;

static struct store_info info_of(enum store_kind kind, unsigned access)
{
    return (struct store_info){
        .kind = kind,
        .letter = "-dlp?"[kind],
        .mode = 0754,
        .access = access,
        .owner = 10,
        .group = 20,
        .links = 3,
        .size = 4711,
        .device = 1,
        .file_number = 2,
        .modified = {NOW - 60, 500000000},
    };
}

static void check_perm(const char *user, enum store_kind kind, unsigned access,
                       const char *expected)
{
    char letters[FACT_PERM_SIZE];
    struct caller caller = world_enter(user);
    struct store_info info = info_of(kind, access);
    struct facts facts = facts_of_info(&caller, "/name", &info, letters);
    assert_text(facts.perm, expected);
}

TEST(perm_is_what_the_store_grants_and_the_policy_allows)
{
    check_perm("writer", STORE_FILE, ALL_ACCESS, "adfrw");
    check_perm("writer", STORE_FILE, STORE_MAY_READ | STORE_MAY_REMOVE, "dfr");
    check_perm("writer", STORE_FILE, STORE_MAY_WRITE | STORE_MAY_REMOVE, "dfw");
    check_perm("writer", STORE_FILE, STORE_MAY_WRITE | STORE_MAY_ADD, "a");
    check_perm("writer", STORE_FILE, STORE_MAY_REMOVE, "df");
    check_perm("writer", STORE_FILE, 0, "");
    check_perm("reader", STORE_FILE, ALL_ACCESS, "r");
    check_perm("reader", STORE_FILE, 0, "");
}

TEST(perm_of_a_directory_has_its_own_letters)
{
    check_perm("writer", STORE_DIRECTORY, ALL_ACCESS, "cdeflmp");
    check_perm("writer", STORE_DIRECTORY, STORE_MAY_READ | STORE_MAY_SEARCH, "el");
    check_perm("writer", STORE_DIRECTORY, STORE_MAY_REMOVE, "df");
    check_perm("reader", STORE_DIRECTORY, ALL_ACCESS, "el");
    check_perm("reader", STORE_DIRECTORY, STORE_MAY_WRITE, "");
}

TEST(what_is_neither_can_be_renamed_and_deleted_at_most)
{
    check_perm("writer", STORE_LINK, ALL_ACCESS, "df");
    check_perm("writer", STORE_SPECIAL, ALL_ACCESS, "df");
    check_perm("writer", STORE_UNKNOWN, ALL_ACCESS, "df");
    check_perm("reader", STORE_SPECIAL, ALL_ACCESS, "");
}

static void check_facts(const struct store_info *info, unsigned size, unsigned create,
                        const char *type)
{
    char letters[FACT_PERM_SIZE];
    struct caller caller = world_enter("reader");
    struct facts facts = facts_of_info(&caller, "/name", info, letters);
    assert_int_equal(facts.present & FACT_SIZE, size);
    assert_int_equal(facts.present & FACT_CREATE, create);
    assert_int_equal(facts.present | FACT_SIZE | FACT_CREATE, (1 << FACT_COUNT) - 1);
    assert_text(facts.type, type);
}

TEST(only_what_is_known_is_a_fact)
{
    struct store_info info = info_of(STORE_FILE, ALL_ACCESS);
    check_facts(&info, FACT_SIZE, 0, "file");
    info.has_created = true;
    check_facts(&info, FACT_SIZE, FACT_CREATE, "file");
    info.kind = STORE_DIRECTORY;
    check_facts(&info, 0, FACT_CREATE, "dir");
    info = info_of(STORE_LINK, ALL_ACCESS);
    check_facts(&info, 0, 0, "OS.unix=symlink");
    info.kind = STORE_SPECIAL;
    check_facts(&info, 0, 0, "OS.unix=special");
    info.kind = STORE_UNKNOWN;
    check_facts(&info, 0, 0, "OS.unix=special");
}

static const struct directory_rights no_rights;

/* A line of MLSD of a link to `target`. */
static struct text line_of_link(struct text name, struct text target)
{
    static char bytes[12 * 1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct caller caller = world_enter("reader");
    struct store_info info = info_of(STORE_LINK, ALL_ACCESS);
    const struct directory_entry entry = {.name = name, .info = &info, .link_target = target};
    directory_put_facts(&b, &caller, &no_rights, &entry, FACT_TYPE);
    assert_false(b.full);
    return builder_text(&b);
}

TEST(a_link_says_where_it_leads_unless_that_would_break_the_line)
{
    static const char *const hostile[] = {"a;type=dir; x", "a\nb", "a\rb", "a\tb", "to a", ""};
    assert_text(line_of_link(TEXT("l"), TEXT("../to-a")), "type=OS.unix=slink:../to-a; l\n");
    for (size_t i = 0; i < COUNT(hostile); i++)
        assert_text(line_of_link(TEXT("l"), text_of(hostile[i])), "type=OS.unix=symlink; l\n");
}

TEST(a_link_that_leads_far_is_a_link_all_the_same)
{
    static char target[3 * PATHNAME_MAX];
    const struct text longest = {memset(target, 'x', sizeof(target)), PATHNAME_MAX};
    assert_int_equal(line_of_link(TEXT("l"), longest).len,
                     strlen("type=OS.unix=slink:; l\n") + PATHNAME_MAX);
    assert_text(line_of_link(TEXT("l"), (struct text){target, sizeof(target)}),
                "type=OS.unix=symlink; l\n");
}

TEST(a_name_is_one_line_whatever_it_holds)
{
    struct text line = line_of_link(TEXT("a\nb; c"), TEXT("t"));
    assert_true(text_equal(line, TEXT("type=OS.unix=slink:t; a\0b; c\n")));
}

static struct text facts_line(unsigned selected)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct caller caller = world_enter("writer");
    struct store_info info = info_of(STORE_FILE, STORE_MAY_READ | STORE_MAY_REMOVE);
    const struct directory_entry entry = {.name = TEXT("name"), .info = &info};
    const struct directory_rights rights = {~0U, ~0U, ~0U};
    directory_put_facts(&b, &caller, &rights, &entry, selected);
    return builder_text(&b);
}

TEST(a_line_has_the_facts_that_were_selected)
{
    assert_text(facts_line(FACT_SIZE | FACT_MODIFY | FACT_PERM),
                "size=4711;modify=20231114221220;perm=dfr; name\n");
    assert_text(facts_line(FACT_UNIX_MODE | FACT_UNIX_OWNER | FACT_UNIX_GROUP),
                "UNIX.mode=0754;UNIX.owner=10;UNIX.group=20; name\n");
    assert_text(facts_line(FACT_CREATE), " name\n"); /* not known */
    assert_text(facts_line(0), " name\n");
}

static struct text long_line(enum store_kind kind, const char *target, bool classify)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store_info info = info_of(kind, ALL_ACCESS);
    const struct directory_entry entry = {
        .name = TEXT("name"), .info = &info, .link_target = text_of(target)};
    directory_put_long(&b, &entry, NOW, classify);
    return builder_text(&b);
}

TEST(a_long_line_is_that_of_ls)
{
    assert_text(long_line(STORE_FILE, "", false),
                "-rwxr-xr--   3 10       20               4711 Nov 14 22:12 name\n");
    assert_text(long_line(STORE_DIRECTORY, "", true),
                "drwxr-xr--   3 10       20               4711 Nov 14 22:12 name/\n");
    assert_text(long_line(STORE_LINK, "to", false),
                "lrwxr-xr--   3 10       20               4711 Nov 14 22:12 name -> to\n");
    assert_true(text_starts_with(long_line(STORE_SPECIAL, "", false), TEXT("prwx")));
}

static void check_unknown(enum store_kind kind, const char *facts, char letter, const char *name)
{
    char bytes[128];
    struct caller caller = world_enter("reader");
    const struct store_info info = {.kind = kind};
    const struct directory_entry entry = {.name = TEXT("n"), .info = &info, .is_unknown = true};
    struct builder b = builder_on(bytes, sizeof(bytes));
    directory_put_facts(&b, &caller, &no_rights, &entry, (1 << FACT_COUNT) - 1);
    assert_text(builder_text(&b), facts);
    b = builder_on(bytes, sizeof(bytes));
    directory_put_long(&b, &entry, NOW, true);
    assert_int_equal(bytes[0], letter);
    assert_true(text_starts_with(text_after(builder_text(&b), 1), TEXT("?????????   ? ")));
    assert_true(text_ends_with(builder_text(&b), TEXT("     ? n\n")));
    b = builder_on(bytes, sizeof(bytes));
    directory_put_name(&b, TEXT(""), &entry, true);
    assert_text(builder_text(&b), name);
}

TEST(of_what_may_not_be_known_the_kind_is_all_that_is_told)
{
    check_unknown(STORE_FILE, "type=file; n\n", '-', "n\n");
    check_unknown(STORE_DIRECTORY, "type=dir; n\n", 'd', "n/\n");
    check_unknown(STORE_LINK, "type=OS.unix=symlink; n\n", 'l', "n@\n");
    check_unknown(STORE_SPECIAL, "type=OS.unix=special; n\n", '?', "n\n");
    check_unknown(STORE_UNKNOWN, " n\n", '?', "n\n");
}

TEST(a_name_has_its_prefix_and_sign)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store_info info = info_of(STORE_DIRECTORY, ALL_ACCESS);
    const struct directory_entry entry = {.name = TEXT("name"), .info = &info};
    directory_put_name(&b, TEXT("a/"), &entry, false);
    directory_put_name(&b, TEXT(""), &entry, true);
    assert_text(builder_text(&b), "a/name\nname/\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(perm_is_what_the_store_grants_and_the_policy_allows),
        IN_WORLD(perm_of_a_directory_has_its_own_letters),
        IN_WORLD(what_is_neither_can_be_renamed_and_deleted_at_most),
        IN_WORLD(only_what_is_known_is_a_fact),
        IN_WORLD(a_link_says_where_it_leads_unless_that_would_break_the_line),
        IN_WORLD(a_link_that_leads_far_is_a_link_all_the_same),
        IN_WORLD(a_name_is_one_line_whatever_it_holds),
        IN_WORLD(a_line_has_the_facts_that_were_selected),
        RUN(a_long_line_is_that_of_ls),
        IN_WORLD(of_what_may_not_be_known_the_kind_is_all_that_is_told),
        RUN(a_name_has_its_prefix_and_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
