/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: a policy that a test lays down line by line, in the place of the real one,
 * and virtual folders. The test program is linked with the wrapped functions named
 * below; include it once.
 */
#ifndef FERRY_TESTS_RULES_H
#define FERRY_TESTS_RULES_H

#include <fnmatch.h>

#include "tests/unit/world.h"

/* The first line that fits decides; whoever has none may. A pattern's `*` fits slashes, too. */
struct rule_line {
    enum { DENY, ALLOW, HIDE } what;
    unsigned actions; /* mask; not of HIDE */
    const char *pattern;
};

#define ALL_ACTIONS ((1U << ACTION_COUNT) - 1)
#define ON(action) (1U << ACTION_##action)

static const struct rule_line *rules;
static size_t rule_count;
/* Called once with the next decision: what others do between it and the act. */
static void (*on_decision)(void);

static struct login_mount mounts[4];
static size_t mounted;

#define RULES(...)                                                                                 \
    do {                                                                                           \
        static const struct rule_line lines[] = {__VA_ARGS__};                                     \
        rules = lines;                                                                             \
        rule_count = COUNT(lines);                                                                 \
    } while (false)

struct verdict __wrap_policy_decide(const struct policy *policy, enum action action,
                                    const char *path);
bool __wrap_policy_depends_on_path(const struct policy *policy);
bool __wrap_policy_hides(const struct policy *policy);
bool __wrap_policy_tells_names_apart(const struct policy *policy, const char *directory);
unsigned __wrap_policy_rights(const struct policy *policy, const char *path);
size_t __wrap_login_mount_count(const struct login *login);
const struct login_mount *__wrap_login_mount(const struct login *login, size_t index);

struct verdict __wrap_policy_decide(const struct policy *policy, enum action action,
                                    const char *path)
{
    void (*act)(void) = on_decision;
    (void)policy;
    on_decision = NULL;
    if (act)
        act();
    for (size_t i = 0; i < rule_count; i++) {
        if (fnmatch(rules[i].pattern, path, 0))
            continue;
        if (rules[i].what == HIDE)
            return (struct verdict){.hidden = true, .rule = rules[i].pattern};
        if (rules[i].actions & 1U << action)
            return (struct verdict){rules[i].what == ALLOW, false, rules[i].pattern};
    }
    return (struct verdict){true, false, "no rule"};
}

bool __wrap_policy_depends_on_path(const struct policy *policy)
{
    (void)policy;
    return rule_count > 0;
}

bool __wrap_policy_hides(const struct policy *policy)
{
    (void)policy;
    for (size_t i = 0; i < rule_count; i++)
        if (rules[i].what == HIDE)
            return true;
    return false;
}

bool __wrap_policy_tells_names_apart(const struct policy *policy, const char *directory)
{
    (void)policy;
    (void)directory;
    return rule_count > 0;
}

unsigned __wrap_policy_rights(const struct policy *policy, const char *path)
{
    unsigned rights = 0;
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        if (__wrap_policy_decide(policy, (enum action)i, path).allowed)
            rights |= 1U << i;
    return rights;
}

size_t __wrap_login_mount_count(const struct login *login)
{
    (void)login;
    return mounted;
}

const struct login_mount *__wrap_login_mount(const struct login *login, size_t index)
{
    (void)login;
    return &mounts[index];
}

/* A virtual folder over a directory beside the root, "folder" and its number. */
static inline void rules_mount(const char *at, const char *name, bool read_only)
{
    char directory[128];
    struct store *store = NULL;
    (void)snprintf(directory, sizeof(directory), "%s/%s", world.base, name);
    assert_int_equal(mkdir(directory, 0755), 0);
    assert_fault(store_local_open(directory, NULL, &store), FAULT_NONE);
    mounts[mounted++] = (struct login_mount){
        .at = (char *)at,
        .name = (char *)name,
        .tree = tree_new(name, store),
        .read_only = read_only,
    };
}

static inline int rules_tear_down(void **unused)
{
    while (mounted)
        tree_unref(mounts[--mounted].tree);
    rules = NULL;
    rule_count = 0;
    on_decision = NULL;
    return world_tear_down(unused);
}

#define UNDER_RULES(name) cmocka_unit_test_setup_teardown(name, world_set_up, rules_tear_down)

#endif
