/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terms: the closed list of what can be laid down about a user, a group or a
 * virtual folder, and one set of values for it. One vocabulary for the database
 * (its columns), ferryctl (its options and JSON), the policy that goes by it and
 * the manual. What a term means is the policy's (policy/policy.h).
 *
 * A term that is not set says nothing; there is no value for "unlimited". Zero
 * means zero. Pure; any thread.
 */
#ifndef FERRY_BASE_TERMS_H
#define FERRY_BASE_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

/* Whose terms they may be. */
enum terms_owner { TERMS_USER = 1, TERMS_GROUP = 2, TERMS_FOLDER = 4 };

enum term_kind {
    TERM_FLAG,       /* on or off */
    TERM_COUNT,      /* digits */
    TERM_BYTES,      /* digits, or with k, M, G, T (powers of 1024) in either case */
    TERM_RATE,       /* likewise, bytes in a second; not 0 */
    TERM_SECONDS,    /* digits, or with s, m, h, d in either case */
    TERM_DATE,       /* 2027-01-31 (its begin, UTC) or 2027-01-31T18:00:00Z: seconds since 1970 */
    TERM_PROPORTION, /* UP:DOWN, neither 0 */
    TERM_LIST,       /* texts in an order */
};

/* name, word (option, column with _ for -, field), kind, owners, argument, help */
#define TERMS_LIST(X)                                                                              \
    X(DISABLED, "disabled", FLAG, TERMS_USER | TERMS_GROUP, NULL, "may not log in")                \
    X(EXPIRES, "expires", DATE, TERMS_USER | TERMS_GROUP, "DATE", "may not log in from DATE on")   \
    X(MUST_CHANGE_PASSWORD, "must-change-password", FLAG, TERMS_USER, NULL,                        \
      "may do nothing before SITE PSWD")                                                           \
    X(REQUIRE_TLS, "require-tls", FLAG, TERMS_USER | TERMS_GROUP, NULL,                            \
      "may not log in in the clear")                                                               \
    X(REQUIRE_TLS_CONTROL, "require-tls-control", FLAG, TERMS_USER | TERMS_GROUP, NULL,            \
      "likewise, nor go back to clear text afterwards (CCC)")                                      \
    X(REQUIRE_TLS_DATA, "require-tls-data", FLAG, TERMS_USER | TERMS_GROUP, NULL,                  \
      "may not transfer in the clear")                                                             \
    X(HOURS, "hours", LIST, TERMS_USER | TERMS_GROUP, "SPEC",                                      \
      "may be inside only then: Mon-Fri 08:00-18:00 Europe/Madrid")                                \
    X(ALLOW_FROM, "allow-from", LIST, TERMS_USER | TERMS_GROUP, "CIDR",                            \
      "may come from this address or network only")                                                \
    X(DENY_FROM, "deny-from", LIST, TERMS_USER | TERMS_GROUP, "CIDR",                              \
      "may not come from this address or network")                                                 \
    X(READ_ONLY, "read-only", FLAG, TERMS_USER | TERMS_GROUP | TERMS_FOLDER, NULL,                 \
      "may change nothing")                                                                        \
    X(RULES, "rule", LIST, TERMS_USER | TERMS_GROUP, "RULE",                                       \
      "allow|deny ACTION,... PATTERN; the first that fits decides")                                \
    X(ALLOW_NAMES, "allow-name", LIST, TERMS_USER | TERMS_GROUP, "PATTERN",                        \
      "may use files with such names only")                                                        \
    X(DENY_NAMES, "deny-name", LIST, TERMS_USER | TERMS_GROUP, "PATTERN",                          \
      "may not use files with such names")                                                         \
    X(HIDE_NAMES, "hide-name", LIST, TERMS_USER | TERMS_GROUP, "PATTERN",                          \
      "does not see what has such a name")                                                         \
    X(IGNORE_CASE, "ignore-case", FLAG, TERMS_USER | TERMS_GROUP, NULL,                            \
      "patterns fit in upper and lower case")                                                      \
    X(MAX_SESSIONS, "max-sessions", COUNT, TERMS_USER | TERMS_GROUP, "N", "sessions at once")      \
    X(MAX_TRANSFERS, "max-transfers", COUNT, TERMS_USER | TERMS_GROUP, "N", "transfers at once")   \
    X(MAX_PER_ADDRESS, "max-per-address", COUNT, TERMS_USER | TERMS_GROUP, "N",                    \
      "sessions at once of one user from one address")                                             \
    X(DOWNLOAD_RATE, "download-rate", RATE, TERMS_USER | TERMS_GROUP, "BYTES/S",                   \
      "bytes in a second to all sessions together")                                                \
    X(UPLOAD_RATE, "upload-rate", RATE, TERMS_USER | TERMS_GROUP, "BYTES/S",                       \
      "bytes in a second from all sessions together")                                              \
    X(MAX_SESSION_TIME, "max-session-time", SECONDS, TERMS_USER | TERMS_GROUP, "TIME",             \
      "how long a session lasts")                                                                  \
    X(IDLE_TIME, "idle-time", SECONDS, TERMS_USER | TERMS_GROUP, "TIME",                           \
      "how long a session may be idle")                                                            \
    X(MAX_FILE_SIZE, "max-file-size", BYTES, TERMS_USER | TERMS_GROUP, "N",                        \
      "how large an uploaded file may be")                                                         \
    X(QUOTA_BYTES, "quota-bytes", BYTES, TERMS_USER | TERMS_GROUP | TERMS_FOLDER, "N",             \
      "how many bytes all files may have together")                                                \
    X(QUOTA_FILES, "quota-files", COUNT, TERMS_USER | TERMS_GROUP | TERMS_FOLDER, "N",             \
      "how many files there may be")                                                               \
    X(RATIO, "ratio", PROPORTION, TERMS_USER | TERMS_GROUP, "UP:DOWN",                             \
      "for UP bytes uploaded, DOWN may be downloaded")                                             \
    X(COMMENT, "comment", LIST, TERMS_USER | TERMS_GROUP | TERMS_FOLDER, "TEXT",                   \
      "a note for administrators")

enum term {
#define TERM_ENUMERATOR(name, word, kind, owners, argument, help) TERM_##name,
    TERMS_LIST(TERM_ENUMERATOR)
#undef TERM_ENUMERATOR
        TERM_NUMBER_OF
};

struct term_row {
    const char *word; /* borrowed: static text, as all below */
    enum term_kind kind;
    unsigned owners;      /* mask of enum terms_owner */
    const char *argument; /* NULL: a flag */
    const char *help;
};

extern const struct term_row term_rows[TERM_NUMBER_OF];

enum {
    TERMS_MESSAGE_SIZE = 512,
    TERM_TEXT_MAX = 1024, /* bytes of one text of a list */
    TERM_LIST_MAX = 256,  /* texts of a list */
};

/* The largest number of a term, far from what stands for "no limit" elsewhere. */
#define TERM_NUMBER_MAX ((uint64_t)INT64_MAX)
/* The longest time in seconds, and the larger side of a ratio: sums and products still fit. */
#define TERM_SMALL_NUMBER_MAX ((uint64_t)UINT32_MAX)

struct term_value {
    bool is_set;
    uint64_t number; /* of a ratio: UP; of a flag 0 or 1 */
    uint64_t second; /* of a ratio: DOWN */
    char **texts;    /* owned array of owned texts; of a list */
    size_t text_count;
};

/* Zeroed: nothing is set. */
struct terms {
    struct term_value values[TERM_NUMBER_OF];
};

/* By its word, as an option has it; TERM_NUMBER_OF when there is none. */
enum term term_find(struct text word);

/*
 * Sets one from its text; of a list the text is added behind the others. False
 * with a message that begins with the term's word. A text of a list is UTF-8, not
 * empty and without control characters; its sense is checked by policy_new. "none"
 * is no value: to say nothing is terms_clear.
 */
bool terms_set(struct terms *terms, enum term term, struct text value,
               char message[TERMS_MESSAGE_SIZE]);
/* It says nothing any more. */
void terms_clear(struct terms *terms, enum term term);
/* Writes a value that is set as terms_set reads it: plain digits, a whole date. Not of a list. */
void terms_put(const struct terms *terms, enum term term, struct builder *b);

bool terms_copy(const struct terms *from, struct terms *ret_to);
void terms_done(struct terms *terms);

static inline bool terms_has(const struct terms *terms, enum term term)
{
    return terms->values[term].is_set;
}

/* Is the flag set and on? */
static inline bool terms_flag(const struct terms *terms, enum term term)
{
    return terms->values[term].is_set && terms->values[term].number;
}

#endif
