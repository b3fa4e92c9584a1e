/* SPDX-License-Identifier: Apache-2.0 */
/* The file: whose it is, of which version; and several who use it, die, or find the disk full. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "account/database_parts.h"
#include "tests/unit/database_site.h"
#include "tests/unit/database_versions.h"

/* ---- Opening -------------------------------------------------------------------------- */

TEST(a_new_file_is_for_its_owner_alone)
{
    struct stat info;
    assert_int_equal(stat(site.file, &info), 0); /* set up with an umask of 0 */
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(site_number("PRAGMA user_version"), 1);
}

static void assert_not_opened(const char *wrong)
{
    struct database *database = NULL;
    char expected[DATABASE_MESSAGE_SIZE];
    assert_false(database_open(site.file, &database, site.message));
    assert_null(database);
    (void)snprintf(expected, sizeof(expected), "%s: %s", site.file, wrong);
    assert_string_equal(site.message, expected);
}

TEST(a_file_that_others_can_write_is_not_trusted)
{
    site_close();
    assert_int_equal(chmod(site.file, 0620), 0);
    assert_not_opened("can be written by others than its owner");
    assert_int_equal(chmod(site.file, 0602), 0);
    assert_not_opened("can be written by others than its owner");
    assert_int_equal(chmod(site.file, 0644), 0);
    site_open();
}

TEST(what_is_no_database_is_not_opened)
{
    static const char bytes[] = "This is a letter to my aunt, and no database at all.";
    site_close();
    int fd = open(site.file, O_WRONLY | O_TRUNC);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    (void)close(fd);
    assert_not_opened("file is not a database");
    assert_int_equal(unlink(site.file), 0);
    assert_int_equal(mkdir(site.file, 0700), 0);
    assert_not_opened("is no plain file");
    assert_int_equal(rmdir(site.file), 0);
}

TEST(a_file_in_no_directory_is_not_opened)
{
    struct database *database = NULL;
    assert_false(database_open("/nowhere/at/all.db", &database, site.message));
    assert_string_equal(site.message, "/nowhere/at/all.db: No such file or directory");
}

TEST(a_database_of_another_program_is_left_alone)
{
    site_close();
    assert_int_equal(unlink(site.file), 0);
    site_sql("CREATE TABLE bookmarks(url)");
    assert_int_equal(chmod(site.file, 0600), 0);
    assert_not_opened("is the database of another program");
    assert_int_equal(site_number("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(a_database_of_a_newer_version_is_left_alone)
{
    site_close();
    site_sql("PRAGMA user_version = 2");
    assert_not_opened("is of a newer ferryd");
    site_sql("PRAGMA user_version = -1");
    assert_not_opened("is of a newer ferryd");
}

TEST(a_column_that_is_not_known_may_be_a_limit)
{
    site_close();
    site_sql("ALTER TABLE groups ADD COLUMN max_session INTEGER");
    assert_not_opened("has a column that is not known: groups.max_session");
}

TEST(a_column_of_a_term_that_is_missing_is_added)
{
    site_add_user("anna");
    site_close();
    site_sql("ALTER TABLE users DROP COLUMN quota_bytes;"
             "ALTER TABLE groups DROP COLUMN ratio;"
             "ALTER TABLE folders DROP COLUMN comment");
    site_open();
    site_sql("UPDATE users SET quota_bytes = 5");
    struct account *anna = site_find("anna");
    assert_int_equal(anna->terms.values[TERM_QUOTA_BYTES].number, 5);
    account_free(anna);
    assert_int_equal(site_number("SELECT count(*) FROM pragma_table_info('groups')"
                                 " WHERE name = 'ratio' AND type = 'TEXT'"),
                     1);
    assert_int_equal(site_number("SELECT count(*) FROM pragma_table_info('folders')"
                                 " WHERE name = 'comment'"),
                     1);
}

/* ---- Versions ------------------------------------------------------------------------------ */

static void count_ban(void *context, const struct ban_record *ban)
{
    assert_string_equal(ban->subject, "192.0.2.1");
    ++*(unsigned *)context;
}

static void assert_content(void)
{
    struct records *records = database_records(site.database);
    struct account_group *staff = NULL;
    struct account_folder *pool = NULL;
    struct usage_record usage;
    unsigned bans = 0;
    struct account *anna = site_find("anna");
    assert_string_equal(anna->password, "$y$x");
    assert_int_equal(anna->terms.values[TERM_MAX_SESSIONS].number, 3);
    assert_int_equal(anna->terms.values[TERM_RATIO].second, 3);
    assert_int_equal(anna->terms.values[TERM_HOURS].text_count, 2);
    assert_string_equal(anna->groups[0], "staff");
    assert_string_equal(anna->mounts[0].at, "/pub");
    account_free(anna);
    assert_fault(site_accounts()->type->find_group(site_accounts(), TEXT("staff"), &staff),
                 FAULT_NONE);
    assert_string_equal(staff->terms.values[TERM_DENY_NAMES].texts[0], "*.exe");
    assert_string_equal(staff->mounts[0].at, "/staff");
    account_group_free(staff);
    assert_fault(site_accounts()->type->find_folder(site_accounts(), TEXT("pool"), &pool),
                 FAULT_NONE);
    assert_true(terms_flag(&pool->terms, TERM_READ_ONLY));
    account_folder_free(pool);
    assert_fault(records->type->load_usage(records, "tree", &usage), FAULT_NONE);
    assert_int_equal(usage.downloaded_bytes, 4);
    assert_fault(records->type->each_ban(records, 100, count_ban, &bans), FAULT_NONE);
    assert_int_equal(bans, 1);
}

/* What came later than the file. */
static void assert_later_terms(void)
{
    site_sql("UPDATE users SET require_tls_control = 1, require_tls_data = 0");
    site_sql("UPDATE groups SET require_tls_control = 0, require_tls_data = 1");
    struct account_group *staff = NULL;
    struct account *anna = site_find("anna");
    assert_true(terms_flag(&anna->terms, TERM_REQUIRE_TLS_CONTROL));
    assert_false(terms_flag(&anna->terms, TERM_REQUIRE_TLS_DATA));
    assert_false(terms_has(&anna->terms, TERM_REQUIRE_TLS));
    account_free(anna);
    assert_fault(site_accounts()->type->find_group(site_accounts(), TEXT("staff"), &staff),
                 FAULT_NONE);
    assert_true(terms_flag(&staff->terms, TERM_REQUIRE_TLS_DATA));
    account_group_free(staff);
}

/* All that stands in the schema, whatever the order in which it came there. */
static int64_t schema_size(void)
{
    return site_number("SELECT sum(length(sql)) FROM sqlite_schema");
}

TEST(a_file_of_every_released_version_is_brought_forward)
{
    int64_t size = schema_size();
    int64_t version = site_number("PRAGMA user_version");
    assert_int_equal(version, COUNT(database_versions)); /* none was forgotten */
    for (size_t i = 0; i < COUNT(database_versions); i++) {
        site_close();
        assert_int_equal(unlink(site.file), 0);
        site_sql(database_versions[i]);
        assert_int_equal(chmod(site.file, 0600), 0);
        site_open();
        assert_content();
        assert_int_equal(site_number("PRAGMA user_version"), version);
        assert_int_equal(schema_size(), size);
        assert_later_terms();
    }
}

/* ---- Several at once --------------------------------------------------------------------------
 */

/* In a process of its own; 0 when all went well. */
static pid_t start(int (*act)(unsigned number), unsigned number)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(act(number));
    assert_true(child > 0);
    return child;
}

static void wait_well(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int open_it(unsigned number)
{
    struct database *database;
    char message[DATABASE_MESSAGE_SIZE];
    if (!database_open(site.file, &database, message)) {
        (void)fprintf(stderr, "%u: %s\n", number, message);
        return 1;
    }
    database_close(database);
    return 0;
}

TEST(several_that_make_the_file_at_once_agree)
{
    enum { ROUNDS = 10, CHILDREN = 6 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t children[CHILDREN];
        site_close();
        assert_int_equal(unlink(site.file), 0);
        for (unsigned i = 0; i < CHILDREN; i++)
            children[i] = start(open_it, i);
        for (unsigned i = 0; i < CHILDREN; i++)
            wait_well(children[i]);
        site_open();
    }
}

enum { WRITTEN = 100 };

static bool put_numbered(struct database *database, unsigned writer, unsigned number)
{
    char name[32];
    char *groups[] = {(char *)"one", (char *)"two"};
    char message[DATABASE_MESSAGE_SIZE];
    (void)snprintf(name, sizeof(name), "user-%u-%u", writer, number);
    const struct account account = {.name = name, .groups = groups, .group_count = 2};
    return database_put_user(database, &account, true, message) == FAULT_NONE;
}

static int write_some(unsigned writer)
{
    struct database *database;
    char message[DATABASE_MESSAGE_SIZE];
    const struct usage_record usage = {.bytes = writer};
    if (!database_open(site.file, &database, message))
        return 1;
    struct records *records = database_records(database);
    bool is_well = true;
    for (unsigned i = 0; i < WRITTEN && is_well; i++)
        is_well = put_numbered(database, writer, i) &&
                  records->type->save_usage(records, "tree", &usage) == FAULT_NONE;
    database_close(database);
    return is_well ? 0 : 1;
}

TEST(several_write_at_once_and_nothing_is_lost)
{
    enum { CHILDREN = 3 };
    pid_t children[CHILDREN];
    site_add_group("one");
    site_add_group("two");
    site_close(); /* a connection is not to be taken through fork */
    for (unsigned i = 0; i < CHILDREN; i++)
        children[i] = start(write_some, i);
    for (unsigned i = 0; i < CHILDREN; i++)
        wait_well(children[i]);
    site_open();
    assert_int_equal(site_number("SELECT count(*) FROM users"), CHILDREN * WRITTEN);
    assert_int_equal(site_number("SELECT count(*) FROM user_groups"), 2 * CHILDREN * WRITTEN);
}

/* Looks up anna while she changes: her groups are always those of one moment. */
static void *look_at_anna(void *is_over)
{
    uintptr_t mixed = 0;
    while (!atomic_load((atomic_bool *)is_over) && !mixed) {
        struct account *anna = NULL;
        mixed = site_accounts()->type->find(site_accounts(), TEXT("anna"), &anna) != FAULT_NONE ||
                anna->group_count != 2 ||
                strcmp(anna->password, strcmp(anna->groups[0], "one") ? "$y$2" : "$y$1") != 0 ||
                strcmp(anna->groups[0], anna->groups[1]) == 0;
        account_free(anna);
    }
    return (void *)mixed;
}

TEST(a_look_up_sees_a_record_of_one_moment)
{
    enum { READERS = 3, CHANGES = 300 };
    pthread_t readers[READERS];
    atomic_bool is_over = false;
    char *groups[][2] = {{(char *)"one", (char *)"two"}, {(char *)"two", (char *)"one"}};
    struct account anna = {.name = (char *)"anna", .group_count = 2};
    void *mixed;
    site_add_group("one");
    site_add_group("two");
    for (unsigned i = 0; i < CHANGES; i++) {
        anna.groups = groups[i % 2];
        anna.password = i % 2 ? (char *)"$y$2" : (char *)"$y$1";
        assert_fault(site_put(&anna, i == 0), FAULT_NONE);
        for (unsigned reader = 0; i == 0 && reader < READERS; reader++)
            assert_int_equal(pthread_create(&readers[reader], NULL, look_at_anna, &is_over), 0);
    }
    atomic_store(&is_over, true);
    for (unsigned reader = 0; reader < READERS; reader++) {
        assert_int_equal(pthread_join(readers[reader], &mixed), 0);
        assert_null(mixed);
    }
}

TEST(who_reads_does_not_wait_for_who_changes)
{
    sqlite3 *other = NULL;
    site_add_user("anna");
    assert_int_equal(sqlite3_open(site.file, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "BEGIN IMMEDIATE; UPDATE users SET charge = 'x'", NULL, NULL, NULL),
        SQLITE_OK);
    struct account *anna = site_find("anna"); /* as it was */
    assert_null(anna->charge);
    account_free(anna);
    (void)sqlite3_busy_timeout(site.database->writer.sqlite, 1);
    const struct account bert = {.name = (char *)"bert"};
    assert_fault(site_put(&bert, true), FAULT_BUSY);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_fault(site_put(&bert, true), FAULT_NONE);
    anna = site_find("anna");
    assert_string_equal(anna->charge, "x");
    account_free(anna);
}

/* ---- Crashes ------------------------------------------------------------------------------------
 */

/* Writes until it is killed, and says so after each. */
static int told;

static int write_for_ever(unsigned round)
{
    struct database *database;
    char message[DATABASE_MESSAGE_SIZE];
    if (!database_open(site.file, &database, message))
        return 1;
    for (unsigned i = 0; put_numbered(database, round, i); i++)
        if (write(told, "", 1) != 1)
            return 1;
    return 1;
}

TEST(a_crash_in_the_middle_loses_nothing_that_was_answered)
{
    enum { ROUNDS = 8 };
    int64_t answered = 0;
    site_add_group("one");
    site_add_group("two");
    for (unsigned round = 0; round < ROUNDS; round++) {
        int ends[2];
        char byte;
        int status;
        site_close();
        assert_int_equal(pipe(ends), 0);
        told = ends[1];
        pid_t child = start(write_for_ever, round);
        (void)close(ends[1]);
        for (unsigned i = 0; i < 5 + 3 * round; i++, answered++)
            assert_int_equal(read(ends[0], &byte, 1), 1);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(ends[0], &byte, 1) == 1)
            answered++;
        (void)close(ends[0]);
        site_open();
        int64_t users = site_number("SELECT count(*) FROM users");
        assert_true(users == answered || users == answered + 1); /* killed before it could say so */
        answered = users;
        assert_int_equal(site_number("SELECT count(*) FROM user_groups"), 2 * users);
        assert_int_equal(site_number("SELECT count(*) FROM pragma_integrity_check"
                                     " WHERE integrity_check <> 'ok'"),
                         0);
    }
    site_add_user("anna");
}

TEST(a_damaged_file_is_a_fault_and_no_account)
{
    char bytes[4096];
    site_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
             " INSERT INTO users(name) SELECT 'user' || i FROM n");
    site_close();
    memset(bytes, 0xA5, sizeof(bytes));
    int fd = open(site.file, O_WRONLY);
    off_t end = lseek(fd, 0, SEEK_END);
    for (off_t at = 4096 * 20; at < end; at += 4096)
        assert_int_equal(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
    (void)close(fd);
    site_open();
    assert_fault(site_try("user2000"), FAULT_IO);
}

/* ---- A full disk
 * ----------------------------------------------------------------------------------- */

static void set_room(unsigned pages)
{
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %u", pages);
    assert_int_equal(sqlite3_exec(site.database->writer.sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
}

TEST(on_a_full_disk_nothing_is_changed_and_what_is_there_is_read)
{
    char name[32];
    const struct account account = {.name = name};
    struct records *records = database_records(site.database);
    uint64_t generation = site_generation();
    unsigned put = 0;
    enum fault f = FAULT_NONE;
    set_room(1); /* no more than there are */
    while (!f && put < 10000) {
        (void)snprintf(name, sizeof(name), "user-%u", put);
        f = site_put(&account, true);
        put += f == FAULT_NONE;
    }
    assert_fault(f, FAULT_NO_SPACE);
    assert_true(site_generation() == generation + put);
    assert_fault(site_try(name), FAULT_NOT_FOUND);
    assert_fault(site_try("user-0"), FAULT_NONE);
    assert_int_equal(site_number("SELECT count(*) FROM users"), put);
    set_room(100000);
    assert_fault(site_put(&account, true), FAULT_NONE);
    assert_fault(records->type->remove_ban(records, "192.0.2.1"), FAULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_SITE(a_new_file_is_for_its_owner_alone),
        RUN_SITE(a_file_that_others_can_write_is_not_trusted),
        RUN_SITE(what_is_no_database_is_not_opened),
        RUN_SITE(a_file_in_no_directory_is_not_opened),
        RUN_SITE(a_database_of_another_program_is_left_alone),
        RUN_SITE(a_database_of_a_newer_version_is_left_alone),
        RUN_SITE(a_column_that_is_not_known_may_be_a_limit),
        RUN_SITE(a_column_of_a_term_that_is_missing_is_added),
        RUN_SITE(a_file_of_every_released_version_is_brought_forward),
        RUN_SITE(several_that_make_the_file_at_once_agree),
        RUN_SITE(several_write_at_once_and_nothing_is_lost),
        RUN_SITE(a_look_up_sees_a_record_of_one_moment),
        RUN_SITE(who_reads_does_not_wait_for_who_changes),
        RUN_SITE(a_crash_in_the_middle_loses_nothing_that_was_answered),
        RUN_SITE(a_damaged_file_is_a_fault_and_no_account),
        RUN_SITE(on_a_full_disk_nothing_is_changed_and_what_is_there_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
