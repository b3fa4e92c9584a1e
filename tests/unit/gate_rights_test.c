/* SPDX-License-Identifier: Apache-2.0 */
/* What they may do with the names in a directory is what they may do with their paths. */
#include "tests/unit/world.h"

/* A user of whom so much is laid down. */
struct ruled {
    const char *name;
    struct {
        enum term term;
        const char *text;
    } said[4];
    enum gate_rights of_root;
    enum gate_rights of_pub;
};

static const struct ruled users[] = {
    {"nothing", {{0}}, GATE_RIGHTS_OF_ALL, GATE_RIGHTS_OF_ALL},
    {"reads", {{TERM_READ_ONLY, "on"}}, GATE_RIGHTS_OF_ALL, GATE_RIGHTS_OF_ALL},
    {"elsewhere",
     {{TERM_RULES, "deny read /pub/deep/*.c"}},
     GATE_RIGHTS_OF_ALL,
     GATE_RIGHTS_OF_ALL},
    {"root", {{TERM_RULES, "deny delete /pub"}}, GATE_RIGHTS_BY_NAME, GATE_RIGHTS_OF_ALL},
    {"below", {{TERM_RULES, "deny write /pub/**"}}, GATE_RIGHTS_BY_NAME, GATE_RIGHTS_OF_ALL},
    {"all",
     {{TERM_RULES, "allow list,write /**"}, {TERM_RULES, "deny all /**"}},
     GATE_RIGHTS_OF_ALL,
     GATE_RIGHTS_OF_ALL},
    {"within", {{TERM_RULES, "deny write /pub/deep/*"}}, GATE_RIGHTS_OF_ALL, GATE_RIGHTS_OF_ALL},
    {"some", {{TERM_RULES, "deny rename /pub/a*"}}, GATE_RIGHTS_OF_ALL, GATE_RIGHTS_BY_NAME},
    {"denied", {{TERM_DENY_NAMES, "*.c"}}, GATE_RIGHTS_BY_NAME, GATE_RIGHTS_BY_NAME},
    {"allowed", {{TERM_ALLOW_NAMES, "*.c"}}, GATE_RIGHTS_BY_NAME, GATE_RIGHTS_BY_NAME},
    {"hidden",
     {{TERM_HIDE_NAMES, "l*"}, {TERM_HIDE_NAMES, "b"}},
     GATE_RIGHTS_BY_NAME,
     GATE_RIGHTS_BY_NAME},
    {"case",
     {{TERM_RULES, "deny read /PUB/A.C"}, {TERM_IGNORE_CASE, "on"}},
     GATE_RIGHTS_OF_ALL,
     GATE_RIGHTS_BY_NAME},
};

static void add(const struct ruled *user)
{
    static const char hash[] = "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5";
    char message[TERMS_MESSAGE_SIZE];
    struct account account = {.name = (char *)user->name, .password = (char *)hash};
    for (size_t i = 0; i < COUNT(user->said) && user->said[i].text; i++)
        assert_true(
            terms_set(&account.terms, user->said[i].term, text_of(user->said[i].text), message));
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
    terms_done(&account.terms);
}

static void make_tree(void)
{
    world_make_directory("/pub");
    world_make_directory("/pub/deep");
    world_make_directory("/pub/deep/er");
    world_write("/pub/a", "");
    world_write("/pub/a.c", "");
    world_write("/pub/b", "");
    world_write("/pub/deep/a.c", "");
    world_write("/other", "");
    world_link("pub", "/link");
    world_link("/", "/pub/top");
    world_link("../pub/deep", "/pub/link");
}

/* How the answers were found; GATE_RIGHTS_UNASKED of what they may not list. */
static enum gate_rights check_directory(const struct caller *caller, const char *path)
{
    struct gate_directory directory = {.directory = NULL};
    struct text name;
    enum store_kind kind;
    if (gate_open_directory(caller, path, &directory))
        return GATE_RIGHTS_UNASKED;
    while (!gate_next(&directory, &name, &kind) && name.len) {
        char bytes[256];
        (void)snprintf(bytes, sizeof(bytes), "%s/%s", path[1] ? path : "", name.at);
        assert_int_equal(gate_entry_rights(&directory, name.at), gate_rights(caller, bytes, false));
        if (kind == STORE_DIRECTORY)
            assert_int_equal(gate_entry_rights_within(&directory, name.at),
                             gate_rights_within(caller, bytes));
    }
    enum gate_rights rights = directory.rights;
    gate_close_directory(&directory);
    return rights;
}

static void check(const struct ruled *user)
{
    static const char *const paths[] = {"/pub/deep", "/link", "/link/deep", "/pub/top",
                                        "/pub/top/pub/link"};
    add(user);
    struct caller caller = world_enter(user->name);
    for (size_t i = 0; i < COUNT(paths); i++)
        (void)check_directory(&caller, paths[i]);
    assert_int_equal(check_directory(&caller, "/"), user->of_root);
    assert_int_equal(check_directory(&caller, "/pub"), user->of_pub);
    login_unref(world.logins[--world.login_count]);
}

TEST(rights_of_entries_are_those_of_their_paths)
{
    make_tree();
    for (size_t i = 0; i < COUNT(users); i++)
        check(&users[i]);
}

/* Asked about a name that is too long first, others still have theirs. */
TEST(a_name_whose_path_is_too_long_has_no_rights)
{
    char name[4096];
    struct gate_directory directory = {.directory = NULL};
    struct caller caller = world_enter("writer");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_fault(gate_open_directory(&caller, "/", &directory), FAULT_NONE);
    assert_int_equal(gate_entry_rights(&directory, name), 0);
    name[sizeof(name) - 2] = '\0';
    assert_int_not_equal(gate_entry_rights(&directory, name), 0);
    assert_int_equal(gate_entry_rights_within(&directory, name), 0);
    name[sizeof(name) - 2 - strlen("/name")] = '\0';
    assert_int_equal(gate_entry_rights_within(&directory, name), gate_rights(&caller, "/x", false));
    gate_close_directory(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(rights_of_entries_are_those_of_their_paths),
        IN_WORLD(a_name_whose_path_is_too_long_has_no_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
