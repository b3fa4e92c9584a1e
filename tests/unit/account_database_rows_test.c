/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that another program wrote: what makes no sense is refused, by the field's name. */
#include <fcntl.h>

#include "tests/unit/database_site.h"

/* ---- Another program that minds neither types nor keys -------------------------------------- */

/* The tables as somebody else would have made them: a column takes any type. */
static int set_up_lax(void **state)
{
    (void)site_set_up(state);
    site_close();
    site_sql("PRAGMA writable_schema = ON;"
             "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT, WITHOUT', 'WITHOUT'),"
             " 'STRICT', '');");
    site_open();
    site_sql("INSERT INTO users(name, password) VALUES ('anna', '$y$x');"
             "INSERT INTO groups(name) VALUES ('staff');"
             "INSERT INTO folders(name, path) VALUES ('pool', '/srv/pool');");
    return 0;
}

static void write_value(const char *table, const char *column, const char *value)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s", table, column, value);
    site_sql(sql);
}

static enum fault look_up(const char *table)
{
    struct account_store *store = site_accounts();
    struct account *account = NULL;
    struct account_group *group = NULL;
    struct account_folder *folder = NULL;
    enum fault f;
    if (strcmp(table, "users") == 0)
        f = store->type->find(store, TEXT("anna"), &account);
    else if (strcmp(table, "groups") == 0)
        f = store->type->find_group(store, TEXT("staff"), &group);
    else
        f = store->type->find_folder(store, TEXT("pool"), &folder);
    account_free(account);
    account_group_free(group);
    account_folder_free(folder);
    return f;
}

/* What the log says while a record is looked up. */
static char heard[2048];

static enum fault look_up_and_hear(const char *table)
{
    char path[] = "/tmp/ferry-heard-XXXXXX";
    int file = mkstemp(path);
    int before = dup(STDERR_FILENO);
    assert_true(file >= 0 && before >= 0 && dup2(file, STDERR_FILENO) >= 0);
    enum fault f = look_up(table);
    (void)dup2(before, STDERR_FILENO);
    ssize_t len = pread(file, heard, sizeof(heard) - 1, 0);
    heard[len > 0 ? len : 0] = '\0';
    (void)close(before);
    (void)close(file);
    (void)unlink(path);
    return f;
}

static void assert_refused(const char *table, const char *field, const char *value)
{
    char where[64];
    char what[64];
    enum fault f = look_up_and_hear(table);
    (void)snprintf(where, sizeof(where), "account-refused table=%s row=", table);
    (void)snprintf(what, sizeof(what), "wrong=\"%s: ", field);
    if (f != FAULT_ARGUMENT || !strstr(heard, where) || !strstr(heard, what))
        fail_msg("%s.%s = %s: FAULT_%s, \"%s\"", table, field, value, fault_name(f), heard);
}

/* Each value of a column refuses the record, and without it there it is again. */
static void refuse_each(const char *table, const char *column, const char *field,
                        const char *const *values)
{
    for (; *values; values++) {
        write_value(table, column, *values);
        assert_refused(table, field, *values);
    }
}

/* ---- Terms ----------------------------------------------------------------------------------- */

#define A_KIB                                                                                      \
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' || hex(zeroblob(480))"

static const char *const bad_numbers[] = {"-1", "1.5", "'1x'", "''", "x'01'", "1e300", NULL};
static const char *const bad_flags[] = {"2", NULL};
static const char *const bad_rates[] = {"0", NULL};
static const char *const bad_seconds[] = {"4294967296", NULL};
static const char *const bad_dates[] = {"253402300800", NULL};
static const char *const bad_ratios[] = {
    "''",  "'1'",     "'0:1'",          "'1:0'",     "'-1:2'",
    "':'", "'1:2:3'", "'1:4294967296'", "x'313a31'", "'1:1' || char(10)",
    NULL};
static const char *const bad_lists[] = {
    "''",
    "'a' || char(10) || char(10) || 'b'",
    "'a' || char(10)",
    "'a' || char(7)",
    "'a' || char(0)",
    "CAST(x'61ff' AS TEXT)",
    "x'61'",
    "'none'",
    A_KIB "|| 'a'",
    "'a' || replace(hex(zeroblob(128)), '0', char(10) || 'a')", /* 257 of them */
    NULL,
};

static const char *const *bad_values(enum term_kind kind)
{
    switch (kind) {
    case TERM_FLAG:
        return bad_flags;
    case TERM_RATE:
        return bad_rates;
    case TERM_SECONDS:
        return bad_seconds;
    case TERM_DATE:
        return bad_dates;
    case TERM_PROPORTION:
        return bad_ratios;
    case TERM_LIST:
        return bad_lists;
    default:
        return bad_numbers;
    }
}

static void refuse_term(const char *table, enum term term)
{
    enum term_kind kind = term_rows[term].kind;
    char column[64];
    (void)snprintf(column, sizeof(column), "%s", term_rows[term].word);
    for (char *at = column; *at; at++)
        if (*at == '-')
            *at = '_';
    refuse_each(table, column, term_rows[term].word, bad_values(kind));
    if (kind != TERM_LIST && kind != TERM_PROPORTION)
        refuse_each(table, column, term_rows[term].word, bad_numbers);
    write_value(table, column, "NULL");
    assert_fault(look_up(table), FAULT_NONE);
}

static void refuse_terms(const char *table, enum terms_owner owner)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        if (term_rows[term].owners & owner)
            refuse_term(table, (enum term)term);
}

TEST(no_term_of_a_user_is_read_when_it_makes_no_sense)
{
    refuse_terms("users", TERMS_USER);
}

TEST(no_term_of_a_group_is_read_when_it_makes_no_sense)
{
    refuse_terms("groups", TERMS_GROUP);
}

TEST(no_term_of_a_folder_is_read_when_it_makes_no_sense)
{
    refuse_terms("folders", TERMS_FOLDER);
}

TEST(the_largest_values_are_read)
{
    site_sql("UPDATE users SET disabled = 0, max_sessions = 9223372036854775807,"
             " expires = 253402300799, idle_time = 4294967295, ratio = '1:4294967295',"
             " download_rate = 1, deny_name = 'a' || replace(hex(zeroblob(127)) || '0', '0',"
             " char(10) || 'a'), hide_name = " A_KIB);
    struct account *anna = site_find("anna");
    assert_true(anna->terms.values[TERM_MAX_SESSIONS].number == TERM_NUMBER_MAX);
    assert_int_equal(anna->terms.values[TERM_RATIO].second, TERM_SMALL_NUMBER_MAX);
    assert_int_equal(anna->terms.values[TERM_DENY_NAMES].text_count, TERM_LIST_MAX);
    assert_int_equal(strlen(anna->terms.values[TERM_HIDE_NAMES].texts[0]), TERM_TEXT_MAX);
    assert_true(terms_has(&anna->terms, TERM_DISABLED));
    assert_false(terms_flag(&anna->terms, TERM_DISABLED));
    account_free(anna);
}

/* ---- Texts ------------------------------------------------------------------------------------
 */

TEST(no_text_of_a_record_is_read_when_it_makes_no_sense)
{
    static const char *const secrets[] = {
        "''", "x'01'", "'a' || char(10)", "'a' || char(0)", A_KIB "|| 'a'", NULL};
    static const char *const directories[] = {"''",
                                              "x'2f'",
                                              "'srv'",
                                              "'/srv' || char(0) || 'x'",
                                              "'/' || hex(zeroblob(2048))",
                                              "'/srv/..'",
                                              "'/srv/../etc'",
                                              "'/./srv'",
                                              NULL};
    static const char *const nothing[] = {"''", "x'2f'", NULL};
    refuse_each("users", "password", "password", secrets);
    write_value("users", "password", "NULL");
    refuse_each("users", "charge", "charge", secrets);
    write_value("users", "charge", "NULL");
    refuse_each("users", "root", "root", directories);
    write_value("users", "root", "NULL");
    refuse_each("folders", "path", "path", nothing);
    refuse_each("folders", "path", "path", directories);
    assert_fault(look_up("users"), FAULT_NONE);
}

/* ---- What leads nowhere ------------------------------------------------------------------------
 */

TEST(a_membership_that_leads_nowhere_refuses_the_user)
{
    static const char *const values[] = {"'nobody'", "x'01'", "''", "'a/b'", NULL};
    site_sql("INSERT INTO user_groups(user, \"group\", position) VALUES ('anna', 'staff', 0)");
    assert_fault(look_up("users"), FAULT_NONE);
    for (size_t i = 0; values[i]; i++) {
        write_value("user_groups", "\"group\"", values[i]);
        assert_refused("users", "groups", values[i]);
    }
}

static void refuse_mounts(const char *table, const char *mounts, const char *owner)
{
    static const char *const folders[] = {"'lake'", "x'01'", "''", NULL};
    static const char *const places[] = {
        "''",     "'/'",     "'pub'",   "'/pub/'",          "'//pub'",
        "'/./a'", "'/a/..'", "x'2f61'", "'/a' || char(10)", "'/' || " A_KIB,
        NULL};
    char sql[256];
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO %s VALUES ('%s', 'pool', '/a'), ('%s', 'pool', '/a/b')", mounts,
                   owner, owner);
    site_sql(sql);
    assert_fault(look_up(table), FAULT_NONE);
    for (size_t i = 0; folders[i]; i++) {
        write_value(mounts, "folder", folders[i]);
        assert_refused(table, "mounts", folders[i]);
    }
    (void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE at = '/a'", mounts);
    site_sql(sql);
    write_value(mounts, "folder", "'pool'");
    for (size_t i = 0; places[i]; i++) {
        write_value(mounts, "at", places[i]);
        assert_refused(table, "mounts", places[i]);
    }
}

TEST(a_mount_that_makes_no_sense_refuses_the_user)
{
    refuse_mounts("users", "user_mounts", "anna");
}

TEST(a_mount_that_makes_no_sense_refuses_the_group)
{
    refuse_mounts("groups", "group_mounts", "staff");
}

static void insert_many(const char *sql)
{
    char all[512];
    (void)snprintf(
        all, sizeof(all),
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 65) %s", sql);
    site_sql(all);
}

TEST(too_many_groups_or_mounts_refuse_the_user)
{
    insert_many("INSERT INTO groups(name) SELECT 'g' || i FROM n");
    insert_many("INSERT INTO user_groups SELECT 'anna', 'g' || i, i FROM n");
    assert_refused("users", "groups", "65");
    site_sql("DELETE FROM user_groups WHERE position = 65");
    assert_fault(look_up("users"), FAULT_NONE);
    insert_many("INSERT INTO user_mounts SELECT 'anna', 'pool', '/m' || i FROM n");
    assert_refused("users", "mounts", "65");
    site_sql("DELETE FROM user_mounts WHERE at = '/m65'");
    assert_fault(look_up("users"), FAULT_NONE);
}

/* ---- Names, usage, bans
 * -------------------------------------------------------------------------- */

static bool go_on(void *context, struct text name)
{
    (void)name;
    ++*(unsigned *)context;
    return true;
}

TEST(a_name_that_is_none_ends_the_list_with_a_fault)
{
    unsigned count = 0;
    site_sql("INSERT INTO users(name) VALUES ('b' || hex(zeroblob(100)))");
    assert_fault(database_each(site.database, DATABASE_USERS, go_on, &count), FAULT_ARGUMENT);
    assert_int_equal(count, 1);
}

TEST(usage_that_makes_no_sense_is_not_taken_for_none)
{
    static const char *const columns[] = {"bytes", "files", "uploaded_bytes", "downloaded_bytes",
                                          "is_open"};
    static const char *const values[] = {"-1", "'x'", "1.5", "x'01'"};
    struct records *records = database_records(site.database);
    struct usage_record usage;
    site_sql("INSERT INTO usage VALUES ('tree', 1, 2, 3, 4, 0)");
    for (size_t i = 0; i < COUNT(columns); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            write_value("usage", columns[i], values[j]);
            assert_fault(records->type->load_usage(records, "tree", &usage), FAULT_ARGUMENT);
        }
        write_value("usage", columns[i], "1");
        assert_fault(records->type->load_usage(records, "tree", &usage), FAULT_NONE);
    }
}

static void keep_ban(void *context, const struct ban_record *ban)
{
    *(struct ban_record *)context = *ban;
}

TEST(a_ban_whose_end_makes_no_sense_has_none)
{
    struct records *records = database_records(site.database);
    struct ban_record ban = {.until = 0};
    site_sql("INSERT INTO bans VALUES ('192.0.2.1', x'01', 'soon')");
    assert_fault(records->type->each_ban(records, 100, keep_ban, &ban), FAULT_NONE);
    assert_string_equal(ban.subject, "192.0.2.1");
    assert_string_equal(ban.reason, "");
    assert_true(ban.until == INT64_MAX);
}

TEST(a_reason_is_cut_to_fit)
{
    struct records *records = database_records(site.database);
    struct ban_record ban = {.until = 0};
    site_sql(
        "INSERT INTO bans VALUES ('192.0.2.1', 'a' || replace(hex(zeroblob(40)), '0', 'ñ'), 200)");
    assert_fault(records->type->each_ban(records, 100, keep_ban, &ban), FAULT_NONE);
    assert_int_equal(strlen(ban.reason), 79);
    site_sql("UPDATE bans SET reason = replace(hex(zeroblob(40)), '0', 'ñ')");
    assert_fault(records->type->each_ban(records, 100, keep_ban, &ban), FAULT_NONE);
    assert_int_equal(strlen(ban.reason), 78);
}

TEST(a_ban_of_nobody_is_a_fault)
{
    static const char *const subjects[] = {"x'01'", "hex(zeroblob(40))", "'a' || char(0)"};
    struct records *records = database_records(site.database);
    struct ban_record ban;
    site_sql("INSERT INTO bans VALUES ('192.0.2.1', '', 200)");
    for (size_t i = 0; i < COUNT(subjects); i++) {
        write_value("bans", "subject", subjects[i]);
        assert_fault(records->type->each_ban(records, 100, keep_ban, &ban), FAULT_ARGUMENT);
    }
}

#define RUN_LAX(name) cmocka_unit_test_setup_teardown(name, set_up_lax, site_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_LAX(no_term_of_a_user_is_read_when_it_makes_no_sense),
        RUN_LAX(no_term_of_a_group_is_read_when_it_makes_no_sense),
        RUN_LAX(no_term_of_a_folder_is_read_when_it_makes_no_sense),
        RUN_LAX(the_largest_values_are_read),
        RUN_LAX(no_text_of_a_record_is_read_when_it_makes_no_sense),
        RUN_LAX(a_membership_that_leads_nowhere_refuses_the_user),
        RUN_LAX(a_mount_that_makes_no_sense_refuses_the_user),
        RUN_LAX(a_mount_that_makes_no_sense_refuses_the_group),
        RUN_LAX(too_many_groups_or_mounts_refuse_the_user),
        RUN_LAX(a_name_that_is_none_ends_the_list_with_a_fault),
        RUN_LAX(usage_that_makes_no_sense_is_not_taken_for_none),
        RUN_LAX(a_ban_whose_end_makes_no_sense_has_none),
        RUN_LAX(a_reason_is_cut_to_fit),
        RUN_LAX(a_ban_of_nobody_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
