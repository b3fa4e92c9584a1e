/* SPDX-License-Identifier: Apache-2.0 */
#include "server/verbs.h"
#include "tests/unit/unit.h"

enum { ALL_FLAGS = (AT_ONCE << 1) - 1 };

/* Asks the same of every verb of both tables. */
static void each(void (*check)(const struct verb *verb))
{
    for (size_t i = 0; i < verb_count; i++)
        check(&verbs[i]);
    for (size_t i = 0; i < site_verb_count; i++)
        check(&site_verbs[i]);
}

static bool is_named(const struct verb *verb, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(verb->name, *names) == 0)
            return true;
    return false;
}

#define MUST(verb, condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not so: %s", (verb)->name, #condition);                                  \
    } while (0)

/* ---- Names ------------------------------------------------------------------------------- */

static void check_sorted(const struct verb *table, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(table[i - 1].name, table[i].name) >= 0)
            fail_msg("%s is not sorted", table[i].name);
}

TEST(both_tables_are_sorted_and_no_name_comes_twice)
{
    check_sorted(verbs, verb_count);
    check_sorted(site_verbs, site_verb_count);
}

static void check_name(const struct verb *verb)
{
    MUST(verb, strlen(verb->name) >= 3);
    MUST(verb, strlen(verb->name) <= 8); /* the columns of HELP */
    for (const char *c = verb->name; *c; c++)
        MUST(verb, (*c >= 'A' && *c <= 'Z') || text_is_digit(*c));
}

TEST(names_are_upper_case_words)
{
    each(check_name);
}

TEST(every_verb_is_found_and_no_other)
{
    for (size_t i = 0; i < verb_count; i++)
        assert_ptr_equal(verb_find(text_of(verbs[i].name)), &verbs[i]);
    for (size_t i = 0; i < site_verb_count; i++)
        assert_ptr_equal(site_verb_find(text_of(site_verbs[i].name)), &site_verbs[i]);
    static const char *const others[] = {"",     "A",    "RET",      "RETRX", "ZZZZ",
                                         "retr", "ABOQ", "XSHA5120", "CHMOD"};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_null(verb_find(text_of(others[i])));
    assert_null(verb_find(TEXT("RETR\0X")));
    assert_null(verb_find(TEXT("\xFF\xFF\xFF\xFF")));
    assert_null(site_verb_find(TEXT("RETR")));
    assert_null(site_verb_find(TEXT("")));
}

TEST(every_verb_of_rfc_959_and_2228_is_there)
{
    static const char *const names[] = {
        "USER", "PASS", "ACCT", "CWD",  "CDUP", "SMNT", "REIN", "QUIT", "PORT", "PASV", "TYPE",
        "STRU", "MODE", "RETR", "STOR", "STOU", "APPE", "ALLO", "REST", "RNFR", "RNTO", "ABOR",
        "DELE", "RMD",  "MKD",  "PWD",  "LIST", "NLST", "SITE", "SYST", "STAT", "HELP", "NOOP",
        "AUTH", "ADAT", "PROT", "PBSZ", "CCC",  "MIC",  "CONF", "ENC",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (!verb_find(text_of(names[i])))
            fail_msg("%s is missing", names[i]);
}

/* RFC 1123 4.1.3.1: the experimental names mean what the official ones do. */
TEST(an_experimental_name_is_the_same_verb)
{
    static const char *const names[][2] = {
        {"XCUP", "CDUP"}, {"XCWD", "CWD"}, {"XMKD", "MKD"}, {"XPWD", "PWD"}, {"XRMD", "RMD"}};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct verb *x = verb_find(text_of(names[i][0]));
        const struct verb *verb = verb_find(text_of(names[i][1]));
        assert_true(x && verb);
        MUST(x, x->flags == verb->flags && x->action == verb->action);
        MUST(x, x->column == verb->column && x->now == verb->now && x->work == verb->work);
        MUST(x, x->move == verb->move && x->done == verb->done);
        MUST(x, strcmp(x->argument, verb->argument) == 0 && strcmp(x->help, verb->help) == 0);
    }
}

/* ---- What people read ---------------------------------------------------------------------- */

static void check_texts(const struct verb *verb)
{
    struct text help = text_of(verb->help);
    MUST(verb, verb->argument && verb->source && verb->source[0]);
    MUST(verb, help.len > 1 && text_ends_with(help, TEXT(".")));
    MUST(verb, help.at[0] >= 'A' && help.at[0] <= 'Z');
    MUST(verb, text_find(help, '\n') == help.len);
    MUST(verb, text_find(text_of(verb->argument), '\n') == strlen(verb->argument));
}

TEST(every_verb_has_its_argument_help_and_source)
{
    each(check_texts);
}

static void check_argument(const struct verb *verb)
{
    bool is_optional = verb->argument[0] == '[';
    if (verb->flags & NEEDS_ARG)
        MUST(verb, verb->argument[0] && !is_optional);
    if (verb->flags & REFUSES_ARG)
        MUST(verb, !verb->argument[0]);
    if (verb->flags & TAKES_PATH)
        MUST(verb, verb->argument[0] && (is_optional || verb->flags & NEEDS_ARG));
}

TEST(the_shown_syntax_is_the_one_that_is_checked)
{
    each(check_argument);
}

TEST(a_feature_is_announced_once)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].feature)
            continue;
        MUST(&verbs[i], verbs[i].feature[0] && verbs[i].feature[0] != ' '); /* RFC 2389 3.2 */
        for (size_t j = 0; j < i; j++)
            MUST(&verbs[i], !verbs[j].feature || strcmp(verbs[i].feature, verbs[j].feature) != 0);
    }
    for (size_t i = 0; i < site_verb_count; i++)
        MUST(&site_verbs[i], !site_verbs[i].feature);
}

/* ---- Flags and handlers ---------------------------------------------------------------------- */

static void check_flags(const struct verb *verb)
{
    MUST(verb, !(verb->flags & ~(unsigned)ALL_FLAGS));
    MUST(verb, !(verb->flags & NEEDS_ARG && verb->flags & REFUSES_ARG));
    MUST(verb, !(verb->flags & TAKES_PATH && verb->flags & REFUSES_ARG));
    MUST(verb, !(verb->flags & WHILE_BUSY && verb->flags & CANCELS));
    MUST(verb, !(verb->flags & SETS_PORT && verb->flags & OPENS_DATA));
    MUST(verb, (unsigned)verb->action < ACTION_COUNT);
    MUST(verb, (unsigned)verb->column < REPLY_COLUMN_COUNT);
}

TEST(flags_do_not_contradict_each_other)
{
    each(check_flags);
}

static void check_handlers(const struct verb *verb)
{
    MUST(verb, verb->now || verb->work);
    MUST(verb, verb->work || (!verb->move && !verb->done));
    /* HASH alone uses up RANG without a data connection. */
    MUST(verb, !verb->move == !(verb->flags & OPENS_DATA) || strcmp(verb->name, "HASH") == 0);
    MUST(verb, !(verb->flags & HASHES) || verb->work);
    /* What goes on a worker touches files or accounts: that has a name for policy and audit. */
    MUST(verb, !verb->work || verb->action != ACTION_NONE);
}

TEST(every_verb_has_what_runs_it)
{
    each(check_handlers);
}

/* A verb that is left open by mistake would be open to the whole world. */
static void check_login(const struct verb *verb)
{
    static const char *const open_to_all[] = {
        "ABOR", "ACCT", "ADAT", "AUTH", "CCC",  "CLNT", "CONF", "CSID",
        "ENC",  "FEAT", "HELP", "HOST", "LANG", "MIC",  "NOOP", "OPTS",
        "PASS", "PBSZ", "PROT", "QUIT", "REIN", "SYST", "USER", NULL,
    };
    MUST(verb, !(verb->flags & NEEDS_LOGIN) == is_named(verb, open_to_all));
}

TEST(only_these_verbs_answer_before_a_login)
{
    each(check_login);
}

/* Nor would one be missed that gives away a name or a password in the clear. */
static void check_in_clear(const struct verb *verb)
{
    static const char *const before_tls[] = {
        "ADAT", "AUTH", "CCC",  "CLNT", "CONF", "ENC",  "FEAT", "HELP", "HOST", "LANG",
        "MIC",  "NOOP", "OPTS", "PBSZ", "PROT", "QUIT", "STAT", "SYST", NULL,
    };
    bool is_sites = site_verb_find(text_of(verb->name)) == verb;
    MUST(verb, !(verb->flags & IN_CLEAR) == (is_sites || !is_named(verb, before_tls)));
    MUST(verb, !(verb->flags & NEEDS_TLS) || verb->feature);
}

TEST(only_these_verbs_answer_before_tls_where_it_is_required)
{
    each(check_in_clear);
}

static void check_during_transfers(const struct verb *verb)
{
    static const char *const at_once[] = {"NOOP", "STAT", NULL};
    static const char *const cancelling[] = {"ABOR", NULL};
    static const char *const ports[] = {"EPRT", "LPRT", "LPSV", "PASV", "PORT", NULL};
    static const char *const hashing[] = {"PASS", "PSWD", NULL};
    MUST(verb, !(verb->flags & WHILE_BUSY) != is_named(verb, at_once));
    MUST(verb, !(verb->flags & CANCELS) != is_named(verb, cancelling));
    MUST(verb, !(verb->flags & SETS_PORT) != is_named(verb, ports)); /* RFC 2428 4 */
    MUST(verb, !(verb->flags & HASHES) != is_named(verb, hashing));
}

TEST(only_these_verbs_interrupt_set_a_port_or_cost_a_hash)
{
    each(check_during_transfers);
}

TEST(what_stores_or_changes_asks_for_that_right)
{
    static const struct {
        const char *name;
        enum action action;
    } expected[] = {
        {"STOR", ACTION_WRITE},
        {"STOU", ACTION_WRITE},
        {"APPE", ACTION_APPEND},
        {"DELE", ACTION_DELETE},
        {"MKD", ACTION_MAKE_DIRECTORY},
        {"RMD", ACTION_REMOVE_DIRECTORY},
        {"RNFR", ACTION_RENAME},
        {"RNTO", ACTION_RENAME},
        {"RMDA", ACTION_REMOVE_DIRECTORY},
        {"MFMT", ACTION_ATTRIBUTES},
        {"MFCT", ACTION_ATTRIBUTES},
        {"MFF", ACTION_ATTRIBUTES},
        {"RETR", ACTION_READ},
        {"SITE", ACTION_SITE},
    };
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct verb *verb = verb_find(text_of(expected[i].name));
        assert_non_null(verb);
        MUST(verb, verb->action == expected[i].action);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(both_tables_are_sorted_and_no_name_comes_twice),
        RUN(names_are_upper_case_words),
        RUN(every_verb_is_found_and_no_other),
        RUN(every_verb_of_rfc_959_and_2228_is_there),
        RUN(an_experimental_name_is_the_same_verb),
        RUN(every_verb_has_its_argument_help_and_source),
        RUN(the_shown_syntax_is_the_one_that_is_checked),
        RUN(a_feature_is_announced_once),
        RUN(flags_do_not_contradict_each_other),
        RUN(every_verb_has_what_runs_it),
        RUN(only_these_verbs_answer_before_a_login),
        RUN(only_these_verbs_answer_before_tls_where_it_is_required),
        RUN(only_these_verbs_interrupt_set_a_port_or_cost_a_hash),
        RUN(what_stores_or_changes_asks_for_that_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
