/* SPDX-License-Identifier: Apache-2.0 */
#include "base/action.h"
#include "tests/unit/policies.h"

static void decides(const struct policy *policy, enum action action, const char *path,
                    const char *expected)
{
    struct verdict verdict = policy_decide(policy, action, path);
    if (text_equal(text_of(verdict.rule), text_of(expected)))
        return;
    fail_msg("%s %s: \"%s\" is not \"%s\"", action_word(action), path ? path : "(none)",
             verdict.rule, expected);
}

#define NOTHING "nothing speaks against it"

TEST(the_first_rule_that_fits_decides)
{
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, TERM_RULES, "allow write /in/**");
    people_say(&alice, 0, TERM_RULES, "deny read,list /in/*");
    people_say(&alice, 0, TERM_RULES, "deny change /**");
    struct policy *policy = people_policy(&alice);
    decides(policy, ACTION_WRITE, "/in/a", "user alice: rule allow write /in/**");
    decides(policy, ACTION_READ, "/in/a", "user alice: rule deny read,list /in/*");
    decides(policy, ACTION_OVERWRITE, "/in/a", "user alice: rule deny change /**");
    decides(policy, ACTION_LIST, "/in", NOTHING);
    assert_true(policy_decide(policy, ACTION_WRITE, "/in/a").allowed);
    assert_false(policy_decide(policy, ACTION_READ, "/in/a").allowed);
    assert_true(policy_depends_on_path(policy));
    assert_false(policy_hides(policy));
    policy_free(policy);
}

TEST(a_rule_for_everything_denies_by_default)
{
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, TERM_RULES, "allow read-all /pub/**");
    people_say(&alice, 0, TERM_RULES, "deny all /**");
    struct policy *policy = people_policy(&alice);
    for (unsigned action = ACTION_LIST; action <= ACTION_SITE; action++) {
        bool reads = action == ACTION_LIST || action == ACTION_READ || action == ACTION_HASH;
        assert_int_equal(policy_decide(policy, (enum action)action, "/pub/a").allowed, reads);
        assert_int_equal(policy_decide(policy, (enum action)action, "/pub").allowed, reads);
        assert_false(policy_decide(policy, (enum action)action, "/").allowed);
        assert_false(policy_decide(policy, (enum action)action, "/a").allowed);
        assert_false(policy_decide(policy, (enum action)action, NULL).allowed);
    }
    policy_free(policy);
}

TEST(without_a_path_only_what_fits_every_path_decides)
{
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, TERM_RULES, "deny all /a/**");
    people_say(&alice, 0, TERM_RULES, "deny all *.exe");
    people_say(&alice, 0, TERM_DENY_NAMES, "*");
    people_say(&alice, 0, TERM_ALLOW_NAMES, "x");
    people_say(&alice, 0, TERM_HIDE_NAMES, "*");
    struct policy *policy = people_policy(&alice);
    for (unsigned action = 0; action <= ACTION_SITE; action++)
        decides(policy, (enum action)action, NULL, NOTHING);
    policy_free(policy);
    policy = policy_of(TERM_RULES, "deny site *");
    decides(policy, ACTION_SITE, NULL, "user alice: rule deny site *");
    assert_false(policy_depends_on_path(policy));
    policy_free(policy);
}

TEST(read_only_is_the_last_rule_of_who_says_it)
{
    struct people people = people_new(POLICY_USER, 3);
    people_say(&people, 0, TERM_RULES, "allow write /user/**");
    people_say(&people, 1, TERM_RULES, "allow write /staff/**");
    people_say(&people, 1, TERM_READ_ONLY, "on");
    people_say(&people, 2, TERM_RULES, "allow write /guests/**");
    struct policy *policy = people_policy(&people);
    decides(policy, ACTION_WRITE, "/user/a", "user alice: rule allow write /user/**");
    decides(policy, ACTION_WRITE, "/staff/a", "group staff: rule allow write /staff/**");
    decides(policy, ACTION_WRITE, "/guests/a", "group staff: read-only");
    decides(policy, ACTION_READ, "/guests/a", NOTHING);
    assert_true(policy_limits(policy)->read_only);
    policy_free(policy);
}

TEST(no_group_opens_what_the_user_may_only_read)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_READ_ONLY, "on");
    people_say(&people, 1, TERM_RULES, "allow all /**");
    struct policy *policy = people_policy(&people);
    decides(policy, ACTION_WRITE, "/a", "user alice: read-only");
    policy_free(policy);
}

TEST(anonymous_reads_but_for_what_rules_allow)
{
    struct people anonymous = people_new(POLICY_ANONYMOUS, 1);
    people_say(&anonymous, 0, TERM_RULES, "allow write,make-directory /incoming/**");
    people_say(&anonymous, 0, TERM_RULES, "deny all /incoming/*/**");
    struct policy *policy = people_policy(&anonymous);
    decides(policy, ACTION_WRITE, "/incoming/a",
            "anonymous: rule allow write,make-directory /incoming/**");
    decides(policy, ACTION_READ, "/incoming/a", "anonymous: rule deny all /incoming/*/**");
    decides(policy, ACTION_OVERWRITE, "/incoming/a", "anonymous: rule deny all /incoming/*/**");
    decides(policy, ACTION_LIST, "/incoming", NOTHING);
    decides(policy, ACTION_WRITE, "/pub/a", "anonymous: read-only");
    decides(policy, ACTION_READ, "/pub/a", NOTHING);
    policy_free(policy);
}

TEST(denied_names_bind_plain_files_only)
{
    struct policy *policy = policy_of(TERM_DENY_NAMES, "*.exe");
    for (unsigned action = 0; action <= ACTION_SITE; action++) {
        bool is_free = action == ACTION_NONE || action == ACTION_LOGIN || action == ACTION_SITE ||
                       action == ACTION_LIST || action == ACTION_MAKE_DIRECTORY ||
                       action == ACTION_REMOVE_DIRECTORY;
        decides(policy, (enum action)action, "/a/b.exe",
                is_free ? NOTHING : "user alice: deny-name *.exe");
        decides(policy, (enum action)action, "/a.exe/b", NOTHING);
        decides(policy, (enum action)action, "/", NOTHING);
    }
    assert_true(policy_depends_on_path(policy));
    policy_free(policy);
}

TEST(allowed_names_of_the_user_count_and_not_those_of_groups)
{
    struct people people = people_new(POLICY_USER, 3);
    people_say(&people, 0, TERM_ALLOW_NAMES, "*.txt");
    people_say(&people, 0, TERM_ALLOW_NAMES, "*.csv");
    people_say(&people, 1, TERM_ALLOW_NAMES, "*.jpg");
    struct policy *policy = people_policy(&people);
    decides(policy, ACTION_WRITE, "/a.txt", NOTHING);
    decides(policy, ACTION_WRITE, "/a.csv", NOTHING);
    decides(policy, ACTION_WRITE, "/a.jpg", "user alice: allow-name");
    decides(policy, ACTION_LIST, "/a.jpg", NOTHING);
    decides(policy, ACTION_MAKE_DIRECTORY, "/a", NOTHING);
    decides(policy, ACTION_REMOVE_DIRECTORY, "/a", NOTHING);
    decides(policy, ACTION_ATTRIBUTES, "/", NOTHING);
    policy_free(policy);
}

TEST(where_the_user_is_mute_every_group_must_allow_the_name)
{
    struct people people = people_new(POLICY_USER, 4);
    people_say(&people, 1, TERM_ALLOW_NAMES, "a*");
    people_say(&people, 2, TERM_ALLOW_NAMES, "*z");
    struct policy *policy = people_policy(&people);
    decides(policy, ACTION_READ, "/az", NOTHING);
    decides(policy, ACTION_READ, "/ab", "group guests: allow-name *z");
    decides(policy, ACTION_READ, "/bz", "group staff: allow-name a*");
    policy_free(policy);
}

TEST(what_is_hidden_hides_what_is_below_in_every_action)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 1, TERM_HIDE_NAMES, ".*");
    people_say(&people, 0, TERM_RULES, "allow all /**");
    struct policy *policy = people_policy(&people);
    static const char *const hidden[] = {"/.a", "/x/.a", "/.a/x", "/x/.a/y/z"};
    for (unsigned action = 0; action <= ACTION_SITE; action++) {
        for (size_t i = 0; i < COUNT(hidden); i++) {
            struct verdict verdict = policy_decide(policy, (enum action)action, hidden[i]);
            assert_false(verdict.allowed);
            assert_true(verdict.hidden);
            assert_string_equal(verdict.rule, "group staff: hide-name .*");
        }
        struct verdict seen = policy_decide(policy, (enum action)action, "/x/a.b");
        assert_true(seen.allowed);
        assert_false(seen.hidden);
        assert_true(policy_decide(policy, (enum action)action, "/").allowed);
    }
    assert_true(policy_hides(policy));
    policy_free(policy);
}

TEST(case_is_ignored_in_the_patterns_of_who_says_so)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_IGNORE_CASE, "on");
    people_say(&people, 0, TERM_DENY_NAMES, "*.exe");
    people_say(&people, 0, TERM_RULES, "deny list /ÑAME/**");
    people_say(&people, 1, TERM_DENY_NAMES, "*.com");
    struct policy *policy = people_policy(&people);
    decides(policy, ACTION_READ, "/A.EXE", "user alice: deny-name *.exe");
    decides(policy, ACTION_LIST, "/ñame/x", "user alice: rule deny list /ÑAME/**");
    decides(policy, ACTION_READ, "/A.COM", NOTHING);
    decides(policy, ACTION_READ, "/a.com", "group staff: deny-name *.com");
    policy_free(policy);
}

TEST(nothing_but_site_is_open_before_the_password_is_changed)
{
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, TERM_MUST_CHANGE_PASSWORD, "on");
    people_say(&alice, 0, TERM_RULES, "allow all /**");
    people_say(&alice, 0, TERM_HIDE_NAMES, "secret");
    struct policy *policy = people_policy(&alice);
    for (unsigned action = ACTION_LIST; action <= ACTION_SITE; action++) {
        struct verdict verdict = policy_decide(policy, (enum action)action, "/secret");
        if (action == ACTION_SITE)
            continue;
        assert_false(verdict.allowed);
        assert_false(verdict.hidden);
        assert_string_equal(verdict.rule, "user alice: must-change-password");
    }
    assert_true(policy_decide(policy, ACTION_SITE, NULL).allowed);
    assert_true(policy_limits(policy)->must_change_password);
    policy_free(policy);
}

TEST(an_explanation_ends_with_what_decided)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_DENY_NAMES, "*.exe");
    people_say(&people, 0, TERM_RULES, "allow read /a");
    people_say(&people, 1, TERM_RULES, "deny write /b");
    people_say(&people, 1, TERM_READ_ONLY, "on");
    struct policy *policy = people_policy(&people);
    struct policy_step steps[8];
    assert_int_equal(policy_explain(policy, ACTION_WRITE, "/b", steps, COUNT(steps)), 3);
    assert_string_equal(steps[0].rule, "user alice: deny-name *.exe");
    assert_false(steps[0].fits);
    assert_string_equal(steps[1].rule, "user alice: rule allow read /a");
    assert_false(steps[1].fits);
    assert_string_equal(steps[2].rule, "group staff: rule deny write /b");
    assert_true(steps[2].fits);
    assert_int_equal(policy_explain(policy, ACTION_READ, "/b", steps, COUNT(steps)), 5);
    assert_string_equal(steps[4].rule, NOTHING);
    assert_true(steps[4].fits);
    /* Without room for all, what decided is there still. */
    assert_int_equal(policy_explain(policy, ACTION_READ, "/b", steps, 2), 2);
    assert_string_equal(steps[0].rule, "user alice: deny-name *.exe");
    assert_string_equal(steps[1].rule, NOTHING);
    assert_int_equal(policy_explain(policy, ACTION_READ, "/b", steps, 0), 0);
    policy_free(policy);
}

/* ---- Every action with everything that can be laid down, against a second opinion ------ */

enum { GROUPS = 2, PEOPLE = 1 + GROUPS, RULES_MAX = 4, ROUNDS = 4000 };

static const char *const paths[] = {"/",      "/a",     "/a/b",       "/a/b.exe",
                                    "/c.EXE", "/a/c/b", "/b/.x/c.EXE"};
enum { PATHS = COUNT(paths) };

/* By hand, with and without case: which of the paths fits. */
static const struct {
    const char *text;
    const char *fits;
    const char *fits_any_case;
} patterns[] = {
    {"/**", "+++++++", "+++++++"},       {"*", "+++++++", "+++++++"},
    {"/", "+------", "+------"},         {"/a", "-+-----", "-+-----"},
    {"/A/*", "-------", "--++---"},      {"/a/**", "-+++-+-", "-+++-+-"},
    {"/*/**", "-++++++", "-++++++"},     {"/a/*/**", "--++-+-", "--++-+-"},
    {"/**/b", "--+--+-", "--+--+-"},     {"*.exe", "---+---", "---++-+"},
    {"B", "-------", "--+--+-"},         {"/?/[!b]/*", "-----+-", "-----+-"},
    {"/**/.x/**", "------+", "------+"},
};

/* Likewise of names: whether the last part fits, and whether any part does. */
static const struct {
    const char *text;
    const char *last[2]; /* with case; in any */
    const char *any[2];
} names[] = {
    {"*.exe", {"---+---", "---++-+"}, {"---+---", "---++-+"}},
    {"b", {"--+--+-", "--+--+-"}, {"--+--++", "--+--++"}},
    {"A*", {"-------", "-+-----"}, {"-------", "-+++-+-"}},
    {".*", {"-------", "-------"}, {"------+", "------+"}},
    {"[!b]*", {"-+--+-+", "-+--+-+"}, {"-++++++", "-++++++"}},
};
enum { NAMES = COUNT(names) };

/* What one of them says, as it was thrown. */
struct said {
    struct {
        bool allows;
        enum action action; /* ACTION_NONE: all */
        unsigned pattern;
    } rules[RULES_MAX];
    unsigned rule_count;
    unsigned deny_names; /* sets of names */
    unsigned allow_names;
    unsigned hide_names;
    bool any_case;
    bool read_only;
    bool must_change;
};

static uint64_t dice;

static unsigned throw_below(unsigned limit)
{
    dice = dice * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(dice >> 33) % limit;
}

static unsigned throw_names(void)
{
    return throw_below(3) ? 0 : throw_below(1U << NAMES);
}

static struct said throw_said(bool is_user)
{
    struct said said = {
        .rule_count = throw_below(RULES_MAX + 1),
        .deny_names = throw_names(),
        .allow_names = throw_names(),
        .hide_names = throw_below(2) ? 0 : throw_names(),
        .any_case = throw_below(2),
        .read_only = !throw_below(4),
        .must_change = is_user && !throw_below(16),
    };
    for (unsigned i = 0; i < said.rule_count; i++) {
        said.rules[i].allows = throw_below(2);
        said.rules[i].action = throw_below(3)
                                   ? (enum action)(ACTION_LIST +
                                                   throw_below(ACTION_SITE + 1 - ACTION_LIST))
                                   : ACTION_NONE;
        said.rules[i].pattern = throw_below(COUNT(patterns));
    }
    return said;
}

static void say_names(struct people *people, size_t index, enum term term, unsigned set)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (set & 1U << i)
            people_say(people, index, term, names[i].text);
}

static void say_all(struct people *people, size_t index, const struct said *said)
{
    for (unsigned i = 0; i < said->rule_count; i++) {
        char text[64];
        struct builder b = builder_on(text, sizeof(text));
        builder_put_string(&b, said->rules[i].allows ? "allow " : "deny ");
        builder_put_string(&b, said->rules[i].action ? action_word(said->rules[i].action) : "all");
        builder_put_byte(&b, ' ');
        builder_put_string(&b, patterns[said->rules[i].pattern].text);
        people_say(people, index, TERM_RULES, builder_end(&b));
    }
    say_names(people, index, TERM_DENY_NAMES, said->deny_names);
    say_names(people, index, TERM_ALLOW_NAMES, said->allow_names);
    say_names(people, index, TERM_HIDE_NAMES, said->hide_names);
    people_say(people, index, TERM_IGNORE_CASE, said->any_case ? "on" : "off");
    people_say(people, index, TERM_READ_ONLY, said->read_only ? "on" : "off");
    if (said->must_change)
        people_say(people, index, TERM_MUST_CHANGE_PASSWORD, "on");
}

static bool set_fits(unsigned set, bool any_part, bool any_case, unsigned path)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (set & 1U << i &&
            (any_part ? names[i].any : names[i].last)[any_case ? 1 : 0][path] == '+')
            return true;
    return false;
}

enum opinion { DENIED, HIDDEN, ALLOWED };

static bool is_file_action(enum action action)
{
    return action != ACTION_LIST && action != ACTION_MAKE_DIRECTORY &&
           action != ACTION_REMOVE_DIRECTORY && action != ACTION_SITE;
}

static bool names_deny(const struct said said[PEOPLE], unsigned path)
{
    bool user_allows = said[0].allow_names != 0;
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (set_fits(said[i].deny_names, false, said[i].any_case, path))
            return true;
        if (said[i].allow_names && (i == 0 || !user_allows) &&
            !set_fits(said[i].allow_names, false, said[i].any_case, path))
            return true;
    }
    return false;
}

static enum opinion rules_say(const struct said said[PEOPLE], enum action action, unsigned path)
{
    static const char *const changing[] = {"write",  "overwrite",        "append",
                                           "rename", "delete",           "make-directory",
                                           "link",   "remove-directory", "attributes"};
    for (unsigned i = 0; i < PEOPLE; i++) {
        for (unsigned r = 0; r < said[i].rule_count; r++) {
            unsigned pattern = said[i].rules[r].pattern;
            const char *fits = said[i].any_case ? patterns[pattern].fits_any_case
                                                : patterns[pattern].fits;
            bool is_about = !said[i].rules[r].action || said[i].rules[r].action == action;
            if (is_about && fits[path] == '+')
                return said[i].rules[r].allows ? ALLOWED : DENIED;
        }
        for (size_t c = 0; said[i].read_only && c < COUNT(changing); c++)
            if (strcmp(changing[c], action_word(action)) == 0)
                return DENIED;
    }
    return ALLOWED;
}

static enum opinion second_opinion(const struct said said[PEOPLE], enum action action,
                                   unsigned path)
{
    if (said[0].must_change && action != ACTION_SITE)
        return DENIED;
    for (unsigned i = 0; i < PEOPLE; i++)
        if (set_fits(said[i].hide_names, true, said[i].any_case, path))
            return HIDDEN;
    bool is_root = path == 0;
    if (is_file_action(action) && !is_root && names_deny(said, path))
        return DENIED;
    return rules_say(said, action, path);
}

/* All rights at once are those of one action after the other. */
static void check_rights(const struct policy *policy, const char *path)
{
    unsigned rights = 0;
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        if (policy_decide(policy, (enum action)i, path).allowed)
            rights |= 1U << i;
    assert_int_equal(policy_rights(policy, path), rights);
}

/* Where names are not told apart they have the same rights. */
static unsigned check_names(const struct policy *policy, const char *directory)
{
    static const char *const in_it[] = {"a", "b", "B", "x.exe", "x.EXE", ".x", "c"};
    char path[64];
    unsigned rights[COUNT(in_it)];
    for (size_t i = 0; i < COUNT(in_it); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory[1] ? directory : "", in_it[i]);
        rights[i] = policy_rights(policy, path);
    }
    if (policy_tells_names_apart(policy, directory))
        return 0;
    for (size_t i = 1; i < COUNT(in_it); i++)
        assert_int_equal(rights[i], rights[0]);
    return 1;
}

TEST(a_second_opinion_agrees_on_every_action_and_path)
{
    unsigned counts[3] = {0};
    unsigned alike = 0;
    dice = 959;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct said said[PEOPLE];
        struct people people = people_new(POLICY_USER, PEOPLE);
        for (unsigned i = 0; i < PEOPLE; i++) {
            said[i] = throw_said(i == 0);
            say_all(&people, i, &said[i]);
        }
        struct policy *policy = people_policy(&people);
        for (unsigned a = ACTION_LIST; a <= ACTION_SITE; a++) {
            for (unsigned p = 0; p < PATHS; p++) {
                enum opinion opinion = second_opinion(said, (enum action)a, p);
                struct verdict verdict = policy_decide(policy, (enum action)a, paths[p]);
                counts[opinion]++;
                if (verdict.allowed != (opinion == ALLOWED) ||
                    verdict.hidden != (opinion == HIDDEN))
                    fail_msg("round %u, %s %s: %s", round, action_word((enum action)a), paths[p],
                             verdict.rule);
            }
        }
        for (unsigned p = 0; p < PATHS; p++) {
            check_rights(policy, paths[p]);
            alike += check_names(policy, paths[p]);
        }
        policy_free(policy);
    }
    /* The dice threw some of each. */
    assert_in_range(alike, 100, ROUNDS * PATHS / 2);
    for (unsigned i = 0; i < COUNT(counts); i++)
        assert_true(counts[i] > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_first_rule_that_fits_decides),
        RUN(a_rule_for_everything_denies_by_default),
        RUN(without_a_path_only_what_fits_every_path_decides),
        RUN(read_only_is_the_last_rule_of_who_says_it),
        RUN(no_group_opens_what_the_user_may_only_read),
        RUN(anonymous_reads_but_for_what_rules_allow),
        RUN(denied_names_bind_plain_files_only),
        RUN(allowed_names_of_the_user_count_and_not_those_of_groups),
        RUN(where_the_user_is_mute_every_group_must_allow_the_name),
        RUN(what_is_hidden_hides_what_is_below_in_every_action),
        RUN(case_is_ignored_in_the_patterns_of_who_says_so),
        RUN(nothing_but_site_is_open_before_the_password_is_changed),
        RUN(an_explanation_ends_with_what_decided),
        RUN(a_second_opinion_agrees_on_every_action_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
