/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/login_parts.h"
#include "tests/unit/world.h"

static uint64_t delay_ms; /* what the last attempt said */

static struct tree *new_tree(const char *name)
{
    struct store *store = NULL;
    assert_fault(store_local_open(world.root, NULL, &store), FAULT_NONE);
    struct tree *tree = tree_new(name, store);
    assert_non_null(tree);
    return tree;
}

static void add_account(const char *name, const char *root, const char *charge)
{
    static const char hash[] = "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5";
    const struct account account = {.name = (char *)name,
                                    .password = (char *)hash,
                                    .root = (char *)root,
                                    .charge = (char *)charge};
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
}

static enum fault try_login(const char *name, const char *password, struct login **ret_login)
{
    const struct login_attempt attempt = {.realm = &world.realm, .name = text_of(name)};
    return login_authenticate(&attempt, text_of(password), ret_login, &delay_ms);
}

static struct login *log_in(const char *name)
{
    struct login *login = NULL;
    assert_fault(try_login(name, "secret", &login), FAULT_NONE);
    assert_non_null(login);
    return login;
}

static void refused(const char *name, const char *password, enum fault expected)
{
    struct login *login = NULL;
    assert_fault(try_login(name, password, &login), expected);
    assert_null(login);
}

TEST(anonymous_has_two_names_of_any_case)
{
    static const char *const others[] = {"", "ftpx", "ft", "anonymous ", "anonymou", "guest"};
    assert_true(login_name_is_anonymous(TEXT("anonymous")));
    assert_true(login_name_is_anonymous(TEXT("Anonymous")));
    assert_true(login_name_is_anonymous(TEXT("FTP")));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(login_name_is_anonymous(text_of(others[i])));
    assert_false(login_name_is_anonymous(TEXT("ftp\0")));
}

TEST(a_password_is_right_only_as_a_whole)
{
    static const char *const wrong[] = {"",
                                        "Secret",
                                        "secre",
                                        "secret ",
                                        "secretsecret",
                                        "*",
                                        "!",
                                        "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refused("writer", wrong[i], FAULT_LOGIN_REFUSED);
    login_unref(log_in("writer"));
}

TEST(an_unknown_name_is_refused_like_a_wrong_password)
{
    static const char *const names[] = {"", "Writer", "write", "writer ", "nobody", "anonymous"};
    for (size_t i = 0; i < COUNT(names); i++)
        refused(names[i], "secret", FAULT_LOGIN_REFUSED);
}

TEST(without_anonymous_its_names_are_those_of_accounts)
{
    add_account("ftp", NULL, NULL);
    struct login *login = log_in("ftp");
    assert_false(login_is_anonymous(login));
    login_unref(login);
    refused("ftp", "me@example.org", FAULT_LOGIN_REFUSED);
}

TEST(anonymous_comes_before_an_account_of_that_name)
{
    struct account anonymous = {.name = (char *)"anonymous", .root = world.root};
    struct login *login = NULL;
    add_account("ftp", NULL, NULL);
    world.realm.anonymous = &anonymous;
    assert_fault(try_login("ftp", "", &login), FAULT_NONE);
    assert_true(login_is_anonymous(login));
    assert_text(login_name(login), "anonymous");
    assert_text(login_detail(login), "");
    login_unref(login);
}

TEST(an_account_has_the_root_and_rights_it_was_given)
{
    struct store_info info;
    char own[96];
    (void)snprintf(own, sizeof(own), "%s/own", world.base);
    assert_int_equal(mkdir(own, 0755), 0);
    world_write("/of-the-realm", "x");
    add_account("owner", own, NULL);
    struct login *login = log_in("owner");
    struct store *store = tree_store(login_home(login));
    assert_fault(store->type->stat(store, "/of-the-realm", true, &info), FAULT_NOT_FOUND);
    assert_false(policy_limits(login_policy(login))->read_only);
    login_unref(login);
    login = log_in("reader");
    store = tree_store(login_home(login));
    assert_fault(store->type->stat(store, "/of-the-realm", true, &info), FAULT_NONE);
    assert_true(policy_limits(login_policy(login))->read_only);
    assert_false(login_is_anonymous(login));
    assert_int_equal(login_detail(login).len, 0);
    login_unref(login);
}

TEST(a_root_that_cannot_be_opened_lets_nobody_in)
{
    add_account("owner", "/gone", NULL);
    add_account("payer", "/gone", "42");
    refused("owner", "secret", FAULT_LOGIN_REFUSED);
    refused("payer", "secret", FAULT_LOGIN_REFUSED);
    refused("owner", "wrong", FAULT_LOGIN_REFUSED);
}

TEST(without_a_root_at_all_nobody_gets_in)
{
    world.realm.root = NULL;
    refused("writer", "secret", FAULT_LOGIN_REFUSED);
}

TEST(only_the_whole_account_is_the_right_one)
{
    static const char *const wrong[] = {"", "4", "421", "42 ", "secret"};
    const struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("payer")};
    struct login *login = NULL;
    add_account("payer", NULL, "42");
    assert_fault(try_login("payer", "wrong", &login), FAULT_LOGIN_REFUSED);
    assert_null(login);
    assert_fault(try_login("payer", "secret", &login), FAULT_ACCOUNT_NEEDED);
    assert_true(login_needs_charge(login));
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_fault(login_charge(&attempt, login, text_of(wrong[i]), &delay_ms),
                     FAULT_LOGIN_REFUSED);
    assert_fault(login_charge(&attempt, login, TEXT("42"), &delay_ms), FAULT_NONE);
    login_unref(login);
}

TEST(an_account_that_is_not_needed_may_be_any)
{
    const struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("writer")};
    struct login *login = log_in("writer");
    assert_false(login_needs_charge(login));
    assert_fault(login_charge(&attempt, login, TEXT("whatever"), &delay_ms), FAULT_NONE);
    login_unref(login);
}

/* ---- Certificates --------------------------------------------------------------------- */

static enum fault try_certificate(const char *name, struct login **ret_login)
{
    const struct login_attempt attempt = {
        .realm = &world.realm, .name = text_of(name), .certificate = LOGIN_CERTIFICATE_AGREES};
    return login_by_certificate(&attempt, ret_login, &delay_ms);
}

TEST(a_certificate_stands_for_the_password)
{
    struct login *login = NULL;
    assert_fault(try_certificate("reader", &login), FAULT_NONE);
    assert_text(login_name(login), "reader");
    assert_true(policy_limits(login_policy(login))->read_only);
    login_unref(login);
}

TEST(a_certificate_opens_an_account_without_a_password)
{
    const struct account account = {.name = (char *)"robot"};
    struct login *login = NULL;
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
    refused("robot", "", FAULT_LOGIN_REFUSED);
    assert_fault(try_certificate("robot", &login), FAULT_NONE);
    login_unref(login);
}

TEST(a_certificate_for_nobody_lets_nobody_in)
{
    struct login *login = NULL;
    assert_fault(try_certificate("nobody", &login), FAULT_LOGIN_REFUSED);
    assert_null(login);
}

TEST(a_user_of_the_system_needs_the_password_all_the_same)
{
    static const struct system_users users; /* not asked */
    struct login *login = NULL;
    world.realm.system_users = &users;
    assert_fault(try_certificate("root", &login), FAULT_NOT_FOUND);
    assert_null(login);
}

TEST(what_is_laid_down_holds_for_who_comes_by_certificate)
{
    struct account account = {.name = (char *)"away"};
    struct login *login = NULL;
    account.terms.values[TERM_DISABLED] = (struct term_value){true, 1};
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
    assert_fault(try_certificate("away", &login), FAULT_LOGIN_REFUSED);
    add_account("payer", NULL, "42");
    assert_fault(try_certificate("payer", &login), FAULT_ACCOUNT_NEEDED);
    assert_true(login_needs_charge(login));
    login_unref(login);
}

TEST(who_is_banned_is_banned_with_a_certificate)
{
    const struct guard_rules rules = {
        .ban_after = 0, .ban_user_after = 2, .window_s = 60, .ban_s = 60};
    struct login *login = NULL;
    size_t wrong = 0;
    assert_true(guard_set_rules(world.realm.desk->guard, &rules, &wrong));
    refused("writer", "wrong", FAULT_LOGIN_REFUSED);
    refused("writer", "wrong", FAULT_LOGIN_REFUSED);
    assert_fault(try_certificate("writer", &login), FAULT_LOGIN_REFUSED);
    assert_null(login);
}

TEST(a_certificate_of_somebody_else_makes_every_password_wrong)
{
    struct account anonymous = {.name = (char *)"anonymous", .root = world.root};
    const char *const names[] = {"writer", "anonymous"};
    world.realm.anonymous = &anonymous;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct login_attempt attempt = {.realm = &world.realm,
                                        .name = text_of(names[i]),
                                        .certificate = LOGIN_CERTIFICATE_DENIES};
        struct login *login = NULL;
        assert_fault(login_authenticate(&attempt, TEXT("secret"), &login, &delay_ms),
                     FAULT_LOGIN_REFUSED);
        assert_null(login);
        attempt.certificate = LOGIN_CERTIFICATE_SILENT;
        assert_fault(login_authenticate(&attempt, TEXT("secret"), &login, &delay_ms), FAULT_NONE);
        login_unref(login);
    }
}

TEST(folders_are_found_by_their_exact_name)
{
    struct tree *folders[] = {new_tree("music"), new_tree("films")};
    world.realm.folders = folders;
    world.realm.folder_count = COUNT(folders);
    struct login *login = log_in("writer");
    assert_ptr_equal(login_folder(login, TEXT("music")), folders[0]);
    assert_ptr_equal(login_folder(login, TEXT("films")), folders[1]);
    assert_null(login_folder(login, TEXT("Music")));
    assert_null(login_folder(login, TEXT("musi")));
    assert_null(login_folder(login, TEXT("musics")));
    assert_null(login_folder(login, TEXT("")));
    login_unref(login);
    login = NULL;
    world.realm.folder_count = 0;
    login = log_in("writer");
    assert_null(login_folder(login, TEXT("music")));
    login_unref(login);
    for (size_t i = 0; i < COUNT(folders); i++)
        tree_unref(folders[i]);
}

/* A configuration that is replaced must not pull the trees from under who is inside. */
TEST(a_login_outlives_the_realm_it_came_from)
{
    struct store_info info;
    struct tree *folders[] = {new_tree("music")};
    world.realm.folders = folders;
    world.realm.folder_count = COUNT(folders);
    struct login *login = log_in("writer");
    struct login *jobs = login_ref(login);
    world.realm.folder_count = 0;
    tree_unref(folders[0]);
    login_unref(login);
    struct store *store = tree_store(login_home(jobs));
    assert_fault(store->type->stat(store, "/", true, &info), FAULT_NONE);
    store = tree_store(login_folder(jobs, TEXT("music")));
    assert_fault(store->type->stat(store, "/", true, &info), FAULT_NONE);
    assert_text(login_name(jobs), "writer");
    login_unref(jobs);
    login_unref(NULL);
}

TEST(all_sessions_of_an_account_stand_alike)
{
    struct login *one = log_in("writer");
    struct login *other = log_in("writer");
    struct login *reader = log_in("reader");
    assert_ptr_equal(login_policy(one), login_policy(other));
    assert_ptr_not_equal(login_policy(one), login_policy(reader));
    assert_ptr_equal(login_home(one), login_home(reader)); /* one tree for a directory */
    login_unref(one);
    login_unref(other);
    login_unref(reader);
}

TEST(uploads_are_written_as_the_realm_says)
{
    world.realm.upload = (struct upload_manner){.direct = true, .sync = false};
    struct login *login = log_in("writer");
    world.realm.upload = (struct upload_manner){.direct = false, .sync = true};
    assert_true(login_upload_manner(login)->direct);
    assert_false(login_upload_manner(login)->sync);
    login_unref(login);
}

/* ---- At once ---------------------------------------------------------------------------- */

static bool at_once(const struct login_attempt *attempt, const char *password)
{
    struct login *login = NULL;
    bool is_in = login_at_once(attempt, text_of(password), &login);
    assert_true(login || !is_in);
    if (login_let_go(login))
        login_end(login);
    return is_in;
}

static bool in_at_once(const char *name, const char *password)
{
    const struct login_attempt attempt = {.realm = &world.realm, .name = text_of(name)};
    return at_once(&attempt, password);
}

TEST(who_was_right_a_moment_ago_is_inside_at_once)
{
    const struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("reader")};
    struct login *login = NULL;
    assert_false(in_at_once("reader", "secret"));
    struct login *first = log_in("reader");
    assert_true(login_at_once(&attempt, TEXT("secret"), &login));
    assert_text(login_name(login), "reader");
    assert_ptr_equal(login_policy(login), login_policy(first));
    assert_ptr_equal(login_home(login), login_home(first));
    assert_false(login_let_go(first)); /* nothing that could take time is left to be done */
    assert_false(login_let_go(login));
    assert_true(in_at_once("reader", "secret"));
    assert_false(in_at_once("writer", "secret"));
}

TEST(at_once_nobody_is_inside_by_anything_but_the_right_password)
{
    static const char *const wrong[] = {"", "Secret", "secre", "secret ", "secretsecret"};
    login_unref(log_in("writer"));
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(in_at_once("writer", wrong[i]));
    assert_false(in_at_once("Writer", "secret"));
    assert_false(in_at_once("", "secret"));
    const struct login_attempt odd = {.realm = &world.realm, .name = TEXT("writer\0")};
    assert_false(at_once(&odd, "secret"));
    assert_true(in_at_once("writer", "secret"));
}

TEST(at_once_nobody_is_inside_whom_a_worker_would_look_at_again)
{
    const struct guard_rules rules = {
        .ban_after = 0, .ban_user_after = 2, .window_s = 60, .ban_s = 60};
    struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("writer")};
    struct login *login = NULL;
    size_t wrong = 0;
    add_account("payer", NULL, "42");
    assert_fault(try_login("payer", "secret", &login), FAULT_ACCOUNT_NEEDED);
    assert_false(in_at_once("payer", "secret"));
    login_unref(login);
    login_unref(log_in("writer"));
    attempt.certificate = LOGIN_CERTIFICATE_DENIES;
    assert_false(at_once(&attempt, "secret"));
    world.realm.database = world.realm.accounts;
    assert_false(in_at_once("writer", "secret"));
    world.realm.database = NULL;
    verified_clear(world.realm.desk->verified);
    assert_false(in_at_once("writer", "secret"));
    login_unref(log_in("writer"));
    assert_true(in_at_once("writer", "secret"));
    assert_true(guard_set_rules(world.realm.desk->guard, &rules, &wrong));
    refused("writer", "wrong", FAULT_LOGIN_REFUSED);
    refused("writer", "wrong", FAULT_LOGIN_REFUSED);
    assert_false(in_at_once("writer", "secret"));
}

TEST(at_once_a_limit_is_as_exact_as_ever)
{
    struct account only = {
        .name = (char *)"only",
        .password = (char *)"$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5"};
    only.terms.values[TERM_MAX_SESSIONS] = (struct term_value){true, 2};
    assert_fault(account_embedded_add(world.realm.accounts, &only), FAULT_NONE);
    const struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("only")};
    struct login *first = log_in("only");
    struct login *second = NULL;
    struct login *third = NULL;
    assert_true(login_at_once(&attempt, TEXT("secret"), &second));
    assert_false(login_at_once(&attempt, TEXT("secret"), &third));
    assert_false(login_let_go(third)); /* it was counted nowhere */
    refused("only", "secret", FAULT_TOO_MANY);
    assert_false(login_let_go(second));
    assert_true(in_at_once("only", "secret"));
    login_unref(first);
}

TEST(at_once_anonymous_is_told_by_what_they_said_this_time)
{
    struct account anonymous = {.name = (char *)"anonymous", .root = world.root};
    const struct login_attempt attempt = {.realm = &world.realm, .name = TEXT("FTP")};
    struct login *login = NULL;
    world.realm.anonymous = &anonymous;
    assert_false(in_at_once("anonymous", "me"));
    assert_fault(try_login("anonymous", "me", &login), FAULT_NONE);
    login_unref(login);
    assert_true(login_at_once(&attempt, TEXT("you"), &login));
    assert_true(login_is_anonymous(login));
    assert_text(login_name(login), "anonymous");
    assert_text(login_detail(login), "you");
    login_unref(login);
}

static void move_root_away(void)
{
    char other[96];
    (void)snprintf(other, sizeof(other), "%s/moved", world.base);
    assert_int_equal(rename(world.root, other), 0);
}

/* As if it were long ago that the root was looked at. */
static void age(struct login *login)
{
    atomic_fetch_sub(&login->standing->seen_ms, STANDING_SEEN_MS);
}

TEST(a_root_that_was_replaced_is_noticed_whoever_is_inside)
{
    struct login *before = log_in("writer");
    move_root_away();
    age(before);
    assert_false(in_at_once("writer", "secret"));
    refused("writer", "secret", FAULT_LOGIN_REFUSED);
    assert_int_equal(mkdir(world.root, 0755), 0);
    struct login *after = log_in("writer");
    assert_ptr_not_equal(login_home(after), login_home(before));
    assert_ptr_not_equal(login_policy(after), login_policy(before));
    login_unref(before);
    assert_true(in_at_once("writer", "secret"));
    login_unref(after);
}

TEST(a_root_that_is_in_its_place_is_believed_in_again)
{
    struct login *login = log_in("writer");
    age(login);
    assert_false(in_at_once("writer", "secret"));
    struct login *other = log_in("writer");
    assert_ptr_equal(login_policy(login), login_policy(other));
    assert_true(in_at_once("writer", "secret"));
    login_unref(login);
    login_unref(other);
}

TEST(what_is_kept_ends_with_its_realm_and_no_other)
{
    const struct realm other = {.serial = world.realm.serial + 1};
    struct login *login = log_in("writer");
    login_unref(log_in("reader"));
    standings_forget(world.realm.desk->standings, &other);
    assert_true(in_at_once("reader", "secret"));
    standings_forget(world.realm.desk->standings, &world.realm);
    assert_false(in_at_once("reader", "secret"));
    assert_true(login_let_go(login)); /* now it is the last */
    login_end(login);
    assert_false(in_at_once("writer", "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(anonymous_has_two_names_of_any_case),
        IN_WORLD(a_password_is_right_only_as_a_whole),
        IN_WORLD(an_unknown_name_is_refused_like_a_wrong_password),
        IN_WORLD(without_anonymous_its_names_are_those_of_accounts),
        IN_WORLD(anonymous_comes_before_an_account_of_that_name),
        IN_WORLD(an_account_has_the_root_and_rights_it_was_given),
        IN_WORLD(a_root_that_cannot_be_opened_lets_nobody_in),
        IN_WORLD(without_a_root_at_all_nobody_gets_in),
        IN_WORLD(only_the_whole_account_is_the_right_one),
        IN_WORLD(an_account_that_is_not_needed_may_be_any),
        IN_WORLD(a_certificate_stands_for_the_password),
        IN_WORLD(a_certificate_opens_an_account_without_a_password),
        IN_WORLD(a_certificate_for_nobody_lets_nobody_in),
        IN_WORLD(a_user_of_the_system_needs_the_password_all_the_same),
        IN_WORLD(what_is_laid_down_holds_for_who_comes_by_certificate),
        IN_WORLD(who_is_banned_is_banned_with_a_certificate),
        IN_WORLD(a_certificate_of_somebody_else_makes_every_password_wrong),
        IN_WORLD(folders_are_found_by_their_exact_name),
        IN_WORLD(a_login_outlives_the_realm_it_came_from),
        IN_WORLD(all_sessions_of_an_account_stand_alike),
        IN_WORLD(uploads_are_written_as_the_realm_says),
        IN_WORLD(who_was_right_a_moment_ago_is_inside_at_once),
        IN_WORLD(at_once_nobody_is_inside_by_anything_but_the_right_password),
        IN_WORLD(at_once_nobody_is_inside_whom_a_worker_would_look_at_again),
        IN_WORLD(at_once_a_limit_is_as_exact_as_ever),
        IN_WORLD(at_once_anonymous_is_told_by_what_they_said_this_time),
        IN_WORLD(a_root_that_was_replaced_is_noticed_whoever_is_inside),
        IN_WORLD(a_root_that_is_in_its_place_is_believed_in_again),
        IN_WORLD(what_is_kept_ends_with_its_realm_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
