/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_agent.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "confine/privileges.h"
#include "monitor/monitor_confine.h"
#include "monitor/monitor_form.h"
#include "store/store_agent_serve.h"
#include "store/store_local.h"

/* Takes in who to be and what to serve, becomes it, and opens that with its rights. */
static enum fault become(struct message *message, struct monitor_person *person,
                         struct store **ret_store, enum fault *ret_why_not)
{
    char root[MONITOR_PATH_SIZE];
    struct builder b = builder_on(root, sizeof(root));
    enum fault f = monitor_take_person(message, person);
    const char *pattern = message_take_string(message, MONITOR_PATH_SIZE);
    if (f || !message_is_read(message) || !monitor_expand_root(pattern, person, &b))
        return FAULT_MALFORMED;
    f = privileges_give_up(person->uid, person->gid, person->groups, person->group_count);
    if (!f)
        f = monitor_confine_agent(root);
    if (!f)
        *ret_why_not = store_local_open(root, NULL, ret_store);
    return f;
}

int monitor_agent_run(int socket)
{
    struct store *store = NULL;
    enum fault why_not = FAULT_NONE;
    struct message *message = message_new();
    struct monitor_person *person = memory_new(sizeof(*person));
    enum fault f = message && person ? message_receive(socket, MESSAGE_WAIT_FOREVER, message)
                                     : FAULT_NO_MEMORY;
    umask(0); /* store_local.h */
    if (!f)
        f = become(message, person, &store, &why_not);
    message_free(message);
    memory_free(person);
    if (f)
        return EXIT_FAILURE;
    store_agent_serve(socket, store, why_not);
    if (store)
        store->type->free(store);
    return EXIT_SUCCESS;
}
