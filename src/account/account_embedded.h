/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_embedded: accounts that the configuration itself holds (--user and
 * the user blocks of ferryd.conf). Filled once, then only read: any thread.
 */
#ifndef FERRY_ACCOUNT_ACCOUNT_EMBEDDED_H
#define FERRY_ACCOUNT_ACCOUNT_EMBEDDED_H

#include "account/account.h"

struct account_store *account_embedded_new(void);

/* Adds a copy. FAULT_EXISTS when the name is taken, FAULT_NO_MEMORY. */
enum fault account_embedded_add(struct account_store *store, const struct account *account);

#endif
