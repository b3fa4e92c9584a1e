/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/option.h"

#include <stdio.h>

#define EVERYWHERE "database socket json help version"

static const struct option options[] = {
    {"database", "FILE", OPTION_TEXT, true, "the database, whether a server runs or not"},
    {"socket", "PATH", OPTION_TEXT, true, "the socket of the server that runs"},
    {"json", NULL, OPTION_FLAG, true, "write the answer as a line of JSON"},
    {"help", NULL, OPTION_FLAG, true, "show this help, and exit"},
    {"version", NULL, OPTION_FLAG, true, "show the version, and exit"},
    {"root", "DIR", OPTION_TEXT, false,
     "the directory that the user sees as /; of an import: below which they are"},
    {"group", "GROUP", OPTION_LIST, false, "is a member; the first counts first"},
    {"folder", "NAME[:/AT]", OPTION_LIST, false, "sees this folder at /AT (default: /NAME)"},
    {"account", "TEXT", OPTION_TEXT, false, "what ACCT must say"},
    {"password-stdin", NULL, OPTION_FLAG, true, "read the password from standard input"},
    {"password-hash", "HASH", OPTION_TEXT, false, "a password that is hashed already"},
    {"passwd", "FILE", OPTION_TEXT, true, "of shadow: the file with the homes"},
    {"dry-run", NULL, OPTION_FLAG, false, "only say what would come of it"},
    {"path", "DIR", OPTION_TEXT, false, "the folder's directory"},
    {"user", "NAME", OPTION_TEXT, false, "all sessions of this user"},
    {"for", "TIME", OPTION_TEXT, false, "how long: 600, 10m, 2h, 1d (default: for ever)"},
    {"reason", "TEXT", OPTION_TEXT, false, "why, for who looks at the list"},
    {"from", "IP", OPTION_TEXT, false, "as if from this address (default: 127.0.0.1)"},
    {"at", "TIME", OPTION_TEXT, false, "as if then: 2027-01-31T18:00:00Z (default: now)"},
    {"tls", NULL, OPTION_FLAG, false, "as if the connection were under TLS"},
    {"config", "FILE", OPTION_TEXT, true, "the settings in this file"},
    {"lines", "N", OPTION_TEXT, false, "how many (default: 10)"},
    {"follow", NULL, OPTION_FLAG, true, "go on with those that come (also -f)"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static struct option option_of_term(enum term term)
{
    const struct term_row *row = &term_rows[term];
    enum option_kind kind = OPTION_TEXT;
    if (row->kind == TERM_FLAG)
        kind = OPTION_FLAG;
    else if (row->kind == TERM_LIST)
        kind = OPTION_LIST;
    return (struct option){row->word, row->argument, kind, false, row->help};
}

static bool find(struct text word, struct option *ret_option)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (text_equal(word, text_of(options[i].word))) {
            *ret_option = options[i];
            return true;
        }
    enum term term = term_find(word);
    if (term == TERM_NUMBER_OF)
        return false;
    *ret_option = option_of_term(term);
    return true;
}

static bool has_word(const char *words, struct text word)
{
    struct text rest = text_of(words);
    while (rest.len)
        if (text_equal(text_take_word(&rest), word))
            return true;
    return false;
}

bool option_is_of(const struct command *command, const char *word)
{
    if (has_word(EVERYWHERE, text_of(word)) || has_word(command->options, text_of(word)))
        return true;
    enum term term = term_find(text_of(word));
    return term != TERM_NUMBER_OF && (term_rows[term].owners & command->owners);
}

void option_each_of(const struct command *command,
                    void (*on_option)(void *context, const struct option *option), void *context)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (has_word(command ? command->options : EVERYWHERE, text_of(options[i].word)))
            on_option(context, &options[i]);
    for (unsigned term = 0; command && term < TERM_NUMBER_OF; term++)
        if (term_rows[term].owners & command->owners) {
            const struct option option = option_of_term((enum term)term);
            on_option(context, &option);
        }
}

/* ---- Reading one ----------------------------------------------------------------------------- */

/* One option of a command line, taken apart. */
struct given {
    struct option option;
    struct text value; /* .at NULL: none is there yet */
    bool is_denied;    /* --no-WORD */
};

static bool complain(char message[CALL_MESSAGE_SIZE], const struct option *option, const char *why)
{
    (void)snprintf(message, CALL_MESSAGE_SIZE, "--%s: %s", option->word, why);
    return false;
}

/* --WORD, --WORD=VALUE, --no-WORD; -f */
static bool take_apart(struct text word, struct given *given)
{
    *given = (struct given){.value = {NULL, 0}};
    if (text_equal(word, TEXT("-f")))
        word = TEXT("--follow");
    if (!text_starts_with(word, TEXT("--")))
        return false;
    struct text name = text_after(word, 2);
    size_t end = text_find(name, '=');
    if (end < name.len)
        given->value = (struct text){name.at + end + 1, name.len - end - 1};
    name.len = end;
    if (find(name, &given->option))
        return true;
    given->is_denied = text_starts_with(name, TEXT("no-")) && !given->value.at &&
                       find(text_after(name, 3), &given->option) &&
                       given->option.kind == OPTION_FLAG && !given->option.is_ours;
    return given->is_denied;
}

static bool is_switch(struct text value)
{
    return text_equal(value, TEXT("on")) || text_equal(value, TEXT("off")) ||
           text_equal(value, TEXT("none"));
}

/* "none" and "off" take back what was said: null. */
static json_t *value_of(const struct given *given)
{
    struct text value = given->value;
    if (given->is_denied || (!given->option.is_ours && text_equal(value, TEXT("none"))))
        return json_null();
    if (given->option.kind == OPTION_FLAG)
        return text_equal(value, TEXT("off")) ? json_null() : json_true();
    return json_stringn(value.at, value.len);
}

static bool put(struct call *call, const struct given *given, char message[CALL_MESSAGE_SIZE])
{
    json_t *object = given->option.is_ours ? call->ours : call->request;
    const char *word = given->option.word;
    json_t *before = json_object_get(object, word);
    json_t *value = value_of(given);
    if (!value)
        return complain(message, &given->option, "its value is no UTF-8");
    if (before && given->option.kind != OPTION_LIST) {
        json_decref(value);
        return complain(message, &given->option, "is given twice");
    }
    if (given->option.kind != OPTION_LIST || json_is_null(value))
        return !json_object_set_new(object, word, value) ||
               complain(message, &given->option, "out of memory");
    if (!json_is_array(before)) {
        before = json_array();
        if (json_object_set_new(object, word, before))
            before = NULL;
    }
    return !json_array_append_new(before, value) ||
           complain(message, &given->option, "out of memory");
}

bool option_read(struct call *call, int argc, char **argv, int *index,
                 char message[CALL_MESSAGE_SIZE])
{
    struct given given;
    if (!take_apart(text_of(argv[*index]), &given)) {
        (void)snprintf(message, CALL_MESSAGE_SIZE, "%s: no such option; --help lists them",
                       argv[*index]);
        return false;
    }
    struct text next = *index + 1 < argc ? text_of(argv[*index + 1]) : TEXT("");
    bool is_flag = given.option.kind == OPTION_FLAG;
    bool takes_next = is_flag ? !given.is_denied && !given.option.is_ours && is_switch(next)
                              : next.len && !text_starts_with(next, TEXT("--"));
    if (!given.value.at && takes_next) {
        given.value = next;
        (*index)++;
    }
    if (!is_flag && !given.value.len)
        return complain(message, &given.option, "needs a value");
    if (is_flag && given.value.len && (given.option.is_ours || !is_switch(given.value)))
        return complain(message, &given.option, "takes no value but on or off");
    return put(call, &given, message);
}
