/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell_edit.h"

#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/bookmarks.h"
#include "client/completion.h"
#include "client/safe_name.h"
#include "client/shell.h"

enum {
    HISTORY_MAX = 100 * 1000, /* lines; what the setting takes at most */
    SHOWN_MAX = 1000,         /* matches of a completion; more are counted alone */
    NOT_A_CHARACTER = 0xFFFD,
};

struct shell_edit {
    struct shell *shell; /* borrowed: our owner */
    EditLine *line;      /* owned */
    History *history;    /* owned; NULL: nothing is remembered */
    const char *prompt;  /* borrowed: of the line that is being typed */
    bool was_interrupted;
    char **kept; /* owned, and each: lines of this session, for the file */
    size_t kept_count;
};

static struct shell_edit *edit_of(EditLine *line)
{
    void *edit = NULL;
    (void)el_get(line, EL_CLIENTDATA, &edit);
    return edit;
}

/* ---- What libedit asks for ----------------------------------------------------------------- */

static char *give_prompt(EditLine *line)
{
    return (char *)edit_of(line)->prompt;
}

/* 0: the end. Bytes that are no UTF-8 cannot be edited. */
static int read_character(EditLine *line, wchar_t *ret_character)
{
    struct shell *shell = edit_of(line)->shell;
    mbstate_t state = {0};
    char byte;
    while (shell_read_byte(shell, &byte)) {
        size_t result = mbrtowc(ret_character, &byte, 1, &state);
        if (result == (size_t)-2)
            continue;
        if (result == (size_t)-1)
            *ret_character = NOT_A_CHARACTER;
        return 1;
    }
    return 0;
}

/* Ctrl-C reaches us as a character: CC_EOF ends the line, and what it was is remembered. */
static unsigned char on_interrupt(EditLine *line, int character)
{
    (void)character;
    edit_of(line)->was_interrupted = true;
    return CC_EOF;
}

/* ---- Completion ----------------------------------------------------------------------- */

static void add_bookmarks(struct completion *completion)
{
    struct bookmarks bookmarks;
    struct bookmark bookmark;
    char message[KEPT_MESSAGE_SIZE];
    if (!bookmarks_open(&bookmarks, NULL, message)) {
        struct text rest = kept_file_text(&bookmarks.lines.file);
        while (bookmarks_next(&rest, &bookmark))
            (void)completion_add_name(completion, bookmark.name);
    }
    bookmarks_close(&bookmarks);
}

/* What cannot be had is not offered: nobody asked for a message. */
static void add_kind(struct shell *shell, enum shell_kind kind, struct completion *completion)
{
    struct text name;
    struct text lines;
    switch (kind) {
    case SHELL_NOTHING:
        return;
    case SHELL_COMMAND:
        for (const struct shell_row *row = shell_rows; row->name; row++)
            (void)completion_add_name(completion, text_of(row->name));
        return;
    case SHELL_LOCAL:
        (void)completion_add_local(completion);
        return;
    case SHELL_REMOTE:
        if (shell->here.remote && remote_is_alive(shell->here.remote))
            (void)completion_add_remote(completion, shell->here.cache, shell->here.remote,
                                        clock_running_ms());
        return;
    case SHELL_SETTING:
        for (const struct setting *setting = settings_rows; setting->name; setting++)
            (void)completion_add_name(completion, text_of(setting->name));
        return;
    case SHELL_BOOKMARK:
        add_bookmarks(completion);
        return;
    case SHELL_MACRO:
        for (size_t i = 0; macros_at(shell->macros, i, &name, &lines); i++)
            (void)completion_add_name(completion, name);
        return;
    }
}

static enum shell_kind kind_of(const struct shell_word *words, size_t count)
{
    const struct shell_row *row;
    if (!count)
        return SHELL_COMMAND;
    if (shell_find_row(words[0].text, &row) != SHELL_FOUND)
        return SHELL_NOTHING;
    if (row->act == shell_act_proxy)
        return kind_of(words + 1, count - 1);
    return count == 1 ? row->first : row->rest;
}

/* In columns, each as wide as the widest. */
static void show_matches(const struct completion *completion)
{
    enum { USUAL = 80, GAP = 2 };
    struct winsize size;
    size_t columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                                 : USUAL;
    size_t count = completion_count(completion);
    size_t widest = 1;
    (void)fputc('\n', stdout);
    if (count > SHOWN_MAX) {
        (void)printf("%zu names fit.\n", count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t width = progress_columns(completion_shown(completion, i));
        widest = width > widest ? width : widest;
    }
    size_t across = columns / (widest + GAP) ? columns / (widest + GAP) : 1;
    size_t lines = (count + across - 1) / across;
    for (size_t line = 0; line < lines; line++) {
        for (size_t i = line; i < count; i += lines) {
            struct text shown = completion_shown(completion, i);
            (void)printf("%.*s", TEXT_ARGS(shown));
            for (size_t w = progress_columns(shown); w < widest + GAP && i + lines < count; w++)
                (void)fputc(' ', stdout);
        }
        (void)fputc('\n', stdout);
    }
}

/* Puts what is certain in the word's place; shows the matches where that is nothing new. */
static unsigned char use(EditLine *line, const struct completion *completion,
                         const struct shell_place *place, struct text before)
{
    char bytes[SHELL_LINE_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text old = text_after(before, place->begin);
    if (!completion_put(completion, place, &b))
        return CC_ERROR;
    builder_end(&b);
    if (b.full)
        return CC_ERROR;
    if (text_equal(builder_text(&b), old) && completion_count(completion) > 1) {
        show_matches(completion);
        return CC_REDISPLAY;
    }
    int characters = 0; /* what libedit counts */
    for (struct text rest = old; rest.len; characters++)
        rest = text_after(rest, text_utf8_len(rest) ? text_utf8_len(rest) : 1);
    el_deletestr(line, characters);
    return el_insertstr(line, bytes) ? CC_ERROR : CC_REFRESH;
}

static unsigned char on_complete(EditLine *line, int character)
{
    struct shell *shell = edit_of(line)->shell;
    const LineInfo *info = el_line(line);
    struct text before = {info->buffer, (size_t)(info->cursor - info->buffer)};
    struct shell_command *command = memory_new(sizeof(*command));
    struct completion *completion = NULL;
    struct shell_place place;
    unsigned char result = CC_ERROR;
    (void)character;
    if (command && shell_words_find_place(before, command, &place) &&
        !completion_new(place.text, &completion)) {
        add_kind(shell, kind_of(command->words, command->count), completion);
        completion_sort(completion);
        result = use(line, completion, &place, before);
    }
    completion_free(completion);
    memory_free_secret(command, sizeof(*command));
    return result;
}

/* ---- History -------------------------------------------------------------------------- */

static void enter(struct shell_edit *edit, const char *line)
{
    HistEvent event;
    if (edit->history)
        (void)history(edit->history, &event, H_ENTER, line);
}

static void read_history(struct shell_edit *edit)
{
    char path[KEPT_PATH_SIZE];
    char line[SHELL_LINE_MAX + 1];
    struct kept_file file;
    if (kept_file_state_path("history", path) || kept_file_read(path, &file))
        return;
    for (struct text rest = kept_file_text(&file); rest.len;) {
        struct builder b = builder_on(line, sizeof(line));
        builder_put(&b, text_take_until(&rest, '\n'));
        builder_end(&b);
        if (b.len && !b.full)
            enter(edit, line);
    }
    kept_file_done(&file);
}

/* The end of what other ferrys left and of what was typed here: as many lines as are wanted. */
static enum fault rewrite_history(void *context, const struct kept_file *file, struct builder *b)
{
    const struct shell_edit *edit = context;
    size_t limit = edit->shell->settings->history;
    size_t old = 0;
    struct text rest = kept_file_text(file);
    for (size_t i = 0; i < rest.len; i++)
        old += rest.at[i] == '\n';
    size_t skipped = old + edit->kept_count > limit ? old + edit->kept_count - limit : 0;
    for (; rest.len && skipped && old; skipped--, old--)
        (void)text_take_until(&rest, '\n');
    builder_put(b, rest);
    for (size_t i = old ? 0 : skipped; i < edit->kept_count; i++) {
        builder_put_string(b, edit->kept[i]);
        builder_put_byte(b, '\n');
    }
    return b->full ? FAULT_TOO_LARGE : FAULT_NONE;
}

static void write_history(struct shell_edit *edit)
{
    char path[KEPT_PATH_SIZE];
    enum fault f = kept_file_state_path("history", path);
    if (!edit->kept_count || f == FAULT_NOT_FOUND) /* nobody's home */
        return;
    if (!f)
        f = kept_file_change(path, rewrite_history, edit);
    if (f)
        shell_count_local(edit->shell, "history", f);
}

void shell_edit_keep(struct shell_edit *edit, const char *line)
{
    size_t limit = edit->shell->settings->history;
    if (!line[0] || !limit)
        return;
    enter(edit, line);
    if (edit->kept_count == limit || edit->kept_count == HISTORY_MAX) { /* the oldest goes */
        memory_free(edit->kept[0]);
        memmove(edit->kept, edit->kept + 1, --edit->kept_count * sizeof(edit->kept[0]));
    }
    char **kept = memory_resize(edit->kept, edit->kept_count + 1, sizeof(edit->kept[0]));
    char *copy = kept ? memory_copy(line, strlen(line)) : NULL;
    edit->kept = kept ? kept : edit->kept;
    if (copy)
        edit->kept[edit->kept_count++] = copy;
}

/* ---- Life ----------------------------------------------------------------------------- */

static void open_history(struct shell_edit *edit)
{
    HistEvent event;
    uint64_t limit = edit->shell->settings->history;
    edit->history = limit ? history_init() : NULL;
    if (!edit->history)
        return;
    (void)history(edit->history, &event, H_SETSIZE, (int)limit);
    (void)history(edit->history, &event, H_SETUNIQUE, 1); /* twice in a row is once */
    (void)el_set(edit->line, EL_HIST, history, edit->history);
    read_history(edit);
}

bool shell_edit_new(struct shell *shell, struct shell_edit **ret_edit)
{
    struct shell_edit *edit = memory_new(sizeof(*edit));
    if (!edit)
        return false;
    /* What is shown is UTF-8 everywhere in ferry; libedit asks the locale. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    edit->shell = shell;
    edit->line = el_init("ferry", stdin, stdout, stderr);
    if (!edit->line) {
        memory_free(edit);
        return false;
    }
    (void)el_set(edit->line, EL_CLIENTDATA, edit);
    (void)el_set(edit->line, EL_PROMPT, give_prompt);
    (void)el_set(edit->line, EL_GETCFN, read_character);
    (void)el_set(edit->line, EL_EDITOR, "emacs");
    (void)el_set(edit->line, EL_SIGNAL, 1);                  /* Ctrl-Z, and windows that change */
    (void)el_set(edit->line, EL_SETTY, "-d", "-intr", NULL); /* Ctrl-C is a key while one types */
    (void)el_wset(edit->line, EL_ADDFN, L"ferry-interrupt", L"Drops the line", on_interrupt);
    (void)el_wset(edit->line, EL_ADDFN, L"ferry-complete", L"Completes a word", on_complete);
    (void)el_set(edit->line, EL_BIND, "^C", "ferry-interrupt", NULL);
    (void)el_set(edit->line, EL_BIND, "^I", "ferry-complete", NULL);
    /* A Ctrl-D typed before the prompt is there is a NUL by then (Linux's terminals), which libedit
     * has for the key that is switched off: the one that quotes what follows. */
    (void)el_set(edit->line, EL_BIND, "^@", "em-set-mark", NULL);
    (void)el_set(edit->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    open_history(edit);
    (void)el_source(edit->line, NULL); /* ~/.editrc: whose keys they are says what they do */
    *ret_edit = edit;
    return true;
}

void shell_edit_free(struct shell_edit *edit)
{
    if (!edit)
        return;
    write_history(edit);
    el_end(edit->line);
    if (edit->history)
        history_end(edit->history);
    for (size_t i = 0; i < edit->kept_count; i++)
        memory_free(edit->kept[i]);
    memory_free(edit->kept);
    memory_free(edit);
}

void shell_edit_leave_line(void)
{
    (void)fputs("\r\x1B[K", stdout); /* ECMA-48 8.3.41 */
    (void)fflush(stdout);
}

void shell_edit_draw_line(struct shell_edit *edit)
{
    (void)fflush(stdout);
    (void)el_set(edit->line, EL_REFRESH);
}

enum shell_edit_result shell_edit_line(struct shell_edit *edit, const char *prompt, char *line,
                                       size_t size)
{
    int count = 0;
    struct builder b = builder_on(line, size);
    edit->prompt = prompt;
    edit->was_interrupted = false;
    const char *typed = el_gets(edit->line, &count);
    if (!typed || count <= 0) {
        (void)fputs(edit->was_interrupted ? "^C\n" : "\n", stdout);
        (void)fflush(stdout);
        return edit->was_interrupted ? SHELL_EDIT_INTERRUPTED : SHELL_EDIT_END;
    }
    struct text rest = {typed, strlen(typed)};
    builder_put(&b, text_take_until(&rest, '\n'));
    builder_end(&b);
    if (!b.full)
        return SHELL_EDIT_LINE;
    shell_say(edit->shell, "The line is too long.");
    return SHELL_EDIT_INTERRUPTED;
}
