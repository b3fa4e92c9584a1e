/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/admin_world.h"

#define ALICE                                                                                      \
    "{'command': 'user add', 'name': 'alice', 'password': 'wonderland-7', 'root': '@/alice'"

/* ---- Requests ----------------------------------------------------------------------------- */

TEST(what_is_no_command_is_refused)
{
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "ARGUMENT", "command", "{}");
    REFUSES(&w, "ARGUMENT", "command", "{'command': 7}");
    REFUSES(&w, "ARGUMENT", "command", "{'command': 'user ad'}");
    world_end(&w);
}

TEST(a_field_that_a_command_does_not_know_is_refused)
{
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "ARGUMENT", "quota-byte", ALICE ", 'quota-byte': 10}");
    REFUSES(&w, "ARGUMENT", "path", ALICE ", 'path': '/x'}");
    REFUSES(&w, "ARGUMENT", "max-sessions",
            "{'command': 'folder add', 'name': 'pub', 'path': '@/pub', 'max-sessions': 1}");
    REFUSES(&w, "ARGUMENT", "name", "{'command': 'user list', 'name': 'alice'}");
    world_end(&w);
}

TEST(without_a_database_only_what_needs_none_is_done)
{
    struct admin_world w;
    world_begin(&w);
    w.admin.database = NULL;
    REFUSES(&w, "UNSUPPORTED", "", "{'command': 'user list'}");
    DOES(&w, "{'command': 'ban list'}");
    world_end(&w);
}

/* ---- Users ---------------------------------------------------------------------------------- */

TEST(a_user_is_made_shown_changed_and_forgotten)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, ALICE ", 'quota-bytes': '10k', 'max-sessions': 3, 'read-only': true, "
                   "'deny-name': ['*.exe', '*.com'], 'ratio': '1:3', "
                   "'expires': '2027-01-31', 'account': 'projects'}");
    DOES(&w, "{'command': 'user show', 'name': 'alice'}");
    const json_t *user = json_object_get(w.answer, "user");
    assert_string_equal(text_at(user, "root"), world_path(&w, "alice"));
    assert_int_equal(json_integer_value(json_object_get(user, "quota-bytes")), 10240);
    assert_int_equal(json_integer_value(json_object_get(user, "max-sessions")), 3);
    assert_true(json_is_true(json_object_get(user, "read-only")));
    assert_string_equal(text_at(user, "ratio"), "1:3");
    assert_true(text_starts_with(text_of(text_at(user, "expires")), TEXT("2027-01-31")));
    assert_int_equal(json_array_size(json_object_get(user, "deny-name")), 2);
    assert_null(json_object_get(w.answer, "in-force")); /* without groups there is nothing to add */

    DOES(&w, "{'command': 'user set', 'name': 'alice', 'quota-bytes': null, 'read-only': null, "
             "'deny-name': 'core', 'idle-time': 60}");
    DOES(&w, "{'command': 'user show', 'name': 'alice'}");
    user = json_object_get(w.answer, "user");
    assert_null(json_object_get(user, "quota-bytes"));
    assert_null(json_object_get(user, "read-only"));
    assert_int_equal(json_array_size(json_object_get(user, "deny-name")), 1);
    assert_int_equal(json_integer_value(json_object_get(user, "idle-time")), 60);
    assert_int_equal(json_integer_value(json_object_get(user, "max-sessions")), 3);

    DOES(&w, "{'command': 'user remove', 'name': 'alice'}");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'user show', 'name': 'alice'}");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'user remove', 'name': 'alice'}");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'user set', 'name': 'alice', 'idle-time': 1}");
    world_end(&w);
}

TEST(secrets_never_come_back)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, ALICE ", 'account': 'projects'}");
    DOES(&w, "{'command': 'user show', 'name': 'alice'}");
    const json_t *user = json_object_get(w.answer, "user");
    assert_true(json_is_true(json_object_get(user, "password")));
    assert_true(json_is_true(json_object_get(user, "account")));
    DOES(&w, "{'command': 'user list'}");
    user = json_array_get(json_object_get(w.answer, "users"), 0);
    assert_true(json_is_true(json_object_get(user, "password")));
    world_end(&w);
}

TEST(the_request_s_password_is_wiped)
{
    struct admin_world w;
    world_begin(&w);
    json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "command", "user add", "name", "alice",
                                "password", "wonderland-7", "root", world_path(&w, "alice"));
    json_t *answer = admin_execute(&w.admin, request);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(request, "password")), "");
    json_decref(answer);
    json_decref(request);
    world_end(&w);
}

TEST(a_user_that_is_there_already_is_not_made_again)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, ALICE ", 'max-sessions': 1}");
    REFUSES(&w, "EXISTS", "name", ALICE "}");
    DOES(&w, "{'command': 'user show', 'name': 'alice'}");
    assert_non_null(json_object_get(json_object_get(w.answer, "user"), "max-sessions"));
    world_end(&w);
}

TEST(a_user_needs_a_password_and_a_root)
{
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "ARGUMENT", "password", "{'command': 'user add', 'name': 'bob', 'root': '@/bob'}");
    REFUSES(&w, "ARGUMENT", "password",
            "{'command': 'user add', 'name': 'bob', 'root': '@/bob', 'password': 'short'}");
    REFUSES(&w, "ARGUMENT", "password",
            "{'command': 'user add', 'name': 'bob', 'root': '@/bob', 'password': ''}");
    REFUSES(&w, "ARGUMENT", "password-hash",
            "{'command': 'user add', 'name': 'bob', 'root': '@/bob', 'password-hash': 'secret'}");
    REFUSES(&w, "ARGUMENT", "password-hash", ALICE ", 'password-hash': '$y$x'}");
    REFUSES(&w, "ARGUMENT", "root",
            "{'command': 'user add', 'name': 'bob', 'password': 'wonderland-7'}");
    static const char *const roots[] = {"",          "alice",    "@/missing",
                                        "@/./alice", "@/../tmp", "@/database"};
    for (size_t i = 0; i < COUNT(roots); i++)
        REFUSES(&w, "ARGUMENT", "root",
                "{'command': 'user add', 'name': 'bob', 'password': 'wonderland-7', "
                "'root': '%s'}",
                roots[i]);
    DOES(&w, ALICE "}");
    REFUSES(&w, "ARGUMENT", "root", "{'command': 'user set', 'name': 'alice', 'root': null}");
    world_end(&w);
}

TEST(a_password_can_be_given_anew_and_as_a_hash)
{
    static const char hash[] = "$6$ferry$FWqwpZruVMjsJlAywKe0bK95IqlXm.OTWQcPB0lnNc409lvfjGqbUpIT9"
                               "A42el1OuJLl.bEx/LX6t/kgfFPyQ.";
    struct admin_world w;
    struct account *alice = NULL;
    world_begin(&w);
    DOES(&w, ALICE "}");
    DOES(&w, "{'command': 'user passwd', 'name': 'alice', 'password-hash': '%s'}", hash);
    struct account_store *store = database_accounts(w.database);
    assert_fault(store->type->find(store, TEXT("alice"), &alice), FAULT_NONE);
    assert_string_equal(alice->password, hash);
    account_free(alice);
    DOES(&w, "{'command': 'user passwd', 'name': 'alice', 'password': 'looking-glass-9'}");
    assert_fault(store->type->find(store, TEXT("alice"), &alice), FAULT_NONE);
    assert_string_not_equal(alice->password, hash);
    account_free(alice);
    REFUSES(&w, "ARGUMENT", "password", "{'command': 'user passwd', 'name': 'alice'}");
    REFUSES(&w, "NOT_FOUND", "name",
            "{'command': 'user passwd', 'name': 'bob', 'password': 'looking-glass-9'}");
    world_end(&w);
}

/* Each value is one that must not be stored, as it would come from the command line. */
TEST(a_value_that_makes_no_sense_names_its_field)
{
    static const struct {
        const char *field;
        const char *value;
    } cases[] = {
        {"quota-bytes", "-1"},
        {"quota-bytes", "'-1'"},
        {"quota-bytes", "'many'"},
        {"quota-bytes", "1.5"},
        {"quota-bytes", "true"},
        {"quota-bytes", "[]"},
        {"quota-bytes", "{}"},
        {"quota-bytes", "'99999999999999999999'"},
        {"quota-files", "'1k'"},
        {"max-sessions", "'x'"},
        {"download-rate", "0"},
        {"upload-rate", "'0'"},
        {"ratio", "'0:1'"},
        {"ratio", "'1'"},
        {"ratio", "3"},
        {"expires", "'soon'"},
        {"expires", "'2027-02-30'"},
        {"max-session-time", "'1y'"},
        {"disabled", "'perhaps'"},
        {"disabled", "1"},
        {"require-tls", "[]"},
        {"deny-name", "[7]"},
        {"deny-name", "''"},
        {"comment", "'a\\nb'"},
    };
    struct admin_world w;
    world_begin(&w);
    for (size_t i = 0; i < COUNT(cases); i++) {
        REFUSES(&w, "ARGUMENT", cases[i].field, ALICE ", '%s': %s}", cases[i].field,
                cases[i].value);
        REFUSES(&w, "NOT_FOUND", "name", "{'command': 'user show', 'name': 'alice'}");
    }
    world_end(&w);
}

/* What only the policy understands. */
TEST(a_value_that_the_policy_does_not_understand_names_its_field)
{
    static const struct {
        const char *field;
        const char *value;
    } cases[] = {
        {"hours", "'Mon-Fry 08:00-18:00'"},
        {"hours", "'Mon 25:00-26:00'"},
        {"hours", "'Mon 08:00-18:00 Mars'"},
        {"allow-from", "'192.0.2.1/24'"},
        {"allow-from", "'2001:db8::/129'"},
        {"deny-from", "'everywhere'"},
        {"rule", "'permit read /x'"},
        {"rule", "'allow fly /x'"},
        {"deny-name", "'a/b'"},
    };
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'group add', 'name': 'staff'}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        REFUSES(&w, "ARGUMENT", cases[i].field, ALICE ", '%s': %s}", cases[i].field,
                cases[i].value);
        REFUSES(&w, "ARGUMENT", cases[i].field,
                "{'command': 'group set', 'name': 'staff', '%s': %s}", cases[i].field,
                cases[i].value);
    }
    world_end(&w);
}

TEST(names_are_checked)
{
    static const char *const names[] = {"", " a", "a ", "a/b", "a\\u0007", "a\\nb"};
    struct admin_world w;
    world_begin(&w);
    for (size_t i = 0; i < COUNT(names); i++) {
        REFUSES(&w, "ARGUMENT", "name",
                "{'command': 'user add', 'name': '%s', 'password': 'wonderland-7', "
                "'root': '@/bob'}",
                names[i]);
        REFUSES(&w, "ARGUMENT", "name", "{'command': 'group add', 'name': '%s'}", names[i]);
        REFUSES(&w, "ARGUMENT", "name", "{'command': 'folder add', 'name': '%s', 'path': '@/pub'}",
                names[i]);
    }
    REFUSES(&w, "ARGUMENT", "name", "{'command': 'group add'}");
    world_end(&w);
}

/* ---- Groups and folders ------------------------------------------------------------------------
 */

TEST(groups_and_folders_are_made_shown_changed_and_forgotten)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'folder add', 'name': 'pub', 'path': '@/pub', 'read-only': true}");
    DOES(&w, "{'command': 'group add', 'name': 'staff', 'folder': 'pub', 'max-sessions': 9}");
    DOES(&w, ALICE ", 'group': 'staff'}");
    DOES(&w, "{'command': 'group show', 'name': 'staff'}");
    world_says(&w, "group",
               "{'name':'staff','folder':['pub:/pub'],'max-sessions':9,'members':['alice']}");
    DOES(&w, "{'command': 'group set', 'name': 'staff', 'folder': ['pub:/shared'], "
             "'max-sessions': null}");
    DOES(&w, "{'command': 'group list'}");
    world_says(&w, "groups", "[{'name':'staff','folder':['pub:/shared']}]");
    DOES(&w, "{'command': 'folder set', 'name': 'pub', 'read-only': null, 'quota-files': 5}");
    DOES(&w, "{'command': 'folder show', 'name': 'pub'}");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(w.answer, "folder"), "quota-files")), 5);
    DOES(&w, "{'command': 'folder list'}");
    assert_int_equal(json_array_size(json_object_get(w.answer, "folders")), 1);
    REFUSES(&w, "NOT_EMPTY", "name", "{'command': 'group remove', 'name': 'staff'}");
    DOES(&w, "{'command': 'user set', 'name': 'alice', 'group': null}");
    DOES(&w, "{'command': 'group remove', 'name': 'staff'}");
    DOES(&w, "{'command': 'folder remove', 'name': 'pub'}");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'group show', 'name': 'staff'}");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'folder show', 'name': 'pub'}");
    world_end(&w);
}

TEST(groups_and_folders_that_there_are_not_are_refused)
{
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "NOT_FOUND", "group", ALICE ", 'group': ['staff']}");
    REFUSES(&w, "NOT_FOUND", "folder", ALICE ", 'folder': ['pub']}");
    REFUSES(&w, "NOT_FOUND", "folder",
            "{'command': 'group add', 'name': 'staff', 'folder': 'pub:/pub'}");
    DOES(&w, "{'command': 'group add', 'name': 'staff'}");
    REFUSES(&w, "ARGUMENT", "group", ALICE ", 'group': ['staff', 'staff']}");
    REFUSES(&w, "ARGUMENT", "path", "{'command': 'folder add', 'name': 'pub'}");
    REFUSES(&w, "ARGUMENT", "path",
            "{'command': 'folder add', 'name': 'pub', 'path': '@/missing'}");
    world_end(&w);
}

static void make_folders(struct admin_world *w)
{
    DOES(w, "{'command': 'folder add', 'name': 'pub', 'path': '@/pub'}");
    DOES(w, "{'command': 'folder add', 'name': 'inner', 'path': '@/pub/inner'}");
    DOES(w, "{'command': 'folder add', 'name': 'bobs', 'path': '@/bob'}");
    DOES(w, "{'command': 'folder add', 'name': 'own', 'path': '@/alice/own'}");
}

TEST(places_of_folders_are_checked)
{
    static const char *const mounts[] = {
        "['pub:/']",
        "['pub:/a/']",
        "['pub:/a//b']",
        "['pub:/a/../b']",
        "['pub:/./a']",
        "['pub:/a', 'bobs:/a']",
        "['pub:/a', 'bobs:/a/b']",
        "['bobs:/a/b', 'pub:/a']",
        "['pub', 'pub:/other']",
        "['pub', 'inner']",
        "['inner', 'pub']",
        "['own']",
        "['own:/elsewhere']",
        "[7]",
        "7",
    };
    struct admin_world w;
    world_begin(&w);
    make_folders(&w);
    for (size_t i = 0; i < COUNT(mounts); i++)
        if (strcmp(mounts[i], "['own']") != 0)
            REFUSES(&w, "ARGUMENT", "folder", ALICE ", 'folder': %s}", mounts[i]);
    /* Where a folder hides what is below it in the root, the files are there only once. */
    DOES(&w, ALICE ", 'folder': ['own', 'pub:/a', 'bobs:/ab']}");
    world_end(&w);
}

TEST(a_root_inside_a_folder_is_refused)
{
    struct admin_world w;
    world_begin(&w);
    make_folders(&w);
    REFUSES(&w, "ARGUMENT", "folder",
            "{'command': 'user add', 'name': 'c', 'password': 'wonderland-7', "
            "'root': '@/pub/inner', 'folder': 'pub'}");
    world_end(&w);
}

TEST(what_groups_bring_is_checked_with_what_users_have)
{
    struct admin_world w;
    world_begin(&w);
    make_folders(&w);
    DOES(&w, "{'command': 'group add', 'name': 'staff', 'folder': 'pub:/shared'}");
    DOES(&w, "{'command': 'group add', 'name': 'other', 'folder': 'pub:/shared'}");
    REFUSES(&w, "ARGUMENT", "folder", ALICE ", 'group': 'staff', 'folder': 'bobs:/shared/x'}");
    REFUSES(&w, "ARGUMENT", "folder", ALICE ", 'group': 'staff', 'folder': 'inner'}");
    /* Two groups may bring the same folder to the same place. */
    DOES(&w, ALICE ", 'group': ['staff', 'other'], 'folder': 'bobs'}");
    REFUSES(&w, "ARGUMENT", "folder",
            "{'command': 'group set', 'name': 'staff', 'folder': 'pub:/bobs/x'}");
    REFUSES(&w, "ARGUMENT", "folder",
            "{'command': 'folder set', 'name': 'pub', 'path': '@/alice'}");
    DOES(&w, "{'command': 'folder set', 'name': 'inner', 'path': '@/alice'}"); /* nobody has it */
    world_end(&w);
}

TEST(in_force_is_what_the_policy_says_and_who_says_it)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'group add', 'name': 'a', 'idle-time': 60, 'max-sessions': 5, "
             "'allow-from': '192.0.2.0/24', 'disabled': true}");
    DOES(&w, "{'command': 'group add', 'name': 'b', 'idle-time': 30, 'max-file-size': 9}");
    DOES(&w, ALICE ", 'group': ['a', 'b'], 'allow-from': '198.51.100.1', 'max-file-size': 10}");
    DOES(&w, "{'command': 'user show', 'name': 'alice'}");
    world_says(&w, "in-force",
               "[{'term':'disabled','value':true,'from':'group a'},"
               "{'term':'allow-from','value':['198.51.100.1'],'from':'user alice'},"
               "{'term':'max-sessions','value':5,'from':'group a'},"
               "{'term':'idle-time','value':30,'from':'group b'},"
               "{'term':'max-file-size','value':10,'from':'user alice'}]");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_no_command_is_refused),
        RUN(a_field_that_a_command_does_not_know_is_refused),
        RUN(without_a_database_only_what_needs_none_is_done),
        RUN(a_user_is_made_shown_changed_and_forgotten),
        RUN(secrets_never_come_back),
        RUN(the_request_s_password_is_wiped),
        RUN(a_user_that_is_there_already_is_not_made_again),
        RUN(a_user_needs_a_password_and_a_root),
        RUN(a_password_can_be_given_anew_and_as_a_hash),
        RUN(a_value_that_makes_no_sense_names_its_field),
        RUN(a_value_that_the_policy_does_not_understand_names_its_field),
        RUN(names_are_checked),
        RUN(groups_and_folders_are_made_shown_changed_and_forgotten),
        RUN(groups_and_folders_that_there_are_not_are_refused),
        RUN(places_of_folders_are_checked),
        RUN(a_root_inside_a_folder_is_refused),
        RUN(what_groups_bring_is_checked_with_what_users_have),
        RUN(in_force_is_what_the_policy_says_and_who_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
