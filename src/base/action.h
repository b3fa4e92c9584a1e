/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action: the closed list of what a user can do. One vocabulary for the verb
 * table, the policy and the audit; a front never invents a word of its own.
 */
#ifndef FERRY_BASE_ACTION_H
#define FERRY_BASE_ACTION_H

/* name, word in policy files and audit lines */
#define ACTION_LIST(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(LOGIN, "login")                                                                              \
    X(LIST, "list")                                                                                \
    X(READ, "read")                                                                                \
    X(WRITE, "write")                                                                              \
    X(OVERWRITE, "overwrite")                                                                      \
    X(APPEND, "append")                                                                            \
    X(RENAME, "rename")                                                                            \
    X(DELETE, "delete")                                                                            \
    X(MAKE_DIRECTORY, "make-directory")                                                            \
    X(REMOVE_DIRECTORY, "remove-directory")                                                        \
    X(ATTRIBUTES, "attributes")                                                                    \
    X(HASH, "hash")                                                                                \
    X(LINK, "link")                                                                                \
    X(SITE, "site")

enum action {
#define ACTION_ENUMERATOR(name, word) ACTION_##name,
    ACTION_LIST(ACTION_ENUMERATOR)
#undef ACTION_ENUMERATOR
        ACTION_COUNT
};

/* The word of an action, for policy and audit. */
static inline const char *action_word(enum action action)
{
    static const char *const words[ACTION_COUNT] = {
#define ACTION_WORD(name, word) [ACTION_##name] = (word),
        ACTION_LIST(ACTION_WORD)
#undef ACTION_WORD
    };
    return (unsigned)action < ACTION_COUNT ? words[action] : "none";
}

#endif
