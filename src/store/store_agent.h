/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent: a store whose files another process opens, one that runs as
 * their owner (store_agent_serve). The contract is store.h's. Bytes do not go
 * through that process: it hands over the descriptors.
 *
 * What the other process says is not believed: a user may have got hold of it.
 * An answer that makes no sense, or its end, is FAULT_IO; a plain question that
 * is not answered in time FAULT_BUSY.
 */
#ifndef FERRY_STORE_STORE_AGENT_H
#define FERRY_STORE_STORE_AGENT_H

#include "store/store.h"

/* `door` (taken over, also on a fault): the other end of what store_agent_serve got. */
enum fault store_agent_open(int door, struct store **ret_store);

#endif
