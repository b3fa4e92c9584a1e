/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_socket.h"
#include "base/memory.h"
#include "ctl/settings.h"
#include "gate/tree.h"
#include "server/state.h"
#include "store/store_local.h"

enum { PATH_SIZE = 4096 };

int reach_fail(const char *what, const char *why, int status)
{
    (void)fprintf(stderr, "ferryctl: %s: %s\n", what, why);
    return status;
}

int reach_status(const json_t *answer)
{
    if (!answer)
        return EXIT_FAILURE;
    if (json_is_true(json_object_get(answer, "ok")))
        return EXIT_SUCCESS;
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *fault = json_string_value(json_object_get(answer, "fault"));
    (void)fprintf(stderr, "ferryctl: %s\n", error ? error : "the answer makes no sense");
    return text_equal(text_of(fault), TEXT("ARGUMENT")) ? EXIT_USAGE : EXIT_FAILURE;
}

/* ---- On the database ----------------------------------------------------------------------------
 */

static enum fault open_tree(void *context, const char *directory, struct tree **ret_tree)
{
    struct store *store = NULL;
    (void)context;
    enum fault f = store_local_open(directory, NULL, &store);
    if (f)
        return f;
    struct tree *tree = tree_new("", store);
    if (!tree) {
        store->type->free(store);
        return FAULT_NO_MEMORY;
    }
    *ret_tree = tree;
    return FAULT_NONE;
}

/* With a guard and a ledger of our own on the database's records. */
static json_t *execute_here(const struct call *call, struct database *database,
                            const json_t *request)
{
    struct records *records = database_records(database);
    struct guard *guard = NULL;
    char *audit_file = NULL;
    json_t *answer = NULL;
    enum fault f = guard_new(records, &guard);
    struct ledger *ledger = f ? NULL : ledger_new(records);
    if (!ledger) {
        (void)reach_fail("the database's records", fault_text(f ? f : FAULT_NO_MEMORY), 0);
    } else if (settings_audit_file(call, &audit_file)) {
        const struct admin admin = {.database = database,
                                    .guard = guard,
                                    .ledger = ledger,
                                    .audit_file = audit_file,
                                    .open_tree = open_tree};
        answer = admin_execute(&admin, request);
    }
    memory_free(audit_file);
    ledger_free(ledger);
    guard_free(guard);
    return answer;
}

static void tell_of_change(const char *socket)
{
    json_t *answer = NULL;
    json_t *request = json_pack("{s:s}", "command", "accounts changed");
    enum fault f = request ? admin_call(socket, request, &answer) : FAULT_NO_MEMORY;
    if (f && f != FAULT_NOT_FOUND) /* a server that is gone reads it all when it starts */
        (void)reach_fail("the server that runs was not told", fault_text(f), 0);
    json_decref(answer);
    json_decref(request);
}

/* At the server that runs on the database, if one does. False: none answers. */
static bool execute_there(const char *socket, const json_t *request, json_t **ret_answer)
{
    enum fault f = admin_call(socket, request, ret_answer);
    if (f && f != FAULT_NOT_FOUND) /* it runs: what it knows must not be passed over */
        (void)reach_fail(socket, fault_text(f), 0);
    return f != FAULT_NOT_FOUND;
}

static json_t *execute_on(const struct call *call, struct database *database, const json_t *request)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    json_t *answer = NULL;
    bool has_server = !database_server(database, &b);
    const char *socket = builder_end(&b);
    if (has_server && (call->command->flags & AT_SERVER) && execute_there(socket, request, &answer))
        return answer;
    answer = execute_here(call, database, request);
    if (has_server && (call->command->flags & CHANGES) &&
        json_is_true(json_object_get(answer, "ok")))
        tell_of_change(socket);
    return answer;
}

static json_t *execute_with(const struct call *call, const char *file, const json_t *request)
{
    char message[DATABASE_MESSAGE_SIZE];
    struct database *database = NULL;
    if (!database_open(file, &database, message)) {
        (void)reach_fail("database", message, 0);
        return NULL;
    }
    json_t *answer = execute_on(call, database, request);
    database_close(database);
    return answer;
}

/* ---- At the server
 * -------------------------------------------------------------------------------- */

static bool put_default_socket(struct builder *b)
{
    if (!state_put_default(b, geteuid() == 0))
        return false;
    builder_put(b, TEXT("/" STATE_SOCKET));
    builder_end(b);
    return !b->full;
}

static json_t *execute_at(const char *socket, const json_t *request)
{
    json_t *answer = NULL;
    enum fault f = admin_call(socket, request, &answer);
    if (f == FAULT_NOT_FOUND)
        (void)reach_fail(socket, "no server answers there; --database FILE does without", 0);
    else if (f)
        (void)reach_fail(socket, fault_text(f), 0);
    return answer;
}

json_t *reach_execute(const struct call *call, const json_t *request)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const char *socket = call_option(call, "socket");
    const char *database = call_option(call, "database");
    if (database && !socket)
        return execute_with(call, database, request);
    if (!socket && !put_default_socket(&b)) {
        (void)reach_fail("--socket", "say where the server's is", 0);
        return NULL;
    }
    return execute_at(socket ? socket : b.at, request);
}
