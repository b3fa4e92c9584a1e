/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action: the closed list of what a user can do. One vocabulary for the verb
 * table, the policy and the audit; a front never invents a word of its own.
 */
#ifndef FERRY_BASE_ACTION_H
#define FERRY_BASE_ACTION_H

#include <stdbool.h>

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
    X(SITE, "site")                                                                                \
    /* What is recorded, and not asked of a policy. */                                             \
    X(LOGOUT, "logout")                                                                            \
    X(BAN, "ban")                                                                                  \
    X(ADMIN, "admin")

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

/* Does it change something that others could see? What is not known does. */
static inline bool action_changes(enum action action)
{
    switch (action) {
    case ACTION_WRITE:
    case ACTION_OVERWRITE:
    case ACTION_APPEND:
    case ACTION_RENAME:
    case ACTION_DELETE:
    case ACTION_MAKE_DIRECTORY:
    case ACTION_REMOVE_DIRECTORY:
    case ACTION_ATTRIBUTES:
    case ACTION_LINK:
        return true;
    case ACTION_NONE:
    case ACTION_LOGIN:
    case ACTION_LIST:
    case ACTION_READ:
    case ACTION_HASH:
    case ACTION_SITE:
    case ACTION_LOGOUT:
    case ACTION_BAN:
    case ACTION_ADMIN:
        return false;
    case ACTION_COUNT:
        break;
    }
    return true;
}

#endif
