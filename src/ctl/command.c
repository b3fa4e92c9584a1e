/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <stdio.h>

#include "ctl/execute.h"
#include "ctl/local.h"
#include "ctl/option.h"
#include "ctl/watch.h"

#define USER_OPTIONS "root group folder account"

const struct command commands[] = {
    {"user add <name>", USER_OPTIONS " password-stdin password-hash", TERMS_USER,
     CHANGES | AT_SERVER, NULL, NULL, "make a user"},
    {"user set <name>", USER_OPTIONS, TERMS_USER, CHANGES | AT_SERVER, NULL, NULL,
     "change what is said of one"},
    {"user show <name>", "", 0, 0, "term value from", NULL, "what holds for one, and who says so"},
    {"user list", "", 0, 0, "name root group disabled expires damaged", NULL, "all users"},
    {"user remove <name>", "", 0, CHANGES, NULL, NULL, "forget one; the files stay"},
    {"user passwd <name>", "password-stdin password-hash", 0, CHANGES, NULL, NULL,
     "give one another password"},
    {"user import <format> <file>", "root passwd dry-run", 0, CHANGES,
     "kind name line result remark", execute_import,
     "take over those of shadow, puredb, proftpd, vsftpd, filezilla, sftpgo"},
    {"group add <name>", "folder", TERMS_GROUP, CHANGES, NULL, NULL, "make a group"},
    {"group set <name>", "folder", TERMS_GROUP, CHANGES, NULL, NULL, "change what is said of one"},
    {"group show <name>", "", 0, 0, NULL, NULL, "what is said of one, and its members"},
    {"group list", "", 0, 0, "name folder disabled comment damaged", NULL, "all groups"},
    {"group remove <name>", "", 0, CHANGES, NULL, NULL, "forget one that has no members"},
    {"folder add <name>", "path", TERMS_FOLDER, CHANGES | AT_SERVER, NULL, NULL,
     "make a virtual folder"},
    {"folder set <name>", "path", TERMS_FOLDER, CHANGES | AT_SERVER, NULL, NULL,
     "change what is said of one"},
    {"folder show <name>", "", 0, 0, NULL, NULL, "what is said of one"},
    {"folder list", "", 0, 0, "name path read-only quota-bytes damaged", NULL, "all folders"},
    {"folder remove <name>", "", 0, CHANGES, NULL, NULL, "forget one that nobody has"},
    {"session list", "", 0, AT_SERVER, NULL, NULL, "who is inside"},
    {"session watch", "", 0, AT_SERVER, NULL, watch_sessions, "the same, again and again"},
    {"session kick [<session>]", "user", 0, AT_SERVER, NULL, NULL,
     "end one session by its number, or all of a user"},
    {"ban list", "", 0, AT_SERVER, "subject until reason", NULL, "who is kept out"},
    {"ban add <subject>", "for reason", 0, AT_SERVER, NULL, NULL,
     "keep out an address, a network or \"user NAME\""},
    {"ban remove <subject>", "", 0, AT_SERVER, NULL, NULL, "let in again"},
    {"quota show <name>", "", 0, AT_SERVER,
     "of bytes quota-bytes bytes-left files quota-files files-left", NULL,
     "what a user has stored, and may still store"},
    {"quota recount <name>", "", 0, AT_SERVER,
     "of bytes quota-bytes bytes-left files quota-files files-left", NULL,
     "the same, counted anew"},
    {"explain <user> <verb> <path>", "from at tls", 0, AT_SERVER, NULL, local_explain,
     "would it be allowed, and by which rule"},
    {"config check", "config", 0, 0, NULL, local_config_check, "are the settings right"},
    {"config show", "config", 0, AT_SERVER, NULL, local_config_show,
     "the settings of a file, or of the server that runs"},
    {"firewall nftables", "config", 0, AT_SERVER, NULL, local_firewall_nftables,
     "rules that let clients in, for nft -f"},
    {"firewall ufw", "config", 0, AT_SERVER, NULL, local_firewall_ufw, "the same, as ufw commands"},
    {"log tail", "config lines follow", 0, AT_SERVER, NULL, watch_log,
     "the last lines of the audit file"},
    {"reload", "", 0, AT_SERVER, NULL, NULL, "have the server read its settings again"},
    {"status", "", 0, AT_SERVER, NULL, NULL, "how the server is doing"},
    {"password hash", "", 0, 0, NULL, local_password_hash,
     "hash a password from standard input for ferryd.conf"},
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);

/* ---- From words to a command
 * --------------------------------------------------------------------- */

static bool is_place(struct text word)
{
    return text_starts_with(word, TEXT("<")) || text_starts_with(word, TEXT("[<"));
}

/* "<name>", "[<name>]": name */
static struct text place_name(struct text word)
{
    size_t start = text_find(word, '<') + 1;
    return (struct text){word.at + start, text_find(word, '>') - start};
}

/* Are the words the first of what the pattern says? */
static bool begins(const struct command *command, const struct text *words, size_t count)
{
    struct text rest = text_of(command->pattern);
    for (size_t i = 0; i < count && rest.len; i++) {
        struct text word = text_take_word(&rest);
        if (!is_place(word) && !text_equal(word, words[i]))
            return false;
    }
    return true;
}

static bool fits(const struct command *command, const struct text *words, size_t count)
{
    struct text rest = text_of(command->pattern);
    size_t i = 0;
    while (rest.len) {
        struct text word = text_take_word(&rest);
        if (i < count && (is_place(word) || text_equal(word, words[i])))
            i++;
        else if (!text_starts_with(word, TEXT("[")))
            return false;
    }
    return i == count;
}

/* The request's "command", and a field for each word in a place. */
static bool put_positionals(struct call *call)
{
    char bytes[CALL_MESSAGE_SIZE];
    struct builder name = builder_on(bytes, sizeof(bytes));
    struct text rest = text_of(call->command->pattern);
    for (size_t i = 0; i < call->positional_count; i++) {
        struct text word = text_take_word(&rest);
        struct text given = call->positionals[i];
        if (is_place(word)) {
            struct text field = place_name(word);
            if (json_object_setn_new(call->request, field.at, field.len,
                                     json_stringn(given.at, given.len)))
                return false;
        } else {
            builder_put(&name, name.len ? TEXT(" ") : TEXT(""));
            builder_put(&name, word);
        }
    }
    return !json_object_set_new(call->request, "command", json_stringn(name.at, name.len));
}

static bool complain(char message[CALL_MESSAGE_SIZE], const char *what, const char *why)
{
    (void)snprintf(message, CALL_MESSAGE_SIZE, "%s: %s", what, why);
    return false;
}

/* Says what is missing, where the words begin a command. */
static bool complain_of_words(const struct call *call, char message[CALL_MESSAGE_SIZE])
{
    if (!call->positional_count)
        return complain(message, "no command", "ferryctl --help lists the commands");
    for (size_t i = 0; i < command_count; i++)
        if (begins(&commands[i], call->positionals, call->positional_count))
            return complain(message, commands[i].pattern, "that is how it is written");
    (void)snprintf(message, CALL_MESSAGE_SIZE, "%.*s: ferryctl --help lists the commands",
                   TEXT_ARGS(call->positionals[0]));
    return false;
}

static bool check_options(const struct call *call, json_t *given, char message[CALL_MESSAGE_SIZE])
{
    const char *word;
    json_t *value;
    json_object_foreach (given, word, value)
        if (!option_is_of(call->command, word)) {
            (void)snprintf(message, CALL_MESSAGE_SIZE, "--%s: is no option of \"%s\"", word,
                           call->command->pattern);
            return false;
        }
    return true;
}

static bool find_command(struct call *call, char message[CALL_MESSAGE_SIZE])
{
    for (size_t i = 0; i < command_count && !call->command; i++)
        if (fits(&commands[i], call->positionals, call->positional_count))
            call->command = &commands[i];
    if (!call->command)
        return complain_of_words(call, message);
    if (!check_options(call, call->request, message) || !check_options(call, call->ours, message))
        return false;
    return put_positionals(call) ||
           complain(message, call->command->pattern, "its words are no UTF-8");
}

static bool read_words(struct call *call, int argc, char **argv, char message[CALL_MESSAGE_SIZE])
{
    bool options_end = false;
    for (int i = 1; i < argc; i++) {
        struct text word = text_of(argv[i]);
        if (!options_end && text_equal(word, TEXT("--"))) {
            options_end = true;
        } else if (!options_end && word.len > 1 && word.at[0] == '-') {
            if (!option_read(call, argc, argv, &i, message))
                return false;
        } else if (call->positional_count == POSITIONALS_MAX) {
            return complain(message, argv[i], "there are too many words");
        } else {
            call->positionals[call->positional_count++] = word;
        }
    }
    return true;
}

bool call_read(struct call *call, int argc, char **argv, char message[CALL_MESSAGE_SIZE])
{
    *call = (struct call){.request = json_object(), .ours = json_object()};
    if (!call->request || !call->ours)
        return complain(message, "ferryctl", "out of memory");
    if (!read_words(call, argc, argv, message))
        return false;
    return call_has(call, "help") || call_has(call, "version") || find_command(call, message);
}

void call_done(struct call *call)
{
    json_decref(call->request);
    json_decref(call->ours);
}

bool call_has(const struct call *call, const char *word)
{
    return json_is_true(json_object_get(call->ours, word));
}

const char *call_option(const struct call *call, const char *word)
{
    return json_string_value(json_object_get(call->ours, word));
}

/* ---- Help
 * ------------------------------------------------------------------------------------------ */

enum { COLUMN = 36 };

static void show_line(const char *what, size_t len, const char *help)
{
    (void)printf("  %s%*s%s\n", what, len < COLUMN ? (int)(COLUMN - len) : 1, "", help);
}

static void show_option(void *context, const struct option *option)
{
    char bytes[CALL_MESSAGE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    (void)context;
    builder_put(&b, TEXT("--"));
    builder_put_string(&b, option->word);
    if (option->argument) {
        builder_put_byte(&b, ' ');
        builder_put_string(&b, option->argument);
    }
    if (option->kind == OPTION_LIST)
        builder_put_string(&b, "...");
    size_t len = b.len;
    show_line(builder_end(&b), len, option->help);
}

void command_show_help(const struct call *call)
{
    const struct command *only = NULL;
    size_t count = 0;
    (void)printf("Usage: ferryctl COMMAND [OPTION]...\nAdministers ferryd.\n\n");
    for (size_t i = 0; i < command_count; i++) {
        if (!begins(&commands[i], call->positionals, call->positional_count))
            continue;
        show_line(commands[i].pattern, strlen(commands[i].pattern), commands[i].help);
        only = &commands[i];
        count++;
    }
    (void)putchar('\n');
    if (count == 1)
        option_each_of(only, show_option, NULL);
    option_each_of(NULL, show_option, NULL);
    (void)printf("\n`ferryctl COMMAND --help` lists the options of a command; see ferryctl(1).\n");
}

/* ---- Completion
 * ---------------------------------------------------------------------------------------- */

static void show_option_word(void *context, const struct option *option)
{
    (void)context;
    (void)printf("--%s\n", option->word);
}

/* The pattern's word number `index`; empty when there is none. */
static struct text pattern_word(const struct command *command, size_t index)
{
    struct text rest = text_of(command->pattern);
    struct text word = text_take_word(&rest);
    while (index--)
        word = text_take_word(&rest);
    return word;
}

/* The same word of two commands in a row is said once: the table is sorted by what begins alike. */
static void show_next_words(const struct call *call)
{
    struct text last = TEXT("");
    for (size_t i = 0; i < command_count; i++) {
        struct text word = pattern_word(&commands[i], call->positional_count);
        if (!begins(&commands[i], call->positionals, call->positional_count) || !word.len ||
            is_place(word) || text_equal(word, last))
            continue;
        (void)printf("%.*s\n", TEXT_ARGS(word));
        last = word;
    }
}

void command_show_next(int argc, char **argv)
{
    char message[CALL_MESSAGE_SIZE];
    struct call call = {.request = json_object(), .ours = json_object()};
    if (read_words(&call, argc, argv, message)) {
        show_next_words(&call);
        for (size_t i = 0; i < command_count; i++)
            if (fits(&commands[i], call.positionals, call.positional_count))
                option_each_of(&commands[i], show_option_word, NULL);
        option_each_of(NULL, show_option_word, NULL);
    }
    call_done(&call);
}
