/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "confine/confinement.h"
#include "tests/unit/confined.h"

/* Numbers that no account has. */
enum { SOMEBODY = 61234, SOME_GROUP = 61235, ANOTHER_GROUP = 61236, LOW_PORT = 17 };

static bool is_root(void)
{
    if (geteuid() == 0)
        return true;
    skip();
    return false;
}

static const struct privileges_user somebody = {
    .uid = SOMEBODY, .gid = SOME_GROUP, .groups = {ANOTHER_GROUP}, .group_count = 1};

static int bind_low_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(LOW_PORT)};
    return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

static int bounding_set_size(void)
{
    int size = 0;
    int has;
    for (int capability = 0; (has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0; capability++)
        size += has;
    return size;
}

/* ---- Somebody else ----------------------------------------------------------------------------
 */

static int become_somebody(void)
{
    gid_t group = 0;
    int wrong = privileges_become(&somebody, 0) != FAULT_NONE;
    wrong += geteuid() != SOMEBODY || getegid() != SOME_GROUP;
    wrong += getgroups(1, &group) != 1 || group != ANOTHER_GROUP;
    wrong += privileges_left() != 0;
    wrong += bounding_set_size() != 0;
    wrong += prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
    wrong += confined_differs("back", setuid(0), EPERM);
    wrong += confined_differs("groups", setgroups(0, NULL), EPERM);
    wrong += confined_differs("port", bind_low_port(), EACCES);
    wrong += confined_differs("shadow", open("/etc/shadow", O_RDONLY), EACCES);
    return wrong;
}

TEST(there_is_no_way_back)
{
    struct confined child;
    if (is_root())
        confined_check(become_somebody, &child);
}

static int keep_the_port(void)
{
    int wrong = privileges_become(&somebody, PRIVILEGE(CAP_NET_BIND_SERVICE)) != FAULT_NONE;
    wrong += privileges_left() != PRIVILEGE(CAP_NET_BIND_SERVICE);
    wrong += bounding_set_size() != 1;
    wrong += confined_differs("port", bind_low_port(), 0);
    wrong += confined_differs("back", setuid(0), EPERM);
    return wrong;
}

TEST(one_capability_is_kept_across)
{
    struct confined child;
    if (is_root())
        confined_check(keep_the_port, &child);
}

static int stay_root(void)
{
    struct privileges_user root;
    int wrong = privileges_find("root", &root) != FAULT_NONE;
    wrong += privileges_become(&root, 0) != FAULT_NONE;
    wrong += geteuid() != 0;
    wrong += privileges_left() != 0 || bounding_set_size() != 0;
    wrong += confined_differs("port", bind_low_port(), EACCES);
    wrong += confined_differs("somebody", setuid(SOMEBODY), EPERM);
    wrong += confined_differs("mount point", chroot("/"), EPERM);
    return wrong;
}

TEST(root_without_capabilities_is_a_user_like_others)
{
    struct confined child;
    if (is_root())
        confined_check(stay_root, &child);
}

static int become_twice(void)
{
    const struct privileges_user other = {.uid = SOMEBODY + 1, .gid = SOME_GROUP};
    int wrong = privileges_become(&somebody, 0) != FAULT_NONE;
    wrong += privileges_become(&somebody, 0) != FAULT_NONE;
    wrong += privileges_become(&other, 0) != FAULT_DENIED;
    return wrong;
}

TEST(who_is_somebody_stays_somebody)
{
    struct confined child;
    if (is_root())
        confined_check(become_twice, &child);
}

static int give_up_as_root(void)
{
    return privileges_give_up(0, 0, NULL, 0) != FAULT_DENIED;
}

TEST(root_is_nobody_to_give_up_to)
{
    struct confined child;
    confined_check(give_up_as_root, &child);
}

/* ---- Who --------------------------------------------------------------------------------------
 */

TEST(an_account_comes_with_its_groups)
{
    struct privileges_user user;
    assert_fault(privileges_find("daemon", &user), FAULT_NONE);
    assert_string_equal(user.name, "daemon");
    assert_int_equal(user.uid, 1);
    assert_true(user.group_count >= 1);
    assert_fault(privileges_find("no-such-account", &user), FAULT_NOT_FOUND);
}

TEST(a_number_without_account_is_a_name_too)
{
    struct privileges_user user;
    assert_fault(privileges_find_number(SOMEBODY, SOME_GROUP, &user), FAULT_NONE);
    assert_string_equal(user.name, "61234");
    assert_int_equal(user.gid, SOME_GROUP);
    assert_int_equal(user.group_count, 0);
    assert_fault(privileges_find_number(1, SOME_GROUP, &user), FAULT_NONE);
    assert_string_equal(user.name, "daemon");
    assert_int_equal(user.gid, 1);
}

/* ---- Core dumps -------------------------------------------------------------------------------
 */

static int die(void)
{
    if (!confinement_forbid_core_dumps())
        return 1;
    (void)signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
    return 1;
}

TEST(there_is_no_core_dump)
{
    struct confined child;
    confined_run(die, &child);
    assert_true(WIFSIGNALED(child.status));
    assert_int_equal(WTERMSIG(child.status), SIGABRT);
    assert_false(WCOREDUMP(child.status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(there_is_no_way_back),
        RUN(one_capability_is_kept_across),
        RUN(root_without_capabilities_is_a_user_like_others),
        RUN(who_is_somebody_stays_somebody),
        RUN(root_is_nobody_to_give_up_to),
        RUN(an_account_comes_with_its_groups),
        RUN(a_number_without_account_is_a_name_too),
        RUN(there_is_no_core_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
