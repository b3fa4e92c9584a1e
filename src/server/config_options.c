/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: every setting is an option. */
#include <getopt.h>
#include <limits.h>

#include "server/config.h"

/* What getopt says of a setting: its index behind the characters, two of which complain. */
enum { OPTION_FIRST = UCHAR_MAX + 1 };

static void fill_options(struct option options[SETTINGS_MAX])
{
    size_t i = 0;
    for (const struct setting *s = config_settings; s->name; s++, i++) {
        int has_argument = s->argument ? required_argument : no_argument;
        if (s->argument && setting_stands_alone(s))
            has_argument = optional_argument;
        options[i] = (struct option){s->name, has_argument, NULL, OPTION_FIRST + (int)i};
    }
    options[i] = (struct option){0};
}

enum walk_purpose { WALK_FIND_FILE, WALK_SET, WALK_HIDE_PASSWORDS };

/* A walk through the options. */
struct walk {
    enum walk_purpose purpose;
    struct config *config;          /* borrowed: config_load's, as all here; NULL to hide */
    struct config_request *request; /* borrowed; NULL to hide */
    char *message;                  /* borrowed: CONFIG_MESSAGE_SIZE bytes */
    bool has_list[SETTINGS_MAX];    /* by the setting's index: it was an option already */
};

static bool take_request(struct walk *walk, struct text name)
{
    if (text_equal(name, TEXT("help")))
        walk->request->help = true;
    else if (text_equal(name, TEXT("version")))
        walk->request->version = true;
    else if (text_equal(name, TEXT("check-config")))
        walk->request->check_only = true;
    return true;
}

/* A list on the command line replaces the file's, it does not add to it. */
static void begin_list(struct walk *walk, const struct setting *setting)
{
    bool *has_list = &walk->has_list[setting - config_settings];
    if (!*has_list)
        config_clear_list((struct config_list *)((char *)walk->config + setting->offset));
    *has_list = true;
}

/* Behind NAME: nothing is left of it but its length. */
static void hide_password(char *argument)
{
    struct text password = text_of(argument);
    (void)text_take_until(&password, ':');
    memset(argument + strlen(argument) - password.len, 'x', password.len);
}

static bool take_option(struct walk *walk, const struct setting *setting, char *argument)
{
    bool is_file = setting->kind == SETTING_OPTION && setting->argument;
    if (walk->purpose == WALK_HIDE_PASSWORDS) {
        if (setting->kind == SETTING_USER)
            hide_password(argument);
        return true;
    }
    if (is_file)
        return config_copy_string(&walk->config->file, text_of(argument));
    if (walk->purpose == WALK_FIND_FILE)
        return true;
    if (setting->kind == SETTING_OPTION)
        return take_request(walk, text_of(setting->name));
    if (setting_is_list(setting))
        begin_list(walk, setting);
    return config_set(walk->config, setting, text_of(argument ? argument : "on"), walk->message);
}

/* Of an option that getopt does not know, or that is not to have an argument. */
static bool complain_of_option(const char *word, char message[CONFIG_MESSAGE_SIZE])
{
    if (!text_starts_with(text_of(word), TEXT("--"))) /* letters may be grouped */
        return config_complain(message, "-%c: no such option; --help lists them", optopt);
    const char *what = optopt ? "takes no argument" : "no such option; --help lists them";
    return config_complain(message, "%s: %s", word, what);
}

/*
 * What getopt leaves to us: the argument of an option that may stand alone, as
 * a word of its own. No other word is one that is no option.
 */
static char *following_word(const struct setting *setting, int argc, char **argv)
{
    bool takes_one = setting->argument && setting_stands_alone(setting);
    return takes_one && optind < argc && argv[optind][0] != '-' ? argv[optind++] : NULL;
}

static bool read_options(struct walk *walk, int argc, char **argv)
{
    struct option options[SETTINGS_MAX];
    fill_options(options);
    optind = 0;
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, "+:", options, NULL);
        if (found == -1)
            break;
        if (found == ':')
            return config_complain(walk->message, "%s needs an argument", argv[optind - 1]);
        if (found == '?')
            return complain_of_option(argv[optind - 1], walk->message);
        const struct setting *setting = &config_settings[found - OPTION_FIRST];
        if (!take_option(walk, setting, optarg ? optarg : following_word(setting, argc, argv)))
            return false;
    }
    return optind == argc ||
           config_complain(walk->message, "%s: not an option; --help lists them", argv[optind]);
}

bool config_read(struct config *config, int argc, char **argv, const struct opener *opener,
                 struct config_request *request, char message[CONFIG_MESSAGE_SIZE])
{
    struct walk walk = {WALK_FIND_FILE, config, request, message};
    if (!read_options(&walk, argc, argv) ||
        (config->file && !config_read_file(config, opener, config->file, message)))
        return false;
    walk.purpose = WALK_SET;
    return read_options(&walk, argc, argv);
}

void config_hide_passwords(int argc, char **argv)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct walk walk = {.purpose = WALK_HIDE_PASSWORDS, .message = message};
    (void)read_options(&walk, argc, argv);
}

void config_put_help(struct builder *b)
{
    enum { COLUMN = 32 };
    builder_put(b, TEXT("Usage: ferryd --root DIR [option]...\n"
                        "Serves files over FTP, in the foreground.\n\n"));
    for (const struct setting *s = config_settings; s->name; s++) {
        size_t start = b->len;
        builder_put(b, TEXT("  --"));
        builder_put_string(b, s->name);
        if (s->argument) {
            bool optional = setting_stands_alone(s);
            builder_put_string(b, optional ? "[=" : " ");
            builder_put_string(b, s->argument);
            builder_put_string(b, optional ? "]" : "");
        }
        do {
            builder_put_byte(b, ' ');
        } while (b->len < start + COLUMN);
        builder_put_string(b, s->help);
        if (s->value && s->kind != SETTING_FLAG && s->kind != SETTING_ANONYMOUS) {
            builder_put_string(b, " (default: ");
            builder_put_string(b, s->value);
            builder_put_byte(b, ')');
        }
        builder_put_byte(b, '\n');
    }
    builder_put(b, TEXT("\nThe same settings go in a file: see ferryd.conf(5), ferryd(8).\n"));
}
