/* SPDX-License-Identifier: Apache-2.0 */
/* policies: terms from text, and the policies that are made of them. */
#ifndef FERRY_TESTS_UNIT_POLICIES_H
#define FERRY_TESTS_UNIT_POLICIES_H

#include "policy/policy.h"
#include "tests/unit/unit.h"

/* The user (or the anonymous class), and the groups they are in. */
struct people {
    struct terms terms[POLICY_SOURCES_MAX];
    struct policy_source sources[POLICY_SOURCES_MAX];
    size_t count;
};

static inline struct people people_new(enum policy_who who, size_t count)
{
    static const char *const names[] = {"alice", "staff", "guests", "others"};
    struct people people = {.count = count};
    for (size_t i = 0; i < count; i++)
        people.sources[i] = (struct policy_source){i ? POLICY_GROUP : who, names[i], NULL};
    return people;
}

static inline void people_say(struct people *people, size_t index, enum term term, const char *text)
{
    char message[TERMS_MESSAGE_SIZE];
    if (!terms_set(&people->terms[index], term, text_of(text), message))
        fail_msg("%s", message);
}

static inline void people_done(struct people *people)
{
    for (size_t i = 0; i < people->count; i++)
        terms_done(&people->terms[i]);
}

static inline enum fault people_try(struct people *people, struct policy **ret_policy,
                                    char message[TERMS_MESSAGE_SIZE])
{
    for (size_t i = 0; i < people->count; i++)
        people->sources[i].terms = &people->terms[i];
    return policy_new(people->sources, people->count, ret_policy, message);
}

/* Uses the people up. */
static inline struct policy *people_policy(struct people *people)
{
    char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    if (people_try(people, &policy, message))
        fail_msg("%s", message);
    people_done(people);
    return policy;
}

/* The policy of a user who says one thing. */
static inline struct policy *policy_of(enum term term, const char *text)
{
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, term, text);
    return people_policy(&alice);
}

/* What policy_new says of it. */
static inline const char *complaint_about(enum term term, const char *text)
{
    static char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    struct people alice = people_new(POLICY_USER, 1);
    people_say(&alice, 0, term, text);
    enum fault f = people_try(&alice, &policy, message);
    people_done(&alice);
    if (f != FAULT_ARGUMENT)
        fail_msg("\"%s\" is taken", text);
    assert_null(policy);
    return message;
}

#endif
