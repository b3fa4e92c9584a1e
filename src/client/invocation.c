/* SPDX-License-Identifier: Apache-2.0 */
#include "client/invocation.h"

#include <getopt.h>
#include <stdio.h>

#include "client/secret_text.h"

/* Which option getopt_long found: one of ours, a setting, or a setting that is switched off. */
enum { OF_SETTINGS = 1000, OF_SETTINGS_OFF = 2000, OPTIONS_MAX = 3 * SETTINGS_MAX };

const struct invocation_option invocation_options[] = {
    [INVOCATION_DRY_RUN] = {"dry-run", 'n', NULL, "say what would be done, and do nothing"},
    [INVOCATION_DELETE] = {"delete", '\0', NULL, "remove what only the target has"},
    [INVOCATION_NEWER] = {"newer", '\0', NULL, "replace what is older there alone"},
    [INVOCATION_ONLY_MISSING] = {"only-missing", '\0', NULL, "leave what is there as it is"},
    [INVOCATION_INCLUDE] = {"include", '\0', "PATTERN",
                            "take names that match; the first pattern decides"},
    [INVOCATION_EXCLUDE] = {"exclude", '\0', "PATTERN", "leave names that match out"},
    [INVOCATION_JSON] = {"json", '\0', NULL, "tell what happens as one JSON object in a line"},
    [INVOCATION_OUTPUT] = {"output", 'o', "FILE|DIR", "where to put it; - is standard output"},
    [INVOCATION_RECURSIVE] = {"recursive", 'r', NULL, "with all that is below"},
    [INVOCATION_SUMMARIZE] = {"summarize", 's', NULL, "only the sum of each"},
    [INVOCATION_PARENTS] = {"parents", 'p', NULL, "make missing directories above, too"},
    [INVOCATION_LOUDER] = {"louder", 'v', NULL, "say more; twice shows the dialogue"},
    [INVOCATION_HELP] = {"help", 'h', NULL, "show this"},
    [INVOCATION_INSECURE] =
        {"insecure", 'k', NULL,
         "take any certificate: whoever is on the way can read and change everything"},
    [INVOCATION_COMMANDS] = {"commands", 'c', "COMMANDS",
                             "of the shell: do these, with ; between, and end"},
    {NULL, '\0', NULL, NULL},
};

enum { OPTION_SIZE = SETTINGS_NAME_SIZE + sizeof("no-") };

/* The names of settings as options: "connect-timeout", "no-resume". */
struct names {
    char options[SETTINGS_MAX][OPTION_SIZE];
    char negations[SETTINGS_MAX][OPTION_SIZE];
};

void invocation_put_option(const struct setting *setting, struct builder *b)
{
    for (const char *c = setting->name; *c; c++)
        builder_put_byte(b, *c == '_' ? '-' : *c);
}

static const char *name_option(struct text prefix, const struct setting *row,
                               char option[OPTION_SIZE])
{
    struct builder b = builder_on(option, OPTION_SIZE);
    builder_put(&b, prefix);
    invocation_put_option(row, &b);
    return builder_end(&b);
}

static void fill_options(struct names *names, struct option options[OPTIONS_MAX])
{
    size_t count = 0;
    for (int i = 0; invocation_options[i].name; i++)
        options[count++] = (struct option){
            invocation_options[i].name,
            invocation_options[i].value ? required_argument : no_argument, NULL, i + 1};
    for (int i = 0; settings_rows[i].name; i++) {
        const struct setting *row = &settings_rows[i];
        bool is_flag = row->kind == SETTING_FLAG;
        int takes = row->alone ? optional_argument : required_argument;
        options[count++] = (struct option){name_option(TEXT(""), row, names->options[i]), takes,
                                           NULL, OF_SETTINGS + i};
        if (is_flag)
            options[count++] = (struct option){name_option(TEXT("no-"), row, names->negations[i]),
                                               no_argument, NULL, OF_SETTINGS_OFF + i};
    }
    options[count] = (struct option){NULL, 0, NULL, 0};
}

static bool add_rule(struct invocation *invocation, bool includes, const char *pattern,
                     char message[SETTINGS_MESSAGE_SIZE])
{
    if (invocation->rule_count == INVOCATION_RULES_MAX) {
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "at most %d patterns", INVOCATION_RULES_MAX);
        return false;
    }
    invocation->rules[invocation->rule_count++] = (struct invocation_rule){includes, pattern};
    return true;
}

static bool take_ours(struct invocation *invocation, int which, const char *value,
                      char message[SETTINGS_MESSAGE_SIZE])
{
    bool *const flags[] = {
        [INVOCATION_DRY_RUN] = &invocation->is_dry_run,
        [INVOCATION_DELETE] = &invocation->deletes,
        [INVOCATION_NEWER] = &invocation->only_newer,
        [INVOCATION_ONLY_MISSING] = &invocation->only_missing,
        [INVOCATION_JSON] = &invocation->is_json,
        [INVOCATION_RECURSIVE] = &invocation->is_recursive,
        [INVOCATION_SUMMARIZE] = &invocation->is_summary,
        [INVOCATION_PARENTS] = &invocation->makes_parents,
        [INVOCATION_HELP] = &invocation->wants_help,
        [INVOCATION_INSECURE] = NULL,
        [INVOCATION_COMMANDS] = NULL,
    };
    switch (which) {
    case INVOCATION_INCLUDE:
    case INVOCATION_EXCLUDE:
        return add_rule(invocation, which == INVOCATION_INCLUDE, value, message);
    case INVOCATION_OUTPUT:
        invocation->output = value;
        return true;
    case INVOCATION_COMMANDS:
        invocation->commands = value;
        return true;
    case INVOCATION_LOUDER:
        invocation->settings.verbose++;
        return true;
    case INVOCATION_INSECURE:
        invocation->settings.tls_verify = false;
        return true;
    default:
        *flags[which] = true;
        return true;
    }
}

/* getopt_long's complaint: of a letter, which may be one of several in the word, or of the word. */
static bool complain(int found, const char *word, char message[SETTINGS_MESSAGE_SIZE])
{
    const char *what = found == ':' ? "needs a value" : "no such option";
    char shown[SETTINGS_MESSAGE_SIZE];
    struct builder b = builder_on(shown, sizeof(shown));
    secret_put_url(&b, text_of(word));
    bool is_letter = optopt > ' ' && optopt < OF_SETTINGS; /* else a long one's number, or 0 */
    if (is_letter)
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "-%c: %s", optopt, what);
    else
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "%.100s: %s", builder_end(&b), what);
    return false;
}

static bool refuse(const struct invocation_option *option, char message[SETTINGS_MESSAGE_SIZE])
{
    (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "--%s is no option of this command",
                   option->name);
    return false;
}

/* What getopt_long found. */
static bool take_option(struct invocation *invocation, unsigned takes, int found, const char *word,
                        char message[SETTINGS_MESSAGE_SIZE])
{
    if (found == '?' || found == ':')
        return complain(found, word, message);
    if (found >= OF_SETTINGS_OFF)
        return settings_set(&invocation->settings,
                            text_of(settings_rows[found - OF_SETTINGS_OFF].name), TEXT("off"),
                            message);
    if (found >= OF_SETTINGS) {
        const struct setting *row = &settings_rows[found - OF_SETTINGS];
        return settings_set(&invocation->settings, text_of(row->name),
                            text_of(optarg ? optarg : row->alone), message);
    }
    for (int i = 0; invocation_options[i].name; i++)
        if (found == i + 1 || found == invocation_options[i].letter)
            return takes >> i & 1 ? take_ours(invocation, i, optarg, message)
                                  : refuse(&invocation_options[i], message);
    return true;
}

bool invocation_parse(int argc, char **argv, unsigned takes, bool ends_at_word,
                      struct invocation *invocation, char message[SETTINGS_MESSAGE_SIZE])
{
    struct names names;
    struct option options[OPTIONS_MAX];
    char *words[INVOCATION_WORDS_MAX + 2] = {(char *)"ferry"};
    int found;
    if (argc > INVOCATION_WORDS_MAX) {
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "at most %d words", INVOCATION_WORDS_MAX);
        return false;
    }
    for (int i = 0; i < argc; i++)
        words[i + 1] = argv[i];
    fill_options(&names, options);
    optind = 0; /* from the beginning, also the second time */
    opterr = 0;
    const char *letters = ends_at_word ? "+:no:rpsvhkc:" : ":no:rpsvhkc:";
    while ((found = getopt_long(argc + 1, words, letters, options, NULL)) != -1)
        if (!take_option(invocation, takes, found, words[optind - 1], message))
            return false;
    for (int i = optind; i <= argc; i++)
        invocation->words[invocation->word_count++] = words[i];
    return true;
}
