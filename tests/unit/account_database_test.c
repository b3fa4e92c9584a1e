/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/database_site.h"

/* ---- Samples ------------------------------------------------------------------------- */

static void set_sample(struct terms *terms, enum term term)
{
    static const char *const samples[] = {
        [TERM_FLAG] = "on",        [TERM_COUNT] = "7",         [TERM_BYTES] = "5G",
        [TERM_RATE] = "100k",      [TERM_SECONDS] = "90",      [TERM_DATE] = "2031-05-06T07:08:09Z",
        [TERM_PROPORTION] = "1:3", [TERM_LIST] = "first text",
    };
    char message[TERMS_MESSAGE_SIZE];
    enum term_kind kind = term_rows[term].kind;
    assert_true(terms_set(terms, term, text_of(samples[kind]), message));
    if (kind == TERM_LIST)
        assert_true(terms_set(terms, term, TEXT("the second, ñandú"), message));
}

static struct terms all_terms_of(enum terms_owner owner)
{
    struct terms terms = {0};
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        if (term_rows[term].owners & owner)
            set_sample(&terms, (enum term)term);
    return terms;
}

static void assert_same_terms(const struct terms *a, const struct terms *b)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++) {
        const struct term_value *one = &a->values[term];
        const struct term_value *other = &b->values[term];
        assert_int_equal(one->is_set, other->is_set);
        assert_true(one->number == other->number && one->second == other->second);
        assert_int_equal(one->text_count, other->text_count);
        for (size_t i = 0; i < one->text_count; i++)
            assert_string_equal(one->texts[i], other->texts[i]);
    }
}

static char *sample_groups[] = {(char *)"staff", (char *)"guests"};
static struct account_mount sample_mounts[] = {{(char *)"pool", (char *)"/a/b"},
                                               {(char *)"pool", (char *)"/pub"}};

static void add_sample_groups(void)
{
    site_add_group("staff");
    site_add_group("guests");
    site_add_folder("pool");
}

static struct account sample(struct terms terms)
{
    return (struct account){
        .name = (char *)"anna",
        .password = (char *)"$y$x",
        .root = (char *)"/srv/anna",
        .charge = (char *)"42",
        .terms = terms,
        .groups = sample_groups,
        .group_count = COUNT(sample_groups),
        .mounts = sample_mounts,
        .mount_count = COUNT(sample_mounts),
    };
}

/* ---- Records --------------------------------------------------------------------------- */

TEST(a_user_comes_back_as_they_were_put)
{
    struct terms terms = all_terms_of(TERMS_USER);
    struct account anna = sample(terms);
    add_sample_groups();
    for (unsigned create = 2; create-- > 0;) {
        assert_fault(site_put(&anna, create), FAULT_NONE);
        struct account *found = site_find("anna");
        assert_string_equal(found->password, "$y$x");
        assert_string_equal(found->root, "/srv/anna");
        assert_string_equal(found->charge, "42");
        assert_same_terms(&found->terms, &terms);
        assert_int_equal(found->group_count, 2);
        assert_string_equal(found->groups[0], "staff");
        assert_string_equal(found->groups[1], "guests");
        assert_int_equal(found->mount_count, 2);
        assert_string_equal(found->mounts[1].folder, "pool");
        assert_string_equal(found->mounts[1].at, "/pub");
        account_free(found);
    }
    terms_done(&terms);
}

TEST(what_is_not_said_is_not_there)
{
    site_add_user("bert");
    struct account *found = site_find("bert");
    assert_null(found->password);
    assert_null(found->root);
    assert_null(found->charge);
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        assert_false(terms_has(&found->terms, (enum term)term));
    assert_int_equal(found->group_count, 0);
    assert_int_equal(found->mount_count, 0);
    account_free(found);
}

TEST(a_change_leaves_nothing_of_what_was)
{
    struct terms terms = all_terms_of(TERMS_USER);
    struct account anna = sample(terms);
    const struct account bare = {.name = (char *)"anna"};
    add_sample_groups();
    assert_fault(site_put(&anna, true), FAULT_NONE);
    assert_fault(site_put(&bare, false), FAULT_NONE);
    struct account *found = site_find("anna");
    assert_null(found->password);
    assert_int_equal(found->group_count, 0);
    assert_int_equal(found->mount_count, 0);
    assert_false(terms_has(&found->terms, TERM_HOURS));
    account_free(found);
    terms_done(&terms);
}

TEST(groups_and_folders_come_back_as_they_were_put)
{
    struct account_group *found_group = NULL;
    struct account_folder *found_folder = NULL;
    struct account_group group = {.name = (char *)"staff",
                                  .terms = all_terms_of(TERMS_GROUP),
                                  .mounts = sample_mounts,
                                  .mount_count = COUNT(sample_mounts)};
    struct account_folder folder = {
        .name = (char *)"pool", .path = (char *)"/srv/pool", .terms = all_terms_of(TERMS_FOLDER)};
    for (unsigned create = 2; create-- > 0;) {
        assert_fault(database_put_folder(site.database, &folder, create, site.message), FAULT_NONE);
        assert_fault(database_put_group(site.database, &group, create, site.message), FAULT_NONE);
    }
    assert_fault(site_accounts()->type->find_group(site_accounts(), TEXT("staff"), &found_group),
                 FAULT_NONE);
    assert_fault(site_accounts()->type->find_folder(site_accounts(), TEXT("pool"), &found_folder),
                 FAULT_NONE);
    assert_string_equal(found_group->name, "staff");
    assert_same_terms(&found_group->terms, &group.terms);
    assert_int_equal(found_group->mount_count, 2);
    assert_string_equal(found_group->mounts[0].at, "/a/b");
    assert_string_equal(found_folder->name, "pool");
    assert_string_equal(found_folder->path, "/srv/pool");
    assert_same_terms(&found_folder->terms, &folder.terms);
    account_group_free(found_group);
    account_folder_free(found_folder);
    terms_done(&group.terms);
    terms_done(&folder.terms);
}

TEST(names_are_exact)
{
    struct account_group *group = NULL;
    struct account_folder *folder = NULL;
    site_add_user("anna");
    assert_fault(site_try("anna"), FAULT_NONE);
    assert_fault(site_try("Anna"), FAULT_NOT_FOUND);
    assert_fault(site_try("ann"), FAULT_NOT_FOUND);
    assert_fault(site_try(""), FAULT_NOT_FOUND);
    assert_fault(site_try("' OR 1 --"), FAULT_NOT_FOUND);
    assert_fault(site_accounts()->type->find(site_accounts(), TEXT("anna\0"), NULL),
                 FAULT_NOT_FOUND);
    assert_fault(site_accounts()->type->find_group(site_accounts(), TEXT("anna"), &group),
                 FAULT_NOT_FOUND);
    assert_fault(site_accounts()->type->find_folder(site_accounts(), TEXT("anna"), &folder),
                 FAULT_NOT_FOUND);
    site_add_user("Anna");
    site_add_user("' OR 1 --");
    assert_fault(site_try("' OR 1 --"), FAULT_NONE);
}

TEST(what_is_there_is_not_created_and_what_is_not_there_is_not_changed)
{
    const struct account account = {.name = (char *)"anna", .password = (char *)"$y$other"};
    const struct account_group group = {.name = (char *)"staff"};
    const struct account_folder folder = {.name = (char *)"pool", .path = (char *)"/srv"};
    for (unsigned create = 0; create < 2; create++) {
        enum fault expected = create ? FAULT_EXISTS : FAULT_NOT_FOUND;
        assert_fault(site_put(&account, create), expected);
        assert_fault(database_put_group(site.database, &group, create, site.message), expected);
        assert_fault(database_put_folder(site.database, &folder, create, site.message), expected);
        if (!create) {
            site_add_user("anna");
            site_add_group("staff");
            site_add_folder("pool");
        }
    }
    struct account *anna = site_find("anna");
    assert_null(anna->password);
    account_free(anna);
}

static void assert_refused(const struct account *account, const char *message)
{
    uint64_t generation = site_generation();
    assert_fault(site_put(account, true), FAULT_ARGUMENT);
    assert_string_equal(site.message, message);
    assert_fault(site_try(account->name), FAULT_NOT_FOUND);
    assert_true(site_generation() == generation);
}

TEST(a_user_that_makes_no_sense_is_not_put_at_all)
{
    struct account_mount here = {(char *)"pool", (char *)"here"};
    struct account_mount twice[] = {{(char *)"pool", (char *)"/a"}, {(char *)"pool", (char *)"/a"}};
    struct account_mount nowhere[] = {{(char *)"pool", (char *)"/a"},
                                      {(char *)"lake", (char *)"/b"}};
    char *missing[] = {(char *)"staff", (char *)"nobody"};
    char *again[] = {(char *)"staff", (char *)"staff"};
    struct account bad = {.name = (char *)"bad"};
    add_sample_groups();

    bad.name = (char *)"a/b";
    assert_refused(&bad, "name: is empty, too long or has characters it may not have");
    bad.name = (char *)"bad";
    bad.groups = missing;
    bad.group_count = 2;
    assert_refused(&bad, "groups: \"nobody\" does not exist");
    bad.groups = again;
    assert_refused(&bad, "groups: \"staff\" is given twice");
    bad.group_count = 0;
    bad.mounts = &here;
    bad.mount_count = 1;
    assert_refused(&bad, "mounts: is no absolute path without . and ..");
    bad.mounts = twice;
    bad.mount_count = 2;
    assert_refused(&bad, "mounts: \"/a\" is given twice");
    bad.mounts = nowhere;
    assert_refused(&bad, "mounts: \"lake\" does not exist");
    bad.mount_count = 0;
    bad.root = (char *)"srv";
    assert_refused(&bad, "root: is no absolute path without . and ..");
    bad.root = NULL;
    bad.password = (char *)"";
    assert_refused(&bad, "password: is no hash");
    bad.password = NULL;
    bad.terms.values[TERM_MAX_SESSIONS] = (struct term_value){true, UINT64_MAX};
    assert_refused(&bad, "max-sessions: is out of range");
    bad.terms.values[TERM_MAX_SESSIONS] = (struct term_value){false};
    bad.terms.values[TERM_HOURS] = (struct term_value){.is_set = true};
    assert_refused(&bad, "hours: \"\" is not a text of UTF-8 without control characters");
}

TEST(a_term_is_put_only_where_it_belongs)
{
    struct account_group group = {.name = (char *)"staff"};
    group.terms.values[TERM_MUST_CHANGE_PASSWORD] = (struct term_value){true, 1};
    assert_fault(database_put_group(site.database, &group, true, site.message), FAULT_ARGUMENT);
    assert_string_equal(site.message, "must-change-password: is not for this kind of record");
    struct account_folder folder = {.name = (char *)"pool", .path = (char *)"/srv"};
    folder.terms.values[TERM_RATIO] = (struct term_value){true, 1, 1};
    assert_fault(database_put_folder(site.database, &folder, true, site.message), FAULT_ARGUMENT);
    assert_string_equal(site.message, "ratio: is not for this kind of record");
    const struct account_folder nowhere = {.name = (char *)"pool"};
    assert_fault(database_put_folder(site.database, &nowhere, true, site.message), FAULT_ARGUMENT);
    assert_string_equal(site.message, "path: is no absolute path without . and ..");
}

TEST(a_user_may_be_in_64_groups_and_in_no_more)
{
    char names[ACCOUNT_GROUPS_MAX + 1][8];
    char *groups[ACCOUNT_GROUPS_MAX + 1];
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "g%zu", i);
        groups[i] = names[i];
        site_add_group(names[i]);
    }
    struct account anna = {.name = (char *)"anna", .groups = groups};
    anna.group_count = ACCOUNT_GROUPS_MAX + 1;
    assert_refused(&anna, "groups: are more than 64");
    anna.group_count = ACCOUNT_GROUPS_MAX;
    assert_fault(site_put(&anna, true), FAULT_NONE);
}

TEST(who_is_needed_is_not_removed)
{
    struct account anna = sample((struct terms){0});
    add_sample_groups();
    assert_fault(site_put(&anna, true), FAULT_NONE);
    assert_fault(database_remove(site.database, DATABASE_GROUPS, TEXT("staff")), FAULT_NOT_EMPTY);
    assert_fault(database_remove(site.database, DATABASE_FOLDERS, TEXT("pool")), FAULT_NOT_EMPTY);
    assert_fault(database_remove(site.database, DATABASE_USERS, TEXT("anna")), FAULT_NONE);
    assert_fault(database_remove(site.database, DATABASE_USERS, TEXT("anna")), FAULT_NOT_FOUND);
    assert_fault(database_remove(site.database, DATABASE_GROUPS, TEXT("staff")), FAULT_NONE);
    assert_fault(database_remove(site.database, DATABASE_FOLDERS, TEXT("pool")), FAULT_NONE);
    assert_fault(site_try("anna"), FAULT_NOT_FOUND);
    assert_int_equal(site_number("SELECT count(*) FROM user_groups"), 0);
    assert_int_equal(site_number("SELECT count(*) FROM user_mounts"), 0);
}

/* ---- Going through ---------------------------------------------------------------------- */

struct seen {
    char names[256];
    size_t wanted; /* names until it is enough */
};

static bool see(void *context, struct text name)
{
    struct seen *seen = context;
    size_t len = strlen(seen->names);
    (void)snprintf(seen->names + len, sizeof(seen->names) - len, "%.*s ", TEXT_ARGS(name));
    return --seen->wanted > 0;
}

/* In the order of bytes, which is that of characters. */
TEST(all_are_gone_through_in_order)
{
    static const char *const names[] = {"ñandú", "b", "a", "B", "ab"};
    struct seen all = {.wanted = SIZE_MAX};
    struct seen two = {.wanted = 2};
    struct seen groups = {.wanted = SIZE_MAX};
    struct seen folders = {.wanted = SIZE_MAX};
    for (size_t i = 0; i < COUNT(names); i++)
        site_add_user(names[i]);
    add_sample_groups();
    assert_fault(database_each(site.database, DATABASE_USERS, see, &all), FAULT_NONE);
    assert_string_equal(all.names, "B a ab b ñandú ");
    assert_fault(database_each(site.database, DATABASE_USERS, see, &two), FAULT_NONE);
    assert_string_equal(two.names, "B a ");
    assert_fault(database_each(site.database, DATABASE_GROUPS, see, &groups), FAULT_NONE);
    assert_string_equal(groups.names, "guests staff ");
    assert_fault(database_each(site.database, DATABASE_FOLDERS, see, &folders), FAULT_NONE);
    assert_string_equal(folders.names, "pool ");
}

static bool remove_it(void *context, struct text name)
{
    (void)context;
    assert_fault(database_remove(site.database, DATABASE_USERS, name), FAULT_NONE);
    return true;
}

TEST(who_goes_through_them_may_change_them)
{
    site_add_user("a");
    site_add_user("b");
    site_add_user("c");
    assert_fault(database_each(site.database, DATABASE_USERS, remove_it, NULL), FAULT_NONE);
    assert_int_equal(site_number("SELECT count(*) FROM users"), 0);
}

TEST(members_of_a_group_are_gone_through)
{
    struct account user = sample((struct terms){0});
    struct seen staff = {.wanted = SIZE_MAX};
    struct seen nobody = {.wanted = SIZE_MAX};
    add_sample_groups();
    assert_fault(site_put(&user, true), FAULT_NONE);
    user.name = (char *)"aaron";
    assert_fault(site_put(&user, true), FAULT_NONE);
    user.name = (char *)"bert";
    user.group_count = 0;
    assert_fault(site_put(&user, true), FAULT_NONE);
    assert_fault(database_each_member(site.database, TEXT("staff"), see, &staff), FAULT_NONE);
    assert_string_equal(staff.names, "aaron anna ");
    assert_fault(database_each_member(site.database, TEXT("nobody"), see, &nobody), FAULT_NONE);
    assert_string_equal(nobody.names, "");
}

/* ---- Passwords, changes -------------------------------------------------------------------- */

TEST(a_new_password_is_one_that_need_not_be_changed)
{
    struct account anna = {.name = (char *)"anna", .password = (char *)"$y$old"};
    anna.terms.values[TERM_MUST_CHANGE_PASSWORD] = (struct term_value){true, 1};
    assert_fault(site_put(&anna, true), FAULT_NONE);
    assert_fault(site_accounts()->type->set_password(site_accounts(), TEXT("anna"), "$y$new"),
                 FAULT_NONE);
    assert_fault(site_accounts()->type->set_password(site_accounts(), TEXT("bert"), "$y$new"),
                 FAULT_NOT_FOUND);
    struct account *found = site_find("anna");
    assert_string_equal(found->password, "$y$new");
    assert_false(terms_has(&found->terms, TERM_MUST_CHANGE_PASSWORD));
    account_free(found);
}

static void assert_is_new(uint64_t *generation)
{
    assert_true(site_generation() != *generation);
    *generation = site_generation();
}

TEST(every_change_gives_another_generation)
{
    uint64_t generation = site_generation();
    site_add_user("anna");
    assert_is_new(&generation);
    site_add_group("staff");
    assert_is_new(&generation);
    site_add_folder("pool");
    assert_is_new(&generation);
    assert_fault(site_accounts()->type->set_password(site_accounts(), TEXT("anna"), "$y$new"),
                 FAULT_NONE);
    assert_is_new(&generation);
    assert_fault(database_remove(site.database, DATABASE_USERS, TEXT("anna")), FAULT_NONE);
    assert_is_new(&generation);
    database_touch(site.database);
    assert_is_new(&generation);
}

TEST(what_changes_no_account_gives_no_other_generation)
{
    struct records *records = database_records(site.database);
    const struct usage_record usage = {.bytes = 1};
    const struct ban_record ban = {.subject = "192.0.2.1", .until = 10};
    uint64_t generation = site_generation();
    assert_fault(records->type->save_usage(records, "tree", &usage), FAULT_NONE);
    assert_fault(records->type->put_ban(records, &ban), FAULT_NONE);
    assert_fault(site_try("anna"), FAULT_NOT_FOUND);
    database_poll(site.database);
    assert_true(site_generation() == generation);
}

TEST(a_change_of_another_process_is_seen_by_looking)
{
    uint64_t generation = site_generation();
    database_poll(site.database);
    assert_true(site_generation() == generation);
    site_sql("INSERT INTO users(name) VALUES ('anna')");
    assert_true(site_generation() == generation);
    database_poll(site.database);
    assert_is_new(&generation);
    database_poll(site.database);
    assert_true(site_generation() == generation);
    assert_fault(site_try("anna"), FAULT_NONE);
}

/* ---- Usage, bans, the server ---------------------------------------------------------------- */

TEST(usage_is_kept)
{
    struct records *records = database_records(site.database);
    struct usage_record usage = {1, 2, 3, 4, true};
    struct usage_record found;
    assert_fault(records->type->load_usage(records, "tree", &found), FAULT_NOT_FOUND);
    assert_fault(records->type->save_usage(records, "tree", &usage), FAULT_NONE);
    usage.bytes = 10;
    usage.is_open = false;
    assert_fault(records->type->save_usage(records, "tree", &usage), FAULT_NONE);
    assert_fault(records->type->save_usage(records, "other", &(struct usage_record){0}),
                 FAULT_NONE);
    site_close();
    site_open();
    records = database_records(site.database);
    assert_fault(records->type->load_usage(records, "tree", &found), FAULT_NONE);
    assert_int_equal(found.bytes, 10);
    assert_int_equal(found.files, 2);
    assert_int_equal(found.uploaded_bytes, 3);
    assert_int_equal(found.downloaded_bytes, 4);
    assert_false(found.is_open);
}

static void see_ban(void *context, const struct ban_record *ban)
{
    struct seen *seen = context;
    char line[256];
    (void)snprintf(line, sizeof(line), "%s for %s", ban->subject, ban->reason);
    (void)see(seen, text_of(line));
}

TEST(bans_that_ended_are_forgotten)
{
    struct records *records = database_records(site.database);
    static const struct ban_record bans[] = {
        {"192.0.2.1", "guessing", 100},
        {"2001:db8::/64", "spite", INT64_MAX},
        {"user anna", "guessing", 101},
    };
    struct seen seen = {.wanted = SIZE_MAX};
    for (size_t i = 0; i < COUNT(bans); i++)
        assert_fault(records->type->put_ban(records, &bans[i]), FAULT_NONE);
    assert_fault(records->type->each_ban(records, 100, see_ban, &seen), FAULT_NONE);
    assert_string_equal(seen.names, "2001:db8::/64 for spite user anna for guessing ");
    assert_int_equal(site_number("SELECT count(*) FROM bans"), 2);
    assert_fault(records->type->remove_ban(records, "192.0.2.1"), FAULT_NOT_FOUND);
    assert_fault(records->type->remove_ban(records, "user anna"), FAULT_NONE);
    assert_fault(records->type->remove_ban(records, "user anna"), FAULT_NOT_FOUND);
}

TEST(a_ban_is_put_in_the_place_of_one_before)
{
    struct records *records = database_records(site.database);
    struct ban_record ban = {"192.0.2.1", "guessing", 100};
    struct seen seen = {.wanted = SIZE_MAX};
    assert_fault(records->type->put_ban(records, &ban), FAULT_NONE);
    ban.until = 300;
    assert_fault(records->type->put_ban(records, &ban), FAULT_NONE);
    assert_fault(records->type->each_ban(records, 200, see_ban, &seen), FAULT_NONE);
    assert_string_equal(seen.names, "192.0.2.1 for guessing ");
}

TEST(the_server_says_where_it_is)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder small = builder_on(bytes, 4);
    assert_fault(database_server(site.database, &b), FAULT_NOT_FOUND);
    assert_fault(database_set_server(site.database, "/run/old.sock"), FAULT_NONE);
    assert_fault(database_set_server(site.database, "/run/ferryd.sock"), FAULT_NONE);
    assert_fault(database_server(site.database, &b), FAULT_NONE);
    assert_text(builder_text(&b), "/run/ferryd.sock");
    assert_fault(database_server(site.database, &small), FAULT_NOT_FOUND);
    assert_fault(database_set_server(site.database, NULL), FAULT_NONE);
    assert_fault(database_server(site.database, &b), FAULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_SITE(a_user_comes_back_as_they_were_put),
        RUN_SITE(what_is_not_said_is_not_there),
        RUN_SITE(a_change_leaves_nothing_of_what_was),
        RUN_SITE(groups_and_folders_come_back_as_they_were_put),
        RUN_SITE(names_are_exact),
        RUN_SITE(what_is_there_is_not_created_and_what_is_not_there_is_not_changed),
        RUN_SITE(a_user_that_makes_no_sense_is_not_put_at_all),
        RUN_SITE(a_term_is_put_only_where_it_belongs),
        RUN_SITE(a_user_may_be_in_64_groups_and_in_no_more),
        RUN_SITE(who_is_needed_is_not_removed),
        RUN_SITE(all_are_gone_through_in_order),
        RUN_SITE(who_goes_through_them_may_change_them),
        RUN_SITE(members_of_a_group_are_gone_through),
        RUN_SITE(a_new_password_is_one_that_need_not_be_changed),
        RUN_SITE(every_change_gives_another_generation),
        RUN_SITE(what_changes_no_account_gives_no_other_generation),
        RUN_SITE(a_change_of_another_process_is_seen_by_looking),
        RUN_SITE(usage_is_kept),
        RUN_SITE(bans_that_ended_are_forgotten),
        RUN_SITE(a_ban_is_put_in_the_place_of_one_before),
        RUN_SITE(the_server_says_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
