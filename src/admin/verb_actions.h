/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_actions: what each command of the protocol asks of the policy, for
 * `explain`, where no session runs that could find out by doing. The server's
 * own table says the same (a test compares them); what it finds out on the way,
 * whether a file is new, is here two rows.
 */
#ifndef FERRY_ADMIN_VERB_ACTIONS_H
#define FERRY_ADMIN_VERB_ACTIONS_H

#include <stddef.h>

#include "base/action.h"
#include "base/text.h"

struct verb_action {
    const char *verb; /* borrowed: static text, as all below: "STOR", "SITE CHMOD" */
    enum action action;
    const char *when; /* "" : always */
};

/* Sorted by verb; the first row of a verb is the server's. */
extern const struct verb_action verb_actions[];
extern const size_t verb_action_count;

enum { VERB_ACTIONS_MAX = 4 };

/* The rows of a verb, in any case, or of an action by its own word; how many. */
size_t verb_actions_find(struct text word, struct verb_action rows[VERB_ACTIONS_MAX]);

#endif
