/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backends: from names in the configuration to what serves them: which kind of
 * store, which kind of account store. Together with main.c the only file that
 * names concrete backends.
 */
#ifndef FERRY_SERVER_BACKENDS_H
#define FERRY_SERVER_BACKENDS_H

#include <stddef.h>
#include <sys/types.h>

#include "server/config.h"

struct monitor;
struct backends;
struct database;
struct desk;
struct opener;
struct privileges_user;
struct realm;

/*
 * What lives as long as the process. NULL when out of memory.
 */
struct backends *backends_new(void);
/*
 * As root, before any thread: the monitor, where users of the system log in or
 * `user`, who the server is going to be, may not read files that the settings
 * name. False with a message.
 */
bool backends_start_monitor(struct backends *backends, const struct config *config,
                            const struct privileges_user *user, char message[CONFIG_MESSAGE_SIZE]);
/* By whom files that the settings name are opened. Borrowed: as long as the backends. */
const struct opener *backends_opener(const struct backends *backends);
/* The process that is root still; NULL: there is none. Borrowed: as long as the backends. */
struct monitor *backends_monitor(const struct backends *backends);

/*
 * Makes the state directory for that user, if it is not there. As root. Where that
 * fails it is said when it is opened.
 */
void backends_make_state(const struct backends *backends, const char *state, uid_t uid, gid_t gid);
/* The state directory: that of the settings, or (NULL) a default for who runs us. False: none. */
bool backends_put_state(const struct backends *backends, const char *state, struct builder *b);
/*
 * Undoes what a crash left, as the state directory tells, and begins to keep
 * that for the next one. NULL: a default place for who runs us. Before any
 * realm is built. False with a message when the directory cannot be used; then
 * it is done without.
 */
bool backends_open_state(struct backends *backends, const char *state,
                         char message[CONFIG_MESSAGE_SIZE]);
/*
 * Opens the database of accounts (NULL: there is none) and what is kept for all
 * logins. Before any realm is built. False with a message.
 */
bool backends_open_desk(struct backends *backends, const char *database,
                        char message[CONFIG_MESSAGE_SIZE]);
/* Borrowed, as long as the backends; NULL: none. */
struct database *backends_database(struct backends *backends);
struct desk *backends_desk(struct backends *backends);
/* Looks whether another program changed the database. Blocks. */
void backends_poll(struct backends *backends);
void backends_free(struct backends *backends);

/*
 * Builds a configuration's realms. False with a message that names what is
 * wrong (a directory that is missing, a user named twice).
 */
bool backends_build_realms(struct backends *backends, struct config *config,
                           char message[CONFIG_MESSAGE_SIZE]);
void backends_free_realms(struct config *config);

/* Calls with each directory that the settings and the database let anybody see. */
enum fault backends_each_root(struct backends *backends, const struct config *config,
                              void (*on_root)(void *context, const char *directory), void *context);

/* The realm of a host by its index. Borrowed: as long as the configuration. */
const struct realm *backends_realm(const struct config *config, size_t host);

#endif
