/* SPDX-License-Identifier: Apache-2.0 */
/*
 * administration: what ferryctl can ask of the running server (admin/admin.h),
 * and the socket where it asks: who is inside, to end a session, how it goes,
 * new settings, and all that is in the database. The sessions are looked at on
 * their own loops.
 */
#ifndef FERRY_SERVER_ADMINISTRATION_H
#define FERRY_SERVER_ADMINISTRATION_H

#include "server/backends.h"
#include "server/server.h"

struct administration;
struct confinement;

/* New settings, as SIGHUP asks for; false with a message. Any thread. */
struct reloader {
    bool (*reload)(void *context, char message[CONFIG_MESSAGE_SIZE]);
    void *context; /* borrowed: outlives the administration */
};

/*
 * Listens where the configuration says, or in the state directory. `server`,
 * `backends` and `confinement` are borrowed: as long as this. False with a message.
 */
bool administration_open(struct server *server, struct backends *backends,
                         const struct config *config, const struct reloader *reloader,
                         const struct confinement *confinement,
                         struct administration **ret_administration,
                         char message[CONFIG_MESSAGE_SIZE]);
/* Before the server ends. Accepts NULL. */
void administration_close(struct administration *administration);

#endif
