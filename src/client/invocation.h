/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invocation: what a command line says: settings for this run (every row of
 * settings.h is an option: --connect-timeout 5, --no-resume), options of the
 * command, and its words. By getopt_long, so abbreviations and "--" are as
 * people know them.
 */
#ifndef FERRY_CLIENT_INVOCATION_H
#define FERRY_CLIENT_INVOCATION_H

#include "client/settings.h"

enum { INVOCATION_WORDS_MAX = 1024, INVOCATION_RULES_MAX = 256 };

/* The options that are no settings: the places of their rows. */
enum invocation_which {
    INVOCATION_DRY_RUN,
    INVOCATION_DELETE,
    INVOCATION_NEWER,
    INVOCATION_ONLY_MISSING,
    INVOCATION_INCLUDE,
    INVOCATION_EXCLUDE,
    INVOCATION_JSON,
    INVOCATION_OUTPUT,
    INVOCATION_RECURSIVE,
    INVOCATION_SUMMARIZE,
    INVOCATION_PARENTS,
    INVOCATION_LOUDER,
    INVOCATION_HELP,
    INVOCATION_INSECURE,
    INVOCATION_COMMANDS
};

/* A set of them: which a command takes. */
#define INVOCATION_BIT(which) (1U << INVOCATION_##which)
#define INVOCATION_BITS_OF_TREES                                                                   \
    (INVOCATION_BIT(DRY_RUN) | INVOCATION_BIT(DELETE) | INVOCATION_BIT(NEWER) |                    \
     INVOCATION_BIT(ONLY_MISSING) | INVOCATION_BIT(INCLUDE) | INVOCATION_BIT(EXCLUDE))
/* Of the command line, whatever the command. */
#define INVOCATION_BITS_ALWAYS                                                                     \
    (INVOCATION_BIT(LOUDER) | INVOCATION_BIT(HELP) | INVOCATION_BIT(INSECURE))
#define INVOCATION_BITS_OF_SHELL (INVOCATION_BITS_ALWAYS | INVOCATION_BIT(COMMANDS))

struct invocation_option {
    const char *name;  /* borrowed: static, as all below */
    char letter;       /* '\0': none */
    const char *value; /* what it takes, for the help; NULL: nothing */
    const char *help;
};

/* --include and --exclude, in the order in which they stand there. */
struct invocation_rule {
    bool includes;
    const char *pattern; /* borrowed: argv's */
};

struct invocation {
    struct settings settings;
    bool is_dry_run;
    bool deletes;
    bool only_newer;
    bool only_missing;
    bool is_json;
    bool is_recursive;
    bool makes_parents;
    bool is_summary;
    bool wants_help;
    const char *commands; /* -c, of the shell; NULL: not said; borrowed: argv's, as all below */
    const char *output;   /* -o; NULL: not said */
    struct invocation_rule rules[INVOCATION_RULES_MAX];
    size_t rule_count;
    const char *words[INVOCATION_WORDS_MAX];
    size_t word_count;
};

/* By enum invocation_which; ends with a NULL name. */
extern const struct invocation_option invocation_options[];

/* Appends what a setting is called as an option, without the dashes in front: "connect-timeout". */
void invocation_put_option(const struct setting *setting, struct builder *b);

/*
 * `argv` without the program's and the command's name. Starts from *ret_invocation's
 * settings. An option that is neither a setting nor in the set `takes` is refused: whoever says
 * --dry-run relies on it. `ends_at_word`: what stands behind the first word is a word. False with
 * a line for people.
 */
bool invocation_parse(int argc, char **argv, unsigned takes, bool ends_at_word,
                      struct invocation *invocation, char message[SETTINGS_MESSAGE_SIZE]);

#endif
