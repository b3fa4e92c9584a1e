/* SPDX-License-Identifier: Apache-2.0 */
#include "client/command_line.h"

#include <stdio.h>

#include "client/bookmarks.h"

enum { OFFER_SIZE = 2 * SETTINGS_NAME_SIZE + 64 };

/* What is being typed, and how an offer begins that is for a part of it: "--verify=". */
struct place {
    struct text typed;
    struct text prefix;
};

static void offer(const struct place *place, struct text word, const char *help)
{
    char bytes[OFFER_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, place->prefix);
    builder_put(&b, word);
    if (b.full || !text_starts_with(builder_text(&b), place->typed))
        return;
    (void)printf("%.*s%s%s\n", TEXT_ARGS(builder_text(&b)), help ? "\t" : "", help ? help : "");
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct text dashes = TEXT("--");

static void offer_setting(const struct place *place, const char *negation,
                          const struct setting *setting)
{
    char bytes[OFFER_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, dashes);
    builder_put_string(&b, negation);
    invocation_put_option(setting, &b);
    offer(place, builder_text(&b), negation[0] ? NULL : setting->help);
}

static void offer_options(const struct place *place, unsigned takes)
{
    char bytes[OFFER_SIZE];
    for (const struct invocation_option *o = invocation_options; o->name; o++) {
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, dashes);
        builder_put_string(&b, o->name);
        if (takes >> (o - invocation_options) & 1)
            offer(place, builder_text(&b), o->help);
    }
    for (const struct setting *s = settings_rows; s->name; s++) {
        offer_setting(place, "", s);
        if (s->kind == SETTING_FLAG)
            offer_setting(place, "no-", s);
    }
}

/* "--tls" is of a setting; NULL: no such. */
static const struct setting *setting_of(struct text option)
{
    bool is_long = text_starts_with(option, dashes);
    return is_long ? settings_find(text_after(option, dashes.len)) : NULL;
}

static void offer_values(const struct place *place, const struct setting *setting)
{
    bool is_choice = setting->kind == SETTING_CHOICE || setting->kind == SETTING_LETTER;
    struct text rest = text_of(setting->kind == SETTING_FLAG ? "on|off"
                               : is_choice                   ? setting->words
                                                             : "");
    while (rest.len)
        offer(place, text_take_until(&rest, '|'), NULL);
}

/* ---- Words -------------------------------------------------------------------------------- */

/* Of the first word, which may be a command. */
static unsigned options_of(const struct command_row *rows, size_t count, struct text word)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(text_of(rows[i].name), word))
            return rows[i].takes | INVOCATION_BITS_ALWAYS;
    return INVOCATION_BITS_OF_SHELL;
}

static void offer_commands(const struct place *place, const struct command_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        offer(place, text_of(rows[i].name), rows[i].help);
}

static void offer_bookmarks(const struct place *place)
{
    struct bookmarks bookmarks;
    struct bookmark bookmark;
    char message[KEPT_MESSAGE_SIZE];
    if (!bookmarks_open(&bookmarks, NULL, message)) {
        struct text rest = kept_file_text(&bookmarks.lines.file);
        while (bookmarks_next(&rest, &bookmark))
            offer(place, bookmark.name, "bookmark");
    }
    bookmarks_close(&bookmarks);
}

static bool ends_options(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], "--") == 0)
            return true;
    return false;
}

void command_line_complete(const struct command_row *rows, size_t row_count,
                           const char *const *words, size_t word_count)
{
    struct text typed = word_count ? text_of(words[word_count - 1]) : TEXT("");
    struct text before = word_count > 1 ? text_of(words[word_count - 2]) : TEXT("");
    struct place place = {.typed = typed, .prefix = TEXT("")};
    struct text rest = typed;
    struct text option = text_take_until(&rest, '=');
    bool has_sign = option.len < typed.len;
    const struct setting *given = setting_of(has_sign ? option : before);
    bool is_option = text_starts_with(typed, TEXT("-"));
    if (word_count > 1 && ends_options(words, word_count - 1))
        return;
    if (given && has_sign) {
        place.prefix = (struct text){typed.at, option.len + 1};
        offer_values(&place, given);
    } else if (given && !given->alone) {
        offer_values(&place, given);
    } else if (is_option) {
        offer_options(&place, options_of(rows, row_count, text_of(words[0])));
        if (word_count == 1)
            offer(&place, TEXT("--version"), "show the version");
    } else if (word_count < 2) {
        offer_commands(&place, rows, row_count);
        offer_bookmarks(&place);
    }
}
