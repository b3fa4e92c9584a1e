/* SPDX-License-Identifier: Apache-2.0 */
#include "load_work.h"

#include "load_options.h"

#define FETCH                                                                                      \
    {                                                                                              \
        OPERATION_FETCH, "RETR", "file", 0                                                         \
    }
#define STORE                                                                                      \
    {                                                                                              \
        OPERATION_STORE, "STOR", "own", 0                                                          \
    }
#define NOOP                                                                                       \
    {                                                                                              \
        OPERATION_ASK, "NOOP", "", 200                                                             \
    }
#define PWD                                                                                        \
    {                                                                                              \
        OPERATION_ASK, "PWD", "", 257                                                              \
    }

#define SIZE                                                                                       \
    {                                                                                              \
        OPERATION_ASK, "SIZE", "file", 213                                                         \
    }
#define CWD                                                                                        \
    {                                                                                              \
        OPERATION_ASK, "CWD", "directory", 250                                                     \
    }
#define CWD_ROOT                                                                                   \
    {                                                                                              \
        OPERATION_ASK, "CWD", "/", 250                                                             \
    }
#define LIST                                                                                       \
    {                                                                                              \
        OPERATION_LIST, "LIST", "", 0                                                              \
    }

static const struct work works[] = {
    {"download", false, false, 1, {FETCH}},
    {"upload", false, false, 1, {STORE}},
    {"get", false, false, 1, {FETCH}},
    {"put", false, false, 1, {STORE}},
    {"command", false, false, 3, {NOOP, PWD, {OPERATION_ASK, "TYPE", "I", 200}}},
    {"list", false, false, 1, {{OPERATION_LIST, "LIST", "directory", 0}}},
    {"mixed", false, false, 20, {FETCH, FETCH,    STORE,    SIZE,  FETCH,
                                 CWD,   LIST,     CWD_ROOT, FETCH, STORE,
                                 FETCH, PWD,      FETCH,    STORE, CWD,
                                 LIST,  CWD_ROOT, FETCH,    STORE, {OPERATION_RETURN, "", "", 0}}},
    {"login", true, false, 1, {{OPERATION_LOGIN, "", "", 0}}},
    {"idle", false, true, 0, {{0}}},
    {"connect", true, true, 1, {{OPERATION_CONNECT, "", "", 0}}},
};

enum { WORKS = sizeof(works) / sizeof(works[0]) };

const struct work *work_find(const char *name)
{
    for (size_t i = 0; i < WORKS; i++) {
        if (!strcmp(works[i].name, name))
            return &works[i];
    }
    return NULL;
}

void work_names(struct builder *b)
{
    for (size_t i = 0; i < WORKS; i++) {
        builder_put_string(b, i ? " " : "");
        builder_put_string(b, works[i].name);
    }
}

static void put_subject(const char *subject, const struct options *options, unsigned session,
                        struct builder *b)
{
    if (!strcmp(subject, "file")) {
        builder_put_string(b, options->file);
    } else if (!strcmp(subject, "directory")) {
        builder_put_string(b, options->directory);
    } else if (!strcmp(subject, "own")) {
        builder_put_string(b, "up/");
        builder_put_number(b, session);
    } else {
        builder_put_string(b, subject);
    }
}

void work_line(const struct step *step, const struct options *options, unsigned session,
               struct builder *b)
{
    builder_put_string(b, step->verb);
    if (step->subject[0])
        builder_put_byte(b, ' ');
    put_subject(step->subject, options, session, b);
    builder_put(b, TEXT("\r\n"));
}
