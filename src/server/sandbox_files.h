/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_files: which files the server can reach once it serves. Internal to sandbox.
 */
#ifndef FERRY_SERVER_SANDBOX_FILES_H
#define FERRY_SERVER_SANDBOX_FILES_H

#include "confine/confinement.h"
#include "server/backends.h"

enum { SANDBOX_PATH_SIZE = 4096 };

/* The directory that a path's last name is in. */
void sandbox_put_directory(const char *path, struct builder *b);

/*
 * Landlock: from here on. Sets its version in the report, or that there is none.
 * False with a message.
 */
bool sandbox_limit_files(struct confinement *confinement, struct backends *backends,
                         const struct config *config, char message[CONFIG_MESSAGE_SIZE]);

#endif
