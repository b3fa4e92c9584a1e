/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_agents: the users' processes that run, one for each. Internal to
 * monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_AGENTS_H
#define FERRY_MONITOR_MONITOR_AGENTS_H

#include "monitor/monitor_form.h"

struct agent_process;

struct agent_table {
    struct agent_process *first; /* owned list; as long as there are logins of different users */
};

/*
 * The user's agent, started if there is none, with one more login to serve
 * (agent_table_release), and a new door of it. Two names of one uid have one
 * each: their groups are those of the name.
 */
enum fault agent_table_open(struct agent_table *table, const struct monitor_person *person,
                            const char *root, struct agent_process **ret_agent, int *ret_door);
/* With the last login it ends. */
void agent_table_release(struct agent_table *table, struct agent_process *agent);
/* A process ended: if it was an agent's, the next login starts another one. */
void agent_table_lost(struct agent_table *table, pid_t pid);
void agent_table_free(struct agent_table *table);

#endif
