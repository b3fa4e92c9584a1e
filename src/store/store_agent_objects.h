/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent_objects: uploads and directories of the user's process, as the
 * server sees them. Each takes over its link, also on a fault. Internal to
 * store_agent*.
 */
#ifndef FERRY_STORE_STORE_AGENT_OBJECTS_H
#define FERRY_STORE_STORE_AGENT_OBJECTS_H

#include "store/store_agent_link.h"

enum fault agent_new_upload(struct agent_link *link, bool existed,
                            struct store_upload **ret_upload);
enum fault agent_new_directory(struct agent_link *link, struct store_directory **ret_directory);

#endif
