/* SPDX-License-Identifier: Apache-2.0 */
/* client/macros: a call on the first line, the macro behind it; arguments stay one word each. */
#include "client/macros.h"
#include "tests/fuzz/fuzz.h"

static struct shell_command call;
static struct shell_command again;
static char line[SHELL_LINE_MAX];

/* "x $1", "x "$1"", "x '$1'": each time the second word is the argument. */
static void check_argument(struct macros *macros)
{
    struct macro_play play;
    char message[SHELL_WORDS_MESSAGE_SIZE];
    PROMISE(!macros_define(macros, TEXT("m"), TEXT("x $1\nx \"$1\"\nx '$1'\n")));
    struct shell_word args[] = {{.text = TEXT("m")}, call.words[call.count - 1]};
    PROMISE(!macro_play_begin(macros, args, 2, &play));
    for (int i = 0; i < 3; i++) {
        struct builder b = builder_on(line, sizeof(line));
        if (macro_play_line(&play, &b))
            break;
        struct text rest = builder_text(&b);
        PROMISE(shell_words_take(&rest, &again, message) == SHELL_WORDS_COMMAND);
        PROMISE(again.count == 2 && text_equal(again.words[1].text, args[1].text));
        PROMISE(i || text_equal(again.words[1].pattern, args[1].pattern));
    }
    macro_play_end(&play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text lines = {(const char *)data, size};
    struct text rest = text_take_until(&lines, '\n');
    struct macros *macros;
    struct macro_play play;
    char message[SHELL_WORDS_MESSAGE_SIZE];
    if (shell_words_take(&rest, &call, message) != SHELL_WORDS_COMMAND ||
        text_equal(call.words[0].text, TEXT("!")) || macros_new(&macros))
        return 0;
    check_argument(macros);
    if (!macros_define(macros, call.words[0].text, lines) &&
        !macro_play_begin(macros, call.words, call.count, &play)) {
        size_t count = 0;
        struct builder b = builder_on(line, sizeof(line));
        for (; !macro_play_line(&play, &b); count++)
            b = builder_on(line, sizeof(line));
        PROMISE(count <= lines.len * call.count);
        macro_play_end(&play);
    }
    macros_free(macros);
    return 0;
}
