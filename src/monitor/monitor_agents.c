/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_agents.h"

#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "monitor/monitor_agent.h"
#include "monitor/monitor_spawn.h"

struct agent_process {
    struct agent_process *next; /* owned: the next in the table */
    uid_t uid;
    char name[MONITOR_NAME_SIZE];
    pid_t pid;  /* 0: it has ended, and waits here for its logins to do so */
    int socket; /* owned: where doors go */
    unsigned logins;
};

static struct agent_process *find(const struct agent_table *table,
                                  const struct monitor_person *person)
{
    for (struct agent_process *agent = table->first; agent; agent = agent->next)
        if (agent->pid && agent->uid == person->uid &&
            text_equal(text_of(agent->name), text_of(person->name)))
            return agent;
    return NULL;
}

static enum fault tell_who(int socket, struct message *message, const struct monitor_person *person,
                           const char *root)
{
    message_begin(message);
    monitor_put_person(message, person);
    message_put_text(message, text_of(root));
    return message_send(socket, message) ? FAULT_IO : FAULT_NONE;
}

static enum fault start(struct agent_table *table, struct message *message,
                        const struct monitor_person *person, const char *root,
                        struct agent_process **ret_agent)
{
    struct agent_process *agent = memory_new(sizeof(*agent));
    if (!agent)
        return FAULT_NO_MEMORY;
    enum fault f = monitor_spawn(MONITOR_AGENT_NAME, true, &agent->pid, &agent->socket);
    if (f) {
        memory_free(agent);
        return f;
    }
    agent->uid = person->uid;
    memcpy(agent->name, person->name, sizeof(agent->name));
    agent->next = table->first;
    table->first = agent;
    log_debug("agent-started", LOG_TEXT("user", text_of(agent->name)),
              LOG_NUMBER("process", agent->pid));
    *ret_agent = agent;
    return tell_who(agent->socket, message, person, root);
}

/* A new store's connection: one end through the socket, the other to whoever asked. */
static enum fault open_door(const struct agent_process *agent, struct message *message,
                            int *ret_door)
{
    int ends[2];
    enum fault f = message_connect(ends);
    if (f)
        return f;
    message_begin(message);
    message_put_number(message, 0); /* a message is never empty */
    message_put_fd(message, ends[1]);
    if (message_send(agent->socket, message)) {
        close(ends[0]);
        return FAULT_IO;
    }
    *ret_door = ends[0];
    return FAULT_NONE;
}

static enum fault open_agent(struct agent_table *table, struct message *message,
                             const struct monitor_person *person, const char *root,
                             struct agent_process **ret_agent, int *ret_door)
{
    struct agent_process *agent = find(table, person);
    enum fault f = agent ? FAULT_NONE : start(table, message, person, root, &agent);
    if (!agent)
        return f;
    agent->logins++;
    if (!f)
        f = open_door(agent, message, ret_door);
    if (f)
        agent_table_release(table, agent);
    else
        *ret_agent = agent;
    return f;
}

enum fault agent_table_open(struct agent_table *table, const struct monitor_person *person,
                            const char *root, struct agent_process **ret_agent, int *ret_door)
{
    struct message *message = message_new();
    enum fault f = message ? open_agent(table, message, person, root, ret_agent, ret_door)
                           : FAULT_NO_MEMORY;
    message_free(message);
    return f;
}

void agent_table_release(struct agent_table *table, struct agent_process *agent)
{
    if (--agent->logins)
        return;
    struct agent_process **link = &table->first;
    while (*link != agent)
        link = &(*link)->next;
    *link = agent->next;
    close(agent->socket);
    memory_free(agent);
}

void agent_table_lost(struct agent_table *table, pid_t pid)
{
    for (struct agent_process *agent = table->first; agent; agent = agent->next)
        if (agent->pid == pid)
            agent->pid = 0;
}

void agent_table_free(struct agent_table *table)
{
    while (table->first) {
        struct agent_process *agent = table->first;
        table->first = agent->next;
        close(agent->socket);
        memory_free(agent);
    }
}
