/* SPDX-License-Identifier: Apache-2.0 */
/* client/shell_words: words lie where they should, and what is quoted is one word again. */
#include "client/shell_words.h"
#include "tests/fuzz/fuzz.h"

static struct shell_command command;
static struct shell_command again;

static void check_quoted(struct text t, char quote)
{
    static char bytes[5 * SHELL_LINE_MAX];
    char message[SHELL_WORDS_MESSAGE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, TEXT("x ")); /* a mark at the start would be a word of its own */
    if (!shell_words_put(&b, t, quote, false) || b.len > SHELL_LINE_MAX)
        return;
    struct text line = builder_text(&b);
    PROMISE(shell_words_take(&line, &again, message) == SHELL_WORDS_COMMAND);
    PROMISE(again.count == 2 && !again.is_background && !line.len);
    PROMISE(text_equal(again.words[1].text, t) && !again.words[1].pattern.at);
}

static void check_word(const struct shell_word *word)
{
    PROMISE(word->text.at >= command.bytes && word->text.at[word->text.len] == '\0');
    PROMISE(word->text.at + word->text.len < command.bytes + command.used);
    PROMISE(!word->pattern.at || word->pattern.at[word->pattern.len] == '\0');
    PROMISE(command.used <= sizeof(command.bytes));
    check_quoted(word->text, '\0');
    check_quoted(word->text, '"');
    check_quoted(word->text, '\'');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text line = {(const char *)data, size};
    struct text rest = line;
    char message[SHELL_WORDS_MESSAGE_SIZE];
    struct shell_place place;
    while (shell_words_take(&rest, &command, message) == SHELL_WORDS_COMMAND) {
        PROMISE(command.count && command.count <= SHELL_WORDS_MAX);
        for (size_t i = 0; i < command.count && i < 8; i++)
            check_word(&command.words[i]);
    }
    if (shell_words_find_place(line, &command, &place)) {
        PROMISE(place.begin <= size && command.count < SHELL_WORDS_MAX);
        check_quoted(place.text, place.quote);
    }
    return 0;
}
