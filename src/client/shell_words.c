/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell_words.h"

#include "client/safe_name.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_one_of(char c, struct text set)
{
    return text_find(set, c) < set.len;
}

void shell_quoting_take(struct shell_quoting *quoting, char byte)
{
    if (quoting->is_escaped)
        quoting->is_escaped = false;
    else if (byte == '\\' && quoting->quote != '\'')
        quoting->is_escaped = true;
    else if (quoting->quote && byte == quoting->quote)
        quoting->quote = '\0';
    else if (!quoting->quote && (byte == '"' || byte == '\''))
        quoting->quote = byte;
}

/* ---- Words --------------------------------------------------------------------------- */

/* A word being read: what it means goes into `text`, or what it is as a pattern. */
struct meaning {
    struct builder *b; /* borrowed */
    bool is_pattern;
    bool has_wildcard;
};

static void put_byte(struct meaning *meaning, char byte, bool is_quoted)
{
    bool is_special = is_one_of(byte, TEXT("*?[]\\"));
    meaning->has_wildcard = meaning->has_wildcard || (!is_quoted && is_one_of(byte, TEXT("*?[")));
    if (meaning->is_pattern && is_quoted && is_special)
        builder_put_byte(meaning->b, '\\');
    builder_put_byte(meaning->b, byte);
}

/* Appends what a word as it is written means, and a NUL. */
static struct text put_meaning(struct meaning *meaning, struct text written)
{
    struct shell_quoting quoting = {.quote = '\0'};
    struct builder *b = meaning->b;
    size_t start = b->len;
    for (size_t i = 0; i < written.len; i++) {
        const char byte = written.at[i];
        const struct shell_quoting before = quoting;
        shell_quoting_take(&quoting, byte);
        const bool is_mark = quoting.quote != before.quote || quoting.is_escaped;
        if (before.is_escaped && before.quote && byte != before.quote && byte != '\\')
            put_byte(meaning, '\\', true); /* within "..." it was itself */
        if (before.is_escaped || !is_mark)
            put_byte(meaning, byte, before.is_escaped || before.quote);
    }
    struct text text = {b->at + start, b->len - start};
    builder_put_byte(b, '\0');
    return text;
}

/* Does what stands here, outside quotes, end a command? */
static bool is_end(struct text rest)
{
    if (rest.at[0] == '&') /* before anything else it is a letter: R&D */
        return rest.len == 1 || is_blank(rest.at[1]) || is_one_of(rest.at[1], TEXT(";&"));
    return rest.at[0] == ';';
}

/* How long the word at the front is, quotes and all. */
static size_t word_len(struct text rest, struct shell_quoting *quoting)
{
    size_t i = 0;
    for (; i < rest.len; i++) {
        bool is_bare = !quoting->quote && !quoting->is_escaped;
        if (is_bare && (is_blank(rest.at[i]) || is_end(text_after(rest, i))))
            break;
        shell_quoting_take(quoting, rest.at[i]);
    }
    return i;
}

/* Adds the word of the first `len` bytes, and takes them. False: there are too many. */
static bool add_word(struct shell_command *command, struct text *rest, size_t len, bool as_it_is)
{
    struct builder b = {command->bytes, command->used, sizeof(command->bytes), false};
    struct shell_word word = {.written = {rest->at, len}};
    if (command->count == SHELL_WORDS_MAX)
        return false;
    *rest = text_after(*rest, len);
    word.text = (struct text){b.at + b.len, len};
    if (as_it_is) {
        builder_put(&b, word.written);
        builder_put_byte(&b, '\0');
    } else {
        struct meaning meaning = {.b = &b};
        word.text = put_meaning(&meaning, word.written);
        meaning.is_pattern = true;
        if (meaning.has_wildcard)
            word.pattern = put_meaning(&meaning, word.written);
    }
    command->used = b.len;
    command->words[command->count++] = word;
    return true;
}

static void skip_blanks(struct text *rest)
{
    while (rest->len && is_blank(rest->at[0]))
        *rest = text_after(*rest, 1);
}

/* Up to what can be a command, or the line's end. False: a comment stands there. */
static bool skip_to_command(struct text *rest)
{
    while (rest->len && (is_blank(rest->at[0]) || rest->at[0] == ';'))
        *rest = text_after(*rest, 1);
    return !rest->len || rest->at[0] != '#';
}

/* "!" and "$" are words of their own; what is behind a "!" is the system's shell's. */
static void take_mark(struct shell_command *command, struct text *rest)
{
    if (!rest->len || !is_one_of(rest->at[0], TEXT("!$")))
        return;
    bool is_shell = rest->at[0] == '!';
    (void)add_word(command, rest, 1, true);
    skip_blanks(rest);
    if (is_shell && rest->len)
        (void)add_word(command, rest, rest->len, true);
}

/* The words up to what ends the command, which stays; *ret_quoting: is a quote open at the end? */
static const char *read_words(struct shell_command *command, struct text *rest,
                              struct shell_quoting *ret_quoting)
{
    *ret_quoting = (struct shell_quoting){.quote = '\0'};
    command->count = command->used = 0;
    command->is_background = false;
    if (rest->len > SHELL_LINE_MAX)
        return "the line is too long";
    if (text_find(*rest, '\0') < rest->len)
        return "the line has a NUL in it";
    take_mark(command, rest);
    for (;;) {
        skip_blanks(rest);
        if (!rest->len || is_end(*rest))
            return NULL;
        if (!add_word(command, rest, word_len(*rest, ret_quoting), false))
            return "there are too many words";
    }
}

static const char *find_fault(const struct shell_command *command,
                              const struct shell_quoting *quoting)
{
    if (quoting->is_escaped)
        return "nothing stands behind the \\ at the end";
    if (quoting->quote)
        return quoting->quote == '"' ? "a \" is not closed" : "a ' is not closed";
    return command->count ? NULL : "nothing stands before the &";
}

enum shell_words_result shell_words_take(struct text *line, struct shell_command *ret_command,
                                         char message[SHELL_WORDS_MESSAGE_SIZE])
{
    struct shell_quoting quoting;
    if (!skip_to_command(line) || !line->len) {
        *line = text_after(*line, line->len);
        return SHELL_WORDS_END;
    }
    const char *why = read_words(ret_command, line, &quoting);
    if (!why)
        why = find_fault(ret_command, &quoting);
    if (why) {
        struct builder b = builder_on(message, SHELL_WORDS_MESSAGE_SIZE);
        builder_put_string(&b, why);
        builder_end(&b);
        return SHELL_WORDS_MALFORMED;
    }
    ret_command->is_background = line->len && line->at[0] == '&';
    *line = text_after(*line, 1);
    return SHELL_WORDS_COMMAND;
}

/* ---- Completion ---------------------------------------------------------------------- */

static bool is_mark(const struct shell_word *word, char mark)
{
    return word->written.len == 1 && word->written.at[0] == mark;
}

bool shell_words_find_place(struct text line, struct shell_command *ret_command,
                            struct shell_place *ret_place)
{
    struct shell_quoting quoting;
    struct text rest = line;
    const char *end = line.len ? line.at + line.len : NULL;
    for (;;) {
        if (!skip_to_command(&rest) || read_words(ret_command, &rest, &quoting) ||
            quoting.is_escaped)
            return false;
        if (!rest.len)
            break;
        rest = text_after(rest, 1);
    }
    size_t count = ret_command->count;
    if (count && is_mark(&ret_command->words[0], '!'))
        return false;
    *ret_place = (struct shell_place){.begin = line.len, .text = TEXT(""), .quote = quoting.quote};
    const struct shell_word *last = count ? &ret_command->words[count - 1] : NULL;
    if (last && last->written.at + last->written.len == end &&
        !(count == 1 && is_mark(last, '$'))) {
        ret_place->begin = line.len - last->written.len;
        ret_place->text = last->text;
        ret_command->count--;
    }
    return true;
}

static bool is_readable(struct text t)
{
    char bytes[8 * SAFE_TEXT_GROWTH];
    while (t.len) {
        const struct text character = {t.at, text_utf8_len(t)};
        struct builder b = builder_on(bytes, sizeof(bytes));
        safe_text_put(&b, character);
        if (!character.len || !text_equal(builder_text(&b), character))
            return false;
        t = text_after(t, character.len);
    }
    return true;
}

static bool needs_quotes(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (is_one_of(t.at[i], TEXT(" \"'\\;&#!$*?[]")))
            return true;
    return false;
}

bool shell_words_put(struct builder *b, struct text t, char quote, bool is_open)
{
    const struct builder before = *b;
    if (!is_readable(t))
        return false;
    bool is_nothing = !t.len && !is_open; /* "" is a word, and what a word begins with none yet */
    if (!quote && (is_nothing || needs_quotes(t)))
        quote = '"';
    if (quote)
        builder_put_byte(b, quote);
    for (size_t i = 0; i < t.len; i++) {
        if (quote == '\'' && t.at[i] == '\'')
            builder_put(b, TEXT("'\\'")); /* closed, a quote, and open again */
        else if (quote == '"' && (t.at[i] == '"' || t.at[i] == '\\'))
            builder_put_byte(b, '\\');
        builder_put_byte(b, t.at[i]);
    }
    if (quote && !is_open)
        builder_put_byte(b, quote);
    if (b->full)
        b->len = before.len;
    return !b->full;
}
