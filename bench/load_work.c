/* SPDX-License-Identifier: Apache-2.0 */
#include "load_work.h"

#include "load_options.h"

/* clang-format off */
#define MOVE(operation, verb, subject) {OPERATION_##operation, verb, subject, 0}
#define ASK(verb, subject, code) {OPERATION_ASK, verb, subject, code}

static const struct work works[] = {
    {"download", false, false, 1, {MOVE(FETCH, "RETR", "file")}},
    {"upload", false, false, 1, {MOVE(STORE, "STOR", "own")}},
    {"get", false, false, 1, {MOVE(FETCH, "RETR", "file")}},
    {"put", false, false, 1, {MOVE(STORE, "STOR", "own")}},
    {"command", false, false, 3,
     {ASK("NOOP", "", 200), ASK("PWD", "", 257), ASK("TYPE", "I", 200)}},
    {"list", false, false, 1, {MOVE(LIST, "LIST", "directory")}},
    {"mixed", false, false, 20,
     {MOVE(FETCH, "RETR", "file"), MOVE(FETCH, "RETR", "file"), MOVE(STORE, "STOR", "own"),
      ASK("SIZE", "file", 213), MOVE(FETCH, "RETR", "file"),
      ASK("CWD", "directory", 250), MOVE(LIST, "LIST", ""), ASK("CWD", "/", 250),
      MOVE(FETCH, "RETR", "file"), MOVE(STORE, "STOR", "own"), MOVE(FETCH, "RETR", "file"),
      ASK("PWD", "", 257), MOVE(FETCH, "RETR", "file"), MOVE(STORE, "STOR", "own"),
      ASK("CWD", "directory", 250), MOVE(LIST, "LIST", ""), ASK("CWD", "/", 250),
      MOVE(FETCH, "RETR", "file"), MOVE(STORE, "STOR", "own"), MOVE(RETURN, "", "")}},
    {"login", true, false, 1, {MOVE(LOGIN, "", "")}},
    {"idle", false, true, 0, {{0}}},
    {"connect", true, true, 1, {MOVE(CONNECT, "", "")}},
};
/* clang-format on */

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
