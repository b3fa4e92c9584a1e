/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: how a user, a group or the anonymous class is called in answers and
 * complaints, and whose word counts where several say something. Between the
 * files of the policy.
 */
#ifndef FERRY_POLICY_SOURCE_H
#define FERRY_POLICY_SOURCE_H

#include "policy/policy.h"

/* What an answer says where no source has a word against it. */
#define SOURCE_NONE "nothing speaks against it"

/* What of a text was not understood, and why. */
struct complaint {
    struct text what; /* of the text, or of static text */
    const char *why;  /* borrowed: static text: "is no day" */
};

/* Who sources[index] is has a say about the term: to allow, groups count where the user is mute. */
bool source_has_say(const struct policy_source *sources, size_t index, enum term term);

/*
 * "user alice: deny-name *.exe"; of several texts "user alice: allow-name", and
 * they follow, each behind a NUL. Sets *ret_texts (may be NULL) to where the first
 * text begins in it. NULL when out of memory; free with memory_free.
 */
char *source_rule(const struct policy_source *source, enum term term, char *const *texts,
                  size_t count, const char **ret_texts);

/* "user alice: hours: "Mon-Fry" is no day"; FAULT_ARGUMENT, for who returns it. */
enum fault source_complain(const struct policy_source *source, enum term term,
                           const struct complaint *complaint, char message[TERMS_MESSAGE_SIZE]);

#endif
