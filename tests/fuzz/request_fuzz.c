/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: any JSON is answered by what it asks for or by what is wrong with it, in the form that
 * admin.h promises, and can be written on a line.
 */
#include <unistd.h>

#include "admin/admin.h"
#include "tests/fuzz/fuzz.h"

static char directory[] = "/dev/shm/ferry-fuzz-XXXXXX";
static struct admin admin;

int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *database_path(const char *end)
{
    static char path[64];
    (void)snprintf(path, sizeof(path), "%s/database%s", directory, end);
    return path;
}

static void leave(void)
{
    ledger_free(admin.ledger);
    guard_free(admin.guard);
    database_close(admin.database);
    (void)unlink(database_path(""));
    (void)rmdir(directory);
}

/* No directory is looked at: what is in this machine's is not ours to count. */
static enum fault open_no_tree(void *context, const char *path, struct tree **ret_tree)
{
    (void)context;
    (void)path;
    (void)ret_tree;
    return FAULT_NOT_FOUND;
}

static void check_answer(const json_t *answer)
{
    const json_t *ok = json_object_get(answer, "ok");
    PROMISE(json_is_object(answer) && json_is_boolean(ok));
    if (json_is_false(ok)) {
        const char *error = json_string_value(json_object_get(answer, "error"));
        PROMISE(json_is_string(json_object_get(answer, "fault")) && error && *error);
    }
    char *line = json_dumps(answer, JSON_COMPACT);
    PROMISE(line && !strchr(line, '\n'));
    free(line);
}

static void execute(json_t *request)
{
    json_t *answer = admin_execute(&admin, request);
    check_answer(answer);
    json_decref(answer);
    json_decref(request);
}

/* What an input made can be removed again, and the next one begins with nothing. */
static void clear(const char *kind, const char *list, const char *remove)
{
    json_t *request = json_pack("{s:s}", "command", list);
    json_t *answer = admin_execute(&admin, request);
    const json_t *record;
    size_t i;
    json_array_foreach(json_object_get(answer, kind), i, record)
    {
        json_t *removal = json_pack("{s:s,s:O}", "command", remove, "name",
                                    json_object_get(record, "name"));
        json_t *removed = admin_execute(&admin, removal);
        PROMISE(json_is_true(json_object_get(removed, "ok")));
        json_decref(removed);
        json_decref(removal);
    }
    json_decref(answer);
    json_decref(request);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char message[DATABASE_MESSAGE_SIZE];
    (void)argc;
    (void)argv;
    PROMISE(mkdtemp(directory));
    PROMISE(database_open(database_path(""), &admin.database, message));
    PROMISE(!guard_new(database_records(admin.database), &admin.guard));
    admin.ledger = ledger_new(database_records(admin.database));
    PROMISE(admin.ledger);
    admin.open_tree = open_no_tree;
    (void)atexit(leave);
    return 0;
}

/* One request a line, as the socket has it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    while (rest.len) {
        struct text line = text_take_until(&rest, '\n');
        json_t *request = line.len ? json_loadb(line.at, line.len, 0, NULL) : NULL;
        if (request)
            execute(request);
    }
    clear("users", "user list", "user remove");
    clear("groups", "group list", "group remove");
    clear("folders", "folder list", "folder remove");
    return 0;
}
