/* SPDX-License-Identifier: Apache-2.0 */
/* The database when memory runs out: a record is whole, or nobody says that it is there. */
#include "tests/unit/database_site.h"
#include "tests/unit/failing_memory.h"

static enum fault open_and_close(void)
{
    struct database *database = NULL;
    bool is_open = database_open(site.file, &database, site.message);
    end_shortage();
    database_close(database);
    if (!is_open)
        assert_true(text_ends_with(text_of(site.message), TEXT(": out of memory")));
    return is_open ? FAULT_NONE : FAULT_NO_MEMORY;
}

TEST(a_database_is_opened_or_not)
{
    site_close(); /* SQLite keeps descriptors of a file that is open elsewhere in the process */
    until_enough(open_and_close);
}

static enum fault put_and_find(void)
{
    char *groups[] = {(char *)"one", (char *)"two"};
    struct account_mount mounts[] = {{(char *)"pool", (char *)"/a"},
                                     {(char *)"pool", (char *)"/b"}};
    struct account anna = {.name = (char *)"anna",
                           .password = (char *)"$y$x",
                           .root = (char *)"/srv/anna",
                           .charge = (char *)"42",
                           .groups = groups,
                           .group_count = 2,
                           .mounts = mounts,
                           .mount_count = 2};
    struct account *found = NULL;
    anna.terms.values[TERM_RATIO] = (struct term_value){true, 1, 3};
    enum fault put = site_put(&anna, true);
    enum fault f = put;
    if (!f)
        f = site_accounts()->type->find(site_accounts(), TEXT("anna"), &found);
    end_shortage();
    if (!f) {
        assert_string_equal(found->root, "/srv/anna");
        assert_int_equal(found->group_count, 2);
        assert_string_equal(found->groups[1], "two");
        assert_int_equal(found->mount_count, 2);
        assert_string_equal(found->mounts[1].at, "/b");
        assert_int_equal(found->terms.values[TERM_RATIO].second, 3);
    }
    account_free(found);
    assert_fault(site_try("anna"), put ? FAULT_NOT_FOUND : FAULT_NONE);
    if (!put)
        assert_fault(database_remove(site.database, DATABASE_USERS, TEXT("anna")), FAULT_NONE);
    return f;
}

TEST(a_user_is_put_and_found_whole)
{
    site_add_group("one");
    site_add_group("two");
    site_add_folder("pool");
    until_enough(put_and_find);
}

static enum fault find_group_and_folder(void)
{
    struct account_store *store = site_accounts();
    struct account_group *group = NULL;
    struct account_folder *folder = NULL;
    enum fault f = store->type->find_group(store, TEXT("one"), &group);
    if (!f)
        f = store->type->find_folder(store, TEXT("pool"), &folder);
    end_shortage();
    account_group_free(group);
    account_folder_free(folder);
    return f;
}

TEST(a_group_and_a_folder_are_found_whole)
{
    struct account_mount mount = {(char *)"pool", (char *)"/a"};
    const struct account_group group = {.name = (char *)"one", .mounts = &mount, .mount_count = 1};
    site_add_folder("pool");
    assert_fault(database_put_group(site.database, &group, true, site.message), FAULT_NONE);
    until_enough(find_group_and_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_SITE(a_database_is_opened_or_not),
        RUN_SITE(a_user_is_put_and_found_whole),
        RUN_SITE(a_group_and_a_folder_are_found_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
