/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_world: a database of its own with directories to serve, and requests in
 * one line: quotes in a request are written as ' so that tests can be read.
 */
#ifndef FERRY_TESTS_ADMIN_WORLD_H
#define FERRY_TESTS_ADMIN_WORLD_H

#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "gate/tree.h"
#include "store/store_local.h"
#include "tests/unit/unit.h"

enum { WORLD_TEXT = 8192 };

struct admin_world {
    char base[64];
    struct database *database;
    struct admin admin;
    json_t *answer; /* the last one */
};

static inline const char *world_path(const struct admin_world *w, const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *place = path[next++ % 4];
    snprintf(place, sizeof(path[0]), "%s/%s", w->base, name);
    return place;
}

static inline enum fault world_open_tree(void *context, const char *directory,
                                         struct tree **ret_tree)
{
    struct store *store;
    (void)context;
    enum fault f = store_local_open(directory, NULL, &store);
    if (!f)
        *ret_tree = tree_new("", store);
    return f;
}

static inline void world_begin(struct admin_world *w)
{
    char message[DATABASE_MESSAGE_SIZE] = "";
    *w = (struct admin_world){.base = "/tmp/ferry-admin-XXXXXX"};
    assert_non_null(mkdtemp(w->base));
    static const char *const directories[] = {"alice", "bob", "pub", "pub/inner", "alice/own"};
    for (size_t i = 0; i < COUNT(directories); i++)
        assert_int_equal(mkdir(world_path(w, directories[i]), 0755), 0);
    if (!database_open(world_path(w, "database"), &w->database, message))
        fail_msg("%s", message);
    struct guard *guard = NULL;
    assert_fault(guard_new(database_records(w->database), &guard), FAULT_NONE);
    w->admin = (struct admin){.database = w->database,
                              .guard = guard,
                              .ledger = ledger_new(database_records(w->database)),
                              .open_tree = world_open_tree};
}

static inline void world_end(struct admin_world *w)
{
    char command[128];
    json_decref(w->answer);
    ledger_free(w->admin.ledger);
    guard_free(w->admin.guard);
    database_close(w->database);
    snprintf(command, sizeof(command), "rm -rf %s", w->base);
    assert_int_equal(system(command), 0);
}

/* A request as JSON, ' for " and @ for the base directory. */
static inline json_t *world_request(const struct admin_world *w, const char *format,
                                    va_list arguments)
{
    char given[WORLD_TEXT];
    char text[WORLD_TEXT];
    struct builder b = builder_on(text, sizeof(text));
    vsnprintf(given, sizeof(given), format, arguments);
    for (const char *c = given; *c; c++) {
        if (*c == '@')
            builder_put_string(&b, w->base);
        else
            builder_put_byte(&b, *c == '\'' ? '"' : *c);
    }
    assert_false(b.full);
    json_t *request = json_loadb(b.at, b.len, 0, NULL);
    if (!request)
        fail_msg("%.*s: no JSON", TEXT_ARGS(builder_text(&b)));
    return request;
}

__attribute__((format(printf, 2, 3))) static inline json_t *world_ask(struct admin_world *w,
                                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *request = world_request(w, format, arguments);
    va_end(arguments);
    json_decref(w->answer);
    w->answer = admin_execute(&w->admin, request);
    assert_non_null(w->answer);
    json_decref(request);
    return w->answer;
}

static inline const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

#define DOES(w, ...)                                                                               \
    do {                                                                                           \
        const json_t *answer_ = world_ask(w, __VA_ARGS__);                                         \
        if (!json_is_true(json_object_get(answer_, "ok")))                                         \
            fail_msg("%s", text_at(answer_, "error"));                                             \
    } while (0)

/* It is refused with that fault and field, and the message begins with the field. */
#define REFUSES(w, fault, field, ...)                                                              \
    do {                                                                                           \
        const json_t *answer_ = world_ask(w, __VA_ARGS__);                                         \
        if (json_is_true(json_object_get(answer_, "ok")))                                          \
            fail_msg("was not refused: %s", #__VA_ARGS__);                                         \
        assert_string_equal(text_at(answer_, "fault"), fault);                                     \
        if (strcmp(text_at(answer_, "field"), field) != 0)                                         \
            fail_msg("field \"%s\", not \"%s\": %s", text_at(answer_, "field"), field,             \
                     text_at(answer_, "error"));                                                   \
        assert_true(text_starts_with(text_of(text_at(answer_, "error")), text_of(field)));         \
    } while (0)

/* A part of the last answer, as JSON with ' for ". */
static inline void world_says(const struct admin_world *w, const char *key, const char *expected)
{
    char text[WORLD_TEXT];
    size_t len = json_dumpb(json_object_get(w->answer, key), text, sizeof(text) - 1,
                            JSON_COMPACT | JSON_ENCODE_ANY);
    assert_true(len < sizeof(text));
    for (size_t i = 0; i < len; i++)
        if (text[i] == '"')
            text[i] = '\'';
    assert_text(((struct text){text, len}), expected);
}

#endif
