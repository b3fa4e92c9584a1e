/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_site: a database in a directory of its own under /tmp, and another
 * program that writes SQL to it. For unit tests of the database.
 */
#ifndef FERRY_TESTS_DATABASE_SITE_H
#define FERRY_TESTS_DATABASE_SITE_H

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/database.h"
#include "base/memory.h"
#include "tests/unit/unit.h"

static struct {
    char directory[64];
    char file[96];
    char message[DATABASE_MESSAGE_SIZE];
    struct database *database; /* open, unless a test closed it */
} site;

static inline void site_open(void)
{
    if (!database_open(site.file, &site.database, site.message))
        fail_msg("%s", site.message);
}

static inline void site_close(void)
{
    database_close(site.database);
    site.database = NULL;
}

static inline int site_set_up(void **unused)
{
    (void)unused;
    umask(0);
    (void)snprintf(site.directory, sizeof(site.directory), "/tmp/ferry-database-XXXXXX");
    assert_non_null(mkdtemp(site.directory));
    (void)snprintf(site.file, sizeof(site.file), "%s/ferry.db", site.directory);
    site_open();
    return 0;
}

static inline int site_tear_down(void **unused)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    (void)unused;
    site_close();
    for (size_t i = 0; i < COUNT(ends); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", site.file, ends[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(site.directory), 0);
    return 0;
}

/* What another program does to the file, which may be open here. */
static inline void site_sql(const char *sql)
{
    sqlite3 *other = NULL;
    char *error = NULL;
    assert_int_equal(sqlite3_open(site.file, &other), SQLITE_OK);
    (void)sqlite3_busy_timeout(other, 10000);
    if (sqlite3_exec(other, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* The first column of the first row. */
static inline int64_t site_number(const char *sql)
{
    sqlite3 *other = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(site.file, &other), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(other, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    return number;
}

static inline struct account_store *site_accounts(void)
{
    return database_accounts(site.database);
}

static inline uint64_t site_generation(void)
{
    return site_accounts()->type->generation(site_accounts());
}

static inline struct account *site_find(const char *name)
{
    struct account *account = NULL;
    assert_fault(site_accounts()->type->find(site_accounts(), text_of(name), &account), FAULT_NONE);
    assert_string_equal(account->name, name);
    return account;
}

/* How a look-up of a user ends. */
static inline enum fault site_try(const char *name)
{
    struct account *account = NULL;
    enum fault f = site_accounts()->type->find(site_accounts(), text_of(name), &account);
    account_free(account);
    return f;
}

static inline enum fault site_put(const struct account *account, bool create)
{
    return database_put_user(site.database, account, create, site.message);
}

static inline void site_add_user(const char *name)
{
    const struct account account = {.name = (char *)name};
    assert_fault(site_put(&account, true), FAULT_NONE);
}

static inline void site_add_group(const char *name)
{
    const struct account_group group = {.name = (char *)name};
    assert_fault(database_put_group(site.database, &group, true, site.message), FAULT_NONE);
}

static inline void site_add_folder(const char *name)
{
    const struct account_folder folder = {.name = (char *)name, .path = (char *)"/srv/folder"};
    assert_fault(database_put_folder(site.database, &folder, true, site.message), FAULT_NONE);
}

#define RUN_SITE(name) cmocka_unit_test_setup_teardown(name, site_set_up, site_tear_down)

#endif
