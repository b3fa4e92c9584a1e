/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of a server that runs, bans, quotas, explaining, the log's tail.
 */
#include <fcntl.h>
#include <time.h>

#include "admin/verb_actions.h"
#include "server/verbs.h"
#include "tests/unit/admin_world.h"

/* ---- A server that only says what it is told ------------------------------------------------ */

struct told {
    uint64_t session;
    char user[64];
    unsigned reloads;
};

static json_t *on_status(void *context)
{
    (void)context;
    return json_pack("{s:i}", "sessions", 3);
}

static json_t *on_sessions(void *context)
{
    (void)context;
    return json_pack("[{s:i, s:s}]", "session", 7, "user", "alice");
}

static json_t *on_settings(void *context)
{
    (void)context;
    return json_pack("{s:s}", "port", "2121");
}

static bool on_kick(void *context, uint64_t session)
{
    struct told *told = context;
    told->session = session;
    return session == 7;
}

static bool on_kick_user(void *context, struct text name)
{
    struct told *told = context;
    snprintf(told->user, sizeof(told->user), "%.*s", TEXT_ARGS(name));
    return text_equal(name, TEXT("alice"));
}

static bool on_reload(void *context, struct builder *message)
{
    struct told *told = context;
    builder_put(message, TEXT("port: that is not right"));
    return told->reloads++ == 0;
}

static bool on_reaches(void *context, const char *directory)
{
    (void)context;
    (void)directory;
    return true;
}

static struct admin_server make_server(struct told *told)
{
    return (struct admin_server){told,       on_status, on_sessions,  on_settings,
                                 on_reaches, on_kick,   on_kick_user, on_reload};
}

TEST(a_server_is_asked_and_told)
{
    struct admin_world w;
    struct told told = {0};
    const struct admin_server server = make_server(&told);
    world_begin(&w);
    w.admin.server = &server;
    DOES(&w, "{'command': 'status'}");
    world_says(&w, "status", "{'sessions':3}");
    DOES(&w, "{'command': 'session list'}");
    world_says(&w, "sessions", "[{'session':7,'user':'alice'}]");
    DOES(&w, "{'command': 'config show'}");
    world_says(&w, "settings", "{'port':'2121'}");
    DOES(&w, "{'command': 'session kick', 'session': '7'}");
    assert_int_equal(told.session, 7);
    REFUSES(&w, "NOT_FOUND", "session", "{'command': 'session kick', 'session': 8}");
    DOES(&w, "{'command': 'session kick', 'user': 'alice'}");
    assert_string_equal(told.user, "alice");
    REFUSES(&w, "NOT_FOUND", "user", "{'command': 'session kick', 'user': 'bob'}");
    static const char *const wrong[] = {"", ", 'session': 7, 'user': 'alice'", ", 'session': -7",
                                        ", 'session': 0"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        REFUSES(&w, "ARGUMENT", "session", "{'command': 'session kick'%s}", wrong[i]);
    DOES(&w, "{'command': 'reload'}");
    REFUSES(&w, "ARGUMENT", "", "{'command': 'reload'}");
    assert_string_equal(text_at(w.answer, "error"), "port: that is not right");
    world_end(&w);
}

TEST(without_a_server_that_is_said)
{
    static const char *const commands[] = {"status", "session list", "config show", "session kick",
                                           "reload"};
    struct admin_world w;
    world_begin(&w);
    for (size_t i = 0; i < COUNT(commands); i++)
        REFUSES(&w, "UNSUPPORTED", "", "{'command': '%s'}", commands[i]);
    world_end(&w);
}

TEST(changed_accounts_are_looked_at_again)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'accounts changed'}");
    world_end(&w);
}

/* ---- Bans --------------------------------------------------------------------------------------
 */

TEST(bans_are_made_listed_and_taken_back)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'ban list'}");
    world_says(&w, "bans", "[]");
    DOES(&w, "{'command': 'ban add', 'subject': '192.0.2.1', 'reason': 'a scanner'}");
    DOES(&w, "{'command': 'ban list'}");
    world_says(&w, "bans", "[{'subject':'192.0.2.1','reason':'a scanner'}]"); /* for ever */
    DOES(&w, "{'command': 'ban add', 'subject': 'user alice', 'for': '2h'}");
    DOES(&w, "{'command': 'ban list'}");
    assert_int_equal(json_array_size(json_object_get(w.answer, "bans")), 2);
    DOES(&w, "{'command': 'ban remove', 'subject': '192.0.2.1'}");
    DOES(&w, "{'command': 'ban list'}");
    const json_t *ban = json_array_get(json_object_get(w.answer, "bans"), 0);
    assert_string_equal(text_at(ban, "subject"), "user alice");
    assert_int_equal(strlen(text_at(ban, "until")), strlen("2026-11-21T09:00:00Z"));
    REFUSES(&w, "NOT_FOUND", "subject", "{'command': 'ban remove', 'subject': '192.0.2.1'}");
    world_end(&w);
}

TEST(bans_that_make_no_sense_are_refused)
{
    static const char *const times[] = {"0", "x", "-1", "1y", "99999999999d"};
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "ARGUMENT", "subject", "{'command': 'ban add'}");
    REFUSES(&w, "ARGUMENT", "subject", "{'command': 'ban add', 'subject': 'nobody'}");
    REFUSES(&w, "ARGUMENT", "subject", "{'command': 'ban add', 'subject': '192.0.2.0/99'}");
    for (size_t i = 0; i < COUNT(times); i++)
        REFUSES(&w, "ARGUMENT", "for",
                "{'command': 'ban add', 'subject': '192.0.2.1', 'for': '%s'}", times[i]);
    world_end(&w);
}

TEST(bans_survive_in_the_records)
{
    struct admin_world w;
    struct guard *guard = NULL;
    world_begin(&w);
    DOES(&w, "{'command': 'ban add', 'subject': '192.0.2.0/24', 'for': '1h'}");
    guard_free(w.admin.guard);
    assert_fault(guard_new(database_records(w.database), &guard), FAULT_NONE);
    w.admin.guard = guard;
    DOES(&w, "{'command': 'ban list'}");
    assert_int_equal(json_array_size(json_object_get(w.answer, "bans")), 1);
    world_end(&w);
}

/* ---- Quotas
 * -------------------------------------------------------------------------------------- */

static void write_file(const struct admin_world *w, const char *name, size_t size)
{
    int fd = open(world_path(w, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

TEST(quotas_say_what_is_used_and_left)
{
    struct admin_world w;
    world_begin(&w);
    write_file(&w, "alice/a", 60);
    write_file(&w, "alice/own/b", 40);
    write_file(&w, "bob/c", 50);
    write_file(&w, "pub/d", 7);
    DOES(&w, "{'command': 'folder add', 'name': 'pub', 'path': '@/pub', 'quota-bytes': 5}");
    DOES(&w, "{'command': 'group add', 'name': 'staff', 'quota-bytes': 1000, 'quota-files': 4, "
             "'folder': 'pub'}");
    static const char *const names[] = {"alice", "bob"};
    for (size_t i = 0; i < COUNT(names); i++)
        DOES(&w,
             "{'command': 'user add', 'name': '%s', 'password': 'wonderland-7', "
             "'root': '@/%s', 'group': 'staff', 'quota-bytes': 150}",
             names[i], names[i]);
    DOES(&w, "{'command': 'quota show', 'name': 'alice'}");
    world_says(&w, "quota",
               "[{'of':'user alice','bytes':100,'files':2,'quota-bytes':150,'bytes-left':50},"
               "{'of':'folder pub','bytes':7,'files':1,'quota-bytes':5,'bytes-left':0},"
               "{'of':'group staff','bytes':150,'files':3,'quota-bytes':1000,'bytes-left':850,"
               "'quota-files':4,'files-left':1}]");
    REFUSES(&w, "NOT_FOUND", "name", "{'command': 'quota show', 'name': 'carol'}");
    world_end(&w);
}

TEST(a_recount_sees_what_others_have_changed)
{
    struct admin_world w;
    world_begin(&w);
    write_file(&w, "alice/a", 60);
    DOES(&w, "{'command': 'user add', 'name': 'alice', 'password': 'wonderland-7', "
             "'root': '@/alice'}");
    DOES(&w, "{'command': 'quota show', 'name': 'alice'}");
    write_file(&w, "alice/b", 5);
    DOES(&w, "{'command': 'quota recount', 'name': 'alice'}");
    world_says(&w, "quota", "[{'of':'user alice','bytes':65,'files':2}]");
    world_end(&w);
}

/* ---- Explaining
 * ------------------------------------------------------------------------------------- */

static void make_alice(struct admin_world *w, const char *terms)
{
    DOES(w,
         "{'command': 'user add', 'name': 'alice', 'password': 'wonderland-7', "
         "'root': '@/alice'%s}",
         terms);
}

/* "about when: allowed", of each check with commas between. */
static void explains(struct admin_world *w, const char *question, const char *expected)
{
    char bytes[WORLD_TEXT];
    struct builder b = builder_on(bytes, sizeof(bytes));
    DOES(w, "{'command': 'explain', 'user': 'alice', %s}", question);
    const json_t *checks = json_object_get(w->answer, "checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        builder_put_string(&b, i ? ", " : "");
        builder_put_string(&b, text_at(check, "about"));
        builder_put_string(&b, json_is_true(json_object_get(check, "allowed")) ? " yes" : " no");
        if (!json_is_true(json_object_get(check, "allowed")))
            assert_string_not_equal(text_at(check, "rule"), "");
    }
    assert_text(builder_text(&b), expected);
}

TEST(explain_says_what_holds_for_each_case_of_a_verb)
{
    struct admin_world w;
    world_begin(&w);
    make_alice(&w, ", 'rule': ['deny overwrite /**']");
    explains(&w, "'verb': 'STOR', 'path': '/a'", "login yes, write yes, overwrite no");
    assert_true(json_is_false(json_object_get(w.answer, "allowed")));
    assert_non_null(json_object_get(w.answer, "quota"));
    explains(&w, "'verb': 'retr', 'path': '/a'", "login yes, read yes");
    assert_true(json_is_true(json_object_get(w.answer, "allowed")));
    assert_null(json_object_get(w.answer, "quota"));
    explains(&w, "'verb': 'site chmod', 'path': '/a'", "login yes, attributes yes");
    explains(&w, "'verb': 'overwrite', 'path': '/a'", "login yes, overwrite no");
    world_end(&w);
}

TEST(explain_shows_each_rule_in_order)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'group add', 'name': 'staff', 'rule': ['deny delete /**']}");
    make_alice(&w, ", 'group': 'staff', 'rule': ['allow delete /tmp/**', 'allow read /**']");
    explains(&w, "'verb': 'DELE', 'path': '/a'", "login yes, delete no");
    const json_t *check = json_array_get(json_object_get(w.answer, "checks"), 1);
    const json_t *steps = json_object_get(check, "steps");
    assert_true(json_array_size(steps) >= 2);
    const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
    assert_true(json_is_true(json_object_get(last, "fits")));
    assert_string_equal(text_at(last, "rule"), text_at(check, "rule"));
    world_end(&w);
}

TEST(explain_looks_at_the_login_first)
{
    struct admin_world w;
    world_begin(&w);
    make_alice(&w, ", 'hours': 'Mon-Fri 08:00-18:00 UTC', 'allow-from': '192.0.2.0/24'");
    /* 2026-11-23 is a Monday. */
    explains(&w, "'verb': 'RETR', 'path': '/a', 'from': '192.0.2.9', 'at': '2026-11-23T09:00:00Z'",
             "login yes, read yes");
    explains(&w, "'verb': 'RETR', 'path': '/a', 'from': '192.0.2.9', 'at': '2026-11-23T19:00:00Z'",
             "login no, read yes");
    assert_true(json_is_false(json_object_get(w.answer, "allowed")));
    explains(&w,
             "'verb': 'RETR', 'path': '/a', 'from': '2001:db8::1', "
             "'at': '2026-11-23T09:00:00Z'",
             "login no, read yes");
    DOES(&w, "{'command': 'user set', 'name': 'alice', 'hours': null, 'allow-from': null, "
             "'require-tls': true}");
    explains(&w, "'verb': 'RETR', 'path': '/a'", "login no, read yes");
    explains(&w, "'verb': 'RETR', 'path': '/a', 'tls': true", "login yes, read yes");
    world_end(&w);
}

TEST(explain_knows_of_folders_that_are_read_only)
{
    struct admin_world w;
    world_begin(&w);
    DOES(&w, "{'command': 'folder add', 'name': 'pub', 'path': '@/pub', 'read-only': true}");
    make_alice(&w, ", 'folder': 'pub:/shared'");
    explains(&w, "'verb': 'STOU', 'path': '/shared/x'", "login yes, write no");
    const json_t *check = json_array_get(json_object_get(w.answer, "checks"), 1);
    assert_string_equal(text_at(check, "rule"), "folder pub: read-only");
    explains(&w, "'verb': 'STOU', 'path': '/sharedx'", "login yes, write yes");
    explains(&w, "'verb': 'RETR', 'path': '/shared/x'", "login yes, read yes");
    world_end(&w);
}

TEST(a_question_that_makes_no_sense_is_refused)
{
    static const struct {
        const char *field;
        const char *question;
    } cases[] = {
        {"verb", "'path': '/a'"},
        {"verb", "'verb': 'NOOP', 'path': '/a'"},
        {"verb", "'verb': 'login', 'path': '/a'"},
        {"path", "'verb': 'RETR'"},
        {"path", "'verb': 'RETR', 'path': 'a'"},
        {"path", "'verb': 'RETR', 'path': '/a/../b'"},
        {"from", "'verb': 'RETR', 'path': '/a', 'from': 'home'"},
        {"at", "'verb': 'RETR', 'path': '/a', 'at': 'noon'"},
        {"tls", "'verb': 'RETR', 'path': '/a', 'tls': 'yes'"},
    };
    struct admin_world w;
    world_begin(&w);
    make_alice(&w, "");
    for (size_t i = 0; i < COUNT(cases); i++)
        REFUSES(&w, "ARGUMENT", cases[i].field, "{'command': 'explain', 'user': 'alice', %s}",
                cases[i].question);
    REFUSES(&w, "NOT_FOUND", "user",
            "{'command': 'explain', 'user': 'bob', 'verb': 'RETR', 'path': '/a'}");
    world_end(&w);
}

static enum action first_action(const char *name)
{
    struct verb_action rows[VERB_ACTIONS_MAX];
    return verb_actions_find(text_of(name), rows) ? rows[0].action : ACTION_NONE;
}

static bool needs_a_right(const struct verb *verb)
{
    return verb->action != ACTION_NONE && verb->action != ACTION_LOGIN;
}

static size_t compare_verbs(const struct verb *table, size_t count, const char *prefix)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s%s", prefix, table[i].name);
        enum action expected = needs_a_right(&table[i]) ? table[i].action : ACTION_NONE;
        if (first_action(name) != expected)
            fail_msg("%s: %s, where the server has %s", name, action_word(first_action(name)),
                     action_word(expected));
        right += expected != ACTION_NONE;
    }
    return right;
}

TEST(verbs_ask_for_what_the_server_asks_for)
{
    size_t right = compare_verbs(verbs, verb_count, "") +
                   compare_verbs(site_verbs, site_verb_count, "SITE ");
    size_t ours = 0;
    for (size_t i = 0; i < verb_action_count; i++)
        ours += !i || strcmp(verb_actions[i].verb, verb_actions[i - 1].verb) != 0;
    assert_int_equal(ours, right); /* none that the server does not have */
}

/* ---- The log's tail
 * ------------------------------------------------------------------------------------ */

static void append(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void go_on(struct admin_world *w)
{
    json_int_t from = json_integer_value(json_object_get(w->answer, "from"));
    json_int_t file = json_integer_value(json_object_get(w->answer, "file"));
    DOES(w, "{'command': 'log tail', 'from': %lld, 'file': %lld}", (long long)from,
         (long long)file);
}

TEST(the_last_lines_of_the_audit_are_shown_and_those_that_come)
{
    struct admin_world w;
    char file[256];
    world_begin(&w);
    snprintf(file, sizeof(file), "%s/audit", w.base);
    w.admin.audit_file = file;
    append(file, "1\n2\n3\nhal");
    DOES(&w, "{'command': 'log tail', 'lines': 2}");
    world_says(&w, "lines", "['2','3']");
    go_on(&w);
    world_says(&w, "lines", "[]");
    append(file, "f\n5\n");
    go_on(&w);
    world_says(&w, "lines", "['half','5']");
    DOES(&w, "{'command': 'log tail', 'lines': '99'}");
    world_says(&w, "lines", "['1','2','3','half','5']");
    DOES(&w, "{'command': 'log tail', 'lines': 0}");
    world_says(&w, "lines", "[]");
    world_end(&w);
}

TEST(the_tail_goes_on_in_a_file_that_was_rotated_or_cut)
{
    struct admin_world w;
    char file[256];
    world_begin(&w);
    snprintf(file, sizeof(file), "%s/audit", w.base);
    w.admin.audit_file = file;
    append(file, "1\n2\n");
    DOES(&w, "{'command': 'log tail'}");
    assert_int_equal(rename(file, world_path(&w, "audit.1")), 0);
    append(file, "3\n");
    go_on(&w);
    world_says(&w, "lines", "['3']");
    append(file, "4\n");
    go_on(&w);
    assert_int_equal(truncate(file, 0), 0);
    append(file, "5\n");
    go_on(&w);
    world_says(&w, "lines", "['5']");
    world_end(&w);
}

TEST(a_file_larger_than_one_answer_is_shown_from_its_last_whole_lines)
{
    struct admin_world w;
    char file[256];
    char line[1001];
    world_begin(&w);
    snprintf(file, sizeof(file), "%s/audit", w.base);
    w.admin.audit_file = file;
    memset(line, 'x', sizeof(line) - 2);
    line[sizeof(line) - 2] = '\n';
    line[sizeof(line) - 1] = '\0';
    for (unsigned i = 0; i < 400; i++)
        append(file, line);
    DOES(&w, "{'command': 'log tail', 'lines': 1000}");
    const json_t *lines = json_object_get(w.answer, "lines");
    assert_int_equal(json_array_size(lines), 256 * 1024 / 1000);
    for (size_t i = 0; i < json_array_size(lines); i++)
        assert_int_equal(json_string_length(json_array_get(lines, i)), 999);
    world_end(&w);
}

TEST(a_tail_that_cannot_be_shown_says_why)
{
    struct admin_world w;
    world_begin(&w);
    REFUSES(&w, "UNSUPPORTED", "", "{'command': 'log tail'}");
    w.admin.audit_file = "/nowhere/audit";
    REFUSES(&w, "NOT_FOUND", "", "{'command': 'log tail'}");
    REFUSES(&w, "ARGUMENT", "lines", "{'command': 'log tail', 'lines': 'all'}");
    REFUSES(&w, "ARGUMENT", "lines", "{'command': 'log tail', 'lines': -1}");
    REFUSES(&w, "ARGUMENT", "from", "{'command': 'log tail', 'from': 'x'}");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_server_is_asked_and_told),
        RUN(without_a_server_that_is_said),
        RUN(changed_accounts_are_looked_at_again),
        RUN(bans_are_made_listed_and_taken_back),
        RUN(bans_that_make_no_sense_are_refused),
        RUN(bans_survive_in_the_records),
        RUN(quotas_say_what_is_used_and_left),
        RUN(a_recount_sees_what_others_have_changed),
        RUN(explain_says_what_holds_for_each_case_of_a_verb),
        RUN(explain_shows_each_rule_in_order),
        RUN(explain_looks_at_the_login_first),
        RUN(explain_knows_of_folders_that_are_read_only),
        RUN(a_question_that_makes_no_sense_is_refused),
        RUN(verbs_ask_for_what_the_server_asks_for),
        RUN(the_last_lines_of_the_audit_are_shown_and_those_that_come),
        RUN(the_tail_goes_on_in_a_file_that_was_rotated_or_cut),
        RUN(a_file_larger_than_one_answer_is_shown_from_its_last_whole_lines),
        RUN(a_tail_that_cannot_be_shown_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
