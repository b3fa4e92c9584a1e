/* SPDX-License-Identifier: Apache-2.0 */
/* The database is wrapped: what is put into it is looked at here. */
#include "account/password.h"
#include "admin/import_put.h"
#include "tests/unit/unit.h"

static char stored[1024];
static struct account *last_user;

static void note(const char *kind, const char *name)
{
    size_t len = strlen(stored);
    (void)snprintf(stored + len, sizeof(stored) - len, "%s %s\n", kind, name);
}

enum fault __wrap_database_put_user(struct database *database, const struct account *account,
                                    bool create, char message[DATABASE_MESSAGE_SIZE]);
enum fault __wrap_database_put_group(struct database *database, const struct account_group *group,
                                     bool create, char message[DATABASE_MESSAGE_SIZE]);
enum fault __wrap_database_put_folder(struct database *database,
                                      const struct account_folder *folder, bool create,
                                      char message[DATABASE_MESSAGE_SIZE]);

enum fault __wrap_database_put_user(struct database *database, const struct account *account,
                                    bool create, char message[DATABASE_MESSAGE_SIZE])
{
    (void)database;
    assert_true(create);
    if (text_equal(text_of(account->name), TEXT("there")))
        return FAULT_EXISTS;
    if (text_equal(text_of(account->name), TEXT("wrong"))) {
        (void)snprintf(message, DATABASE_MESSAGE_SIZE, "group: there is no \"x\"");
        return FAULT_ARGUMENT;
    }
    note("user", account->name);
    account_free(last_user);
    last_user = account_copy(account);
    return FAULT_NONE;
}

enum fault __wrap_database_put_group(struct database *database, const struct account_group *group,
                                     bool create, char message[DATABASE_MESSAGE_SIZE])
{
    (void)database;
    (void)message;
    assert_true(create);
    note("group", group->name);
    return FAULT_NONE;
}

enum fault __wrap_database_put_folder(struct database *database,
                                      const struct account_folder *folder, bool create,
                                      char message[DATABASE_MESSAGE_SIZE])
{
    (void)database;
    (void)message;
    assert_true(create);
    note("folder", folder->name);
    return FAULT_NONE;
}

/* ---- Asking ----------------------------------------------------------------------- */

static json_t *answer;

static int tear_down(void **unused)
{
    (void)unused;
    json_decref(answer);
    answer = NULL;
    account_free(last_user);
    last_user = NULL;
    stored[0] = '\0';
    return 0;
}

static void import(const char *format, const char *text, const char *root, bool dry_run)
{
    const struct admin admin = {.database = NULL};
    json_t *request = json_pack("{s:s, s:s, s:s*, s:b}", "format", format, "text", text, "root",
                                root, "dry-run", dry_run);
    assert_non_null(request);
    answer = admin_import(&admin, request);
    json_decref(request);
    assert_non_null(answer);
}

static const char *in_record(size_t index, const char *key)
{
    const json_t *records = json_object_get(answer, "records");
    return json_string_value(json_object_get(json_array_get(records, index), key));
}

TEST(a_user_without_a_root_gets_one_of_their_name)
{
    import("vsftpd", "anna\nsecret\n", "/srv/users", false);
    assert_string_equal(stored, "user anna\n");
    assert_string_equal(last_user->root, "/srv/users/anna");
    assert_string_equal(in_record(0, "result"), "imported");
    assert_string_equal(in_record(0, "kind"), "user");
    assert_string_equal(in_record(0, "remark"), "");
}

TEST(a_password_in_clear_is_stored_as_a_hash)
{
    import("vsftpd", "anna\nsecret\n", "/srv", false);
    assert_null(strstr(last_user->password, "secret"));
    assert_fault(password_verify(last_user->password, TEXT("secret")), FAULT_NONE);
    assert_fault(password_verify(last_user->password, TEXT("Secret")), FAULT_LOGIN_REFUSED);
}

TEST(nobody_is_stored_without_a_root_of_their_own)
{
    import("vsftpd", "anna\nsecret\n", NULL, false);
    assert_string_equal(stored, "");
    assert_string_equal(in_record(0, "result"), "refused");
    assert_non_null(strstr(in_record(0, "remark"), "root"));
}

TEST(a_dry_run_stores_nothing_and_says_the_same)
{
    import("vsftpd", "anna\nsecret\nben\n\n", "/srv", true);
    assert_string_equal(stored, "");
    assert_string_equal(in_record(0, "result"), "imported");
    assert_string_equal(in_record(1, "result"), "refused");
}

TEST(each_record_is_stored_by_itself)
{
    import("vsftpd", "there\na\nwrong\nb\nanna\nc\n\x1B\nd\n", "/srv", false);
    assert_string_equal(stored, "user anna\n");
    assert_string_equal(in_record(0, "result"), "exists");
    assert_string_equal(in_record(1, "result"), "refused");
    assert_string_equal(in_record(1, "remark"), "group: there is no \"x\"");
    assert_string_equal(in_record(2, "result"), "imported");
    assert_string_equal(in_record(3, "result"), "refused");
    assert_string_equal(in_record(3, "name"), "?");
}

TEST(folders_come_before_groups_and_groups_before_users)
{
    import("sftpgo",
           "{\"users\":[{\"username\":\"u\",\"status\":1,\"home_dir\":\"/srv/u\"}],"
           "\"groups\":[{\"name\":\"g\"}],"
           "\"folders\":[{\"name\":\"f\",\"mapped_path\":\"/srv/f\"}]}",
           NULL, false);
    assert_string_equal(stored, "folder f\ngroup g\nuser u\n");
}

TEST(who_was_disabled_is_told)
{
    import("proftpd", "anna:!$1$Kw78vi79$mx24rCpQ0MPBNv5EZs0wc/:1:1::/srv/anna:\n", NULL, false);
    assert_string_equal(in_record(0, "result"), "disabled");
    assert_true(terms_flag(&last_user->terms, TERM_DISABLED));
}

TEST(a_wrong_request_names_its_field)
{
    import("csv", "", NULL, false);
    assert_string_equal(json_string_value(json_object_get(answer, "field")), "format");
    json_decref(answer);
    import("shadow", "x", NULL, false);
    assert_string_equal(json_string_value(json_object_get(answer, "field")), "text");
    json_decref(answer);
    import("shadow", "", "srv", false);
    assert_string_equal(json_string_value(json_object_get(answer, "field")), "root");
    assert_true(json_is_false(json_object_get(answer, "ok")));
}

#define AFTER(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AFTER(a_user_without_a_root_gets_one_of_their_name),
        AFTER(a_password_in_clear_is_stored_as_a_hash),
        AFTER(nobody_is_stored_without_a_root_of_their_own),
        AFTER(a_dry_run_stores_nothing_and_says_the_same),
        AFTER(each_record_is_stored_by_itself),
        AFTER(folders_come_before_groups_and_groups_before_users),
        AFTER(who_was_disabled_is_told),
        AFTER(a_wrong_request_names_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
