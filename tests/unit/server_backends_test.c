/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <unistd.h>

#include "gate/login.h"
#include "server/backends.h"
#include "tests/unit/unit.h"

static char base[64];
static char message[CONFIG_MESSAGE_SIZE];
static struct backends *backends;

static const char *path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *full = paths[next++ % COUNT(paths)];
    (void)snprintf(full, sizeof(paths[0]), "%s/%s", base, name);
    return full;
}

static int set_up(void **unused)
{
    (void)unused;
    umask(0);
    (void)snprintf(base, sizeof(base), "/tmp/ferry-backends-XXXXXX");
    assert_non_null(mkdtemp(base));
    assert_int_equal(mkdir(path("root"), 0755), 0);
    assert_int_equal(mkdir(path("other"), 0755), 0);
    unsetenv("STATE_DIRECTORY");
    backends = backends_new();
    assert_non_null(backends);
    assert_true(backends_open_desk(backends, NULL, message));
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    backends_free(backends);
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

/* A configuration of what a file says besides its root; BASE stands for our directory. */
static struct config *config_of(const char *content)
{
    char *argv[] = {(char *)"ferryd", (char *)"--config", (char *)path("conf")};
    struct config_request request;
    FILE *file = fopen(path("conf"), "w");
    assert_non_null(file);
    (void)fprintf(file, "root = \"%s/root\"\n", base);
    for (const char *found; (found = strstr(content, "BASE")) != NULL; content = found + 4)
        (void)fprintf(file, "%.*s%s", (int)(found - content), content, base);
    (void)fprintf(file, "%s\n", content);
    assert_int_equal(fclose(file), 0);
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    if (!config)
        fail_msg("%s", message);
    return config;
}

static struct config *built(const char *content)
{
    struct config *config = config_of(content);
    if (!backends_build_realms(backends, config, message))
        fail_msg("%s", message);
    return config;
}

static void refused(const char *content, const char *expected)
{
    struct config *config = config_of(content);
    bool fine = backends_build_realms(backends, config, message);
    config_unref(config);
    if (fine || !strstr(message, expected))
        fail_msg("says \"%s\", not \"%s\"", fine ? "yes" : message, expected);
}

static enum fault try_login(const struct realm *realm, const char *name, const char *password,
                            struct login **ret_login)
{
    const struct login_attempt attempt = {.realm = realm, .name = text_of(name)};
    uint64_t delay_ms;
    return login_authenticate(&attempt, text_of(password), ret_login, &delay_ms);
}

/* ---- Realms -------------------------------------------------------------------------------- */

#define HASH "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5" /* "secret" */

TEST(a_user_logs_in_to_the_root_that_was_configured)
{
    struct login *login = NULL;
    struct config *config = built("user \"anna\" { password = \"" HASH "\" }\n"
                                  "user \"ben\" { password = \"" HASH "\" root = \"BASE/other\" "
                                  "read_only = true }\n");
    const struct realm *realm = backends_realm(config, 0);
    assert_fault(try_login(realm, "anna", "secret", &login), FAULT_NONE);
    assert_ptr_equal(login_home(login), realm->home);
    login_unref(login);
    assert_fault(try_login(realm, "ben", "secret", &login), FAULT_NONE);
    assert_ptr_not_equal(login_home(login), realm->home);
    assert_true(policy_limits(login_policy(login))->read_only);
    config_unref(config); /* who is inside stays */
    assert_string_equal(tree_name(login_home(login)), "");
    login_unref(login);
}

TEST(a_password_in_clear_is_hashed_before_anybody_logs_in)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)path("root"), (char *)"--user",
                    (char *)"anna:open sesame"};
    struct config_request request;
    struct login *login = NULL;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    assert_true(backends_build_realms(backends, config, message));
    const struct realm *realm = backends_realm(config, 0);
    assert_fault(try_login(realm, "anna", "open sesam", &login), FAULT_LOGIN_REFUSED);
    assert_fault(try_login(realm, "anna", "open sesame", &login), FAULT_NONE);
    login_unref(login);
    config_unref(config);
}

TEST(a_directory_is_opened_once_for_all_who_have_it)
{
    struct login *anonymous = NULL;
    struct login *user = NULL;
    struct config *config = built("anonymous = \"BASE/other\"\n"
                                  "user \"a\" { password = \"" HASH "\" root = \"BASE/other\" }\n"
                                  "host \"h\" { root = \"BASE/root\" }\n");
    const struct realm *realm = backends_realm(config, 0);
    assert_fault(try_login(realm, "ftp", "", &anonymous), FAULT_NONE);
    assert_fault(try_login(realm, "a", "secret", &user), FAULT_NONE);
    assert_ptr_equal(login_home(user), login_home(anonymous));
    assert_ptr_equal(backends_realm(config, 1)->home, realm->home);
    login_unref(anonymous);
    login_unref(user);
    config_unref(config);
}

TEST(anonymous_is_off_on_or_a_directory)
{
    struct config *config = built("");
    assert_null(backends_realm(config, 0)->anonymous);
    config_unref(config);
    config = built("anonymous = \"off\"\n");
    assert_null(backends_realm(config, 0)->anonymous);
    config_unref(config);
    config = built("anonymous = \"on\"\n");
    assert_string_equal(backends_realm(config, 0)->anonymous->root, path("root"));
    config_unref(config);
    config = built("anonymous = \"BASE/other\"\n");
    assert_string_equal(backends_realm(config, 0)->anonymous->root, path("other"));
    config_unref(config);
}

TEST(a_virtual_host_has_users_and_folders_of_its_own)
{
    struct login *login = NULL;
    struct config *config = built("user \"anna\" { password = \"" HASH "\" }\n"
                                  "host \"h\" { root = \"BASE/other\"\n"
                                  "user \"ben\" { password = \"" HASH "\" }\n"
                                  "folder \"music\" { path = \"BASE/root\" } }\n");
    const struct realm *realm = backends_realm(config, 1);
    assert_fault(try_login(realm, "anna", "secret", &login), FAULT_LOGIN_REFUSED);
    assert_fault(try_login(realm, "ben", "secret", &login), FAULT_NONE);
    assert_non_null(login_folder(login, TEXT("music")));
    login_unref(login);
    assert_int_equal(backends_realm(config, 0)->folder_count, 0);
    assert_fault(try_login(backends_realm(config, 0), "ben", "secret", &login),
                 FAULT_LOGIN_REFUSED);
    config_unref(config);
}

TEST(uploads_are_written_as_configured)
{
    struct config *config = built("uploads = direct\ndurability = sync\n");
    assert_true(backends_realm(config, 0)->upload.direct);
    assert_true(backends_realm(config, 0)->upload.sync);
    config_unref(config);
}

TEST(what_is_wrong_is_named)
{
    refused("anonymous = \"BASE/none\"\n", "anonymous: ");
    refused("anonymous = \"BASE/none\"\n", "/none: no such");
    refused("user \"anna\" { password = \"" HASH "\" root = \"BASE/none\" }\n", "anna: ");
    refused("user \"anna\" { password = \"" HASH "\" root = \"BASE/conf\" }\n", "not a directory");
    refused("user \"anna\" { password = \"in clear\" }\n", "user \"anna\": password is no hash");
    refused("user \"anna\" { password = \"\" }\n", "user \"anna\": password is no hash");
    refused("folder \"music\" { path = \"BASE/none\" }\n", "folder \"music\": ");
    refused("host \"h\" { root = \"BASE/none\" }\n", "root: ");
    assert_null(strstr(message, "in clear"));
}

TEST(a_user_that_is_given_twice_is_named)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)path("root"), (char *)"--user",
                    (char *)"anna:x", (char *)"--user", (char *)"anna:y"};
    struct config_request request;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    assert_false(backends_build_realms(backends, config, message));
    assert_string_equal(message, "user \"anna\": given twice");
    config_unref(config);
}

/* ---- The state directory --------------------------------------------------------------------- */

static bool is_directory(const char *name)
{
    struct stat info;
    return stat(path(name), &info) == 0 && S_ISDIR(info.st_mode);
}

TEST(the_state_directory_is_the_one_that_was_named)
{
    assert_int_equal(setenv("STATE_DIRECTORY", path("systemd"), 1), 0);
    assert_true(backends_open_state(backends, path("state"), message));
    assert_true(is_directory("state"));
    assert_false(is_directory("systemd"));
}

TEST(without_one_it_is_that_of_systemd)
{
    assert_int_equal(setenv("STATE_DIRECTORY", path("systemd"), 1), 0);
    assert_true(backends_open_state(backends, NULL, message));
    assert_true(is_directory("systemd"));
}

TEST(a_state_directory_that_cannot_be_used_is_done_without)
{
    char below_a_file[160];
    struct config *config = config_of("");
    (void)snprintf(below_a_file, sizeof(below_a_file), "%s/state", path("conf"));
    assert_false(backends_open_state(backends, below_a_file, message));
    assert_non_null(strstr(message, below_a_file));
    assert_true(backends_build_realms(backends, config, message));
    config_unref(config);
}

TEST(nothing_can_be_freed)
{
    struct config *config = config_of("");
    backends_free(NULL);
    backends_free_realms(config); /* none were built */
    assert_null(config->realms);
    config_unref(config);
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(a_user_logs_in_to_the_root_that_was_configured),
        IN_BASE(a_password_in_clear_is_hashed_before_anybody_logs_in),
        IN_BASE(a_directory_is_opened_once_for_all_who_have_it),
        IN_BASE(anonymous_is_off_on_or_a_directory),
        IN_BASE(a_virtual_host_has_users_and_folders_of_its_own),
        IN_BASE(uploads_are_written_as_configured),
        IN_BASE(what_is_wrong_is_named),
        IN_BASE(a_user_that_is_given_twice_is_named),
        IN_BASE(the_state_directory_is_the_one_that_was_named),
        IN_BASE(without_one_it_is_that_of_systemd),
        IN_BASE(a_state_directory_that_cannot_be_used_is_done_without),
        IN_BASE(nothing_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
