/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule: the language of what is laid down about actions and names, as
 * docs/permissions.md describes it: `deny write,rename /pub/...`. Pure.
 */
#ifndef FERRY_POLICY_RULE_H
#define FERRY_POLICY_RULE_H

#include "policy/source.h"

/* What an action is about; a mask. */
enum rule_trait {
    RULE_READS = 1,
    RULE_CHANGES = 2,
    RULE_USES_FILE = 4, /* creates, reads or changes what may be a plain file, by its name */
    RULE_HAS_WORD = 8,  /* a rule may be about it */
};

/* The set (bits 1 << action) of the actions with one of the traits. */
unsigned rule_actions(unsigned traits);

struct rule {
    bool allows;
    unsigned actions;    /* set of 1 << action */
    struct text pattern; /* the end of the text */
};

bool rule_parse(struct text text, struct rule *ret_rule, struct complaint *ret_complaint);

/* Is it a pattern of a whole path, "/a/b"? Else it is one of a name. */
bool rule_pattern_is_path(struct text pattern);
/* Does it fit every path there is? */
bool rule_pattern_is_everything(struct text pattern);
/* Could a name fit it? */
bool rule_check_name_pattern(struct text pattern, struct complaint *ret_complaint);

#endif
