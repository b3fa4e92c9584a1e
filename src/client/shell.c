/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/safe_name.h"
#include "client/secret_text.h"
#include "client/shell_edit.h"
#include "client/suggest.h"

enum {
    LOOK_MS = 200,         /* how often a wait for input looks whether it is to end */
    CANDIDATES_SIZE = 512, /* of the names that an abbreviation may stand for */
};

/* ---- What is said -------------------------------------------------------------------- */

__attribute__((format(printf, 3, 0))) static void put_line(struct shell *shell, FILE *file,
                                                           const char *format, va_list arguments)
{
    struct run *run = shell->run;
    pthread_mutex_lock(&run->lock);
    progress_clear(&run->progress);
    (void)vfprintf(file, format, arguments);
    (void)fputc('\n', file);
    pthread_mutex_unlock(&run->lock);
}

void shell_say(struct shell *shell, const char *format, ...)
{
    va_list arguments;
    if (shell->settings->verbose < 1)
        return;
    va_start(arguments, format);
    put_line(shell, stderr, format, arguments);
    va_end(arguments);
}

void shell_tell(struct shell *shell, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line(shell, stdout, format, arguments);
    va_end(arguments);
}

void shell_tell_of(struct shell *shell, struct text name, struct text words)
{
    char bytes[SHELL_SAID_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    safe_text_put(&b, name);
    builder_put(&b, TEXT(": "));
    safe_text_put(&b, words);
    shell_tell(shell, "%.*s", TEXT_ARGS(builder_text(&b)));
}

void shell_complain(struct shell *shell, const struct shell_call *call, const char *why)
{
    run_complain(shell->run, call->row->name, why, EXIT_STATUS_USAGE);
}

void shell_complain_of_use(struct shell *shell, const struct shell_call *call)
{
    char bytes[CANDIDATES_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, "usage: ");
    builder_put_string(&b, call->row->name);
    builder_put_byte(&b, ' ');
    builder_put_string(&b, call->row->words);
    shell_complain(shell, call, builder_end(&b));
}

void shell_count(struct shell *shell, const char *what, enum fault f)
{
    if (f)
        run_failed(shell->run, what, shell->here.remote, f);
    else
        run_succeeded(shell->run);
}

void shell_count_local(struct shell *shell, const char *what, enum fault f)
{
    if (f)
        run_failed(shell->run, what, NULL, f);
    else
        run_succeeded(shell->run);
}

/* ---- What is asked ----------------------------------------------------------------------- */

bool shell_ask(struct shell *shell, const char *question, char *answer, size_t size)
{
    if (!shell->edit || !run_pause(shell->run))
        return false;
    bool is_there = shell_edit_line(shell->edit, question, answer, size) == SHELL_EDIT_LINE;
    run_work(shell->run);
    return is_there && !run_is_interrupted(shell->run);
}

enum shell_answer shell_confirm(struct shell *shell, const char *what, struct text name, bool *asks)
{
    char question[SHELL_SAID_SIZE];
    char answer[16];
    if (!*asks || !shell->settings->interactive || !shell->edit)
        return SHELL_YES;
    for (;;) {
        struct builder b = builder_on(question, sizeof(question));
        builder_put_string(&b, what);
        builder_put_byte(&b, ' ');
        safe_text_put(&b, name);
        builder_put_string(&b, " [y/n/a/p/q]? ");
        if (!shell_ask(shell, builder_end(&b), answer, sizeof(answer)))
            return SHELL_QUIT;
        switch (text_upper(answer[0])) {
        case 'Y':
        case '\0': /* ftp(1): what is no "n" is yes */
            return SHELL_YES;
        case 'N':
            return SHELL_NO;
        case 'A':
            *asks = false;
            return SHELL_YES;
        case 'P': /* ftp(1): prompting off, from now on */
            shell->settings->interactive = false;
            shell_say(shell, "interactive: off");
            return SHELL_YES;
        case 'Q':
            return SHELL_QUIT;
        default:
            shell_say(
                shell,
                "y: yes, n: no, a: yes to all, p: yes, and no more questions (prompt), q: no more");
        }
    }
}

/* ---- Settings ---------------------------------------------------------------------------- */

void shell_take_settings(struct shell *shell)
{
    run_take_settings(shell->run);
    if (shell->here.site)
        site_change_settings(shell->here.site, shell->settings);
    if (shell->other.site)
        site_change_settings(shell->other.site, shell->settings);
}

void shell_set(struct shell *shell, const struct shell_call *call, const char *name,
               const char *value)
{
    char message[SETTINGS_MESSAGE_SIZE];
    char bytes[SETTINGS_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!settings_set(shell->settings, text_of(name), text_of(value), message)) {
        shell_complain(shell, call, message);
        return;
    }
    shell_take_settings(shell);
    (void)settings_put(shell->settings, text_of(name), &b);
    shell_say(shell, "%s: %.*s", name, TEXT_ARGS(builder_text(&b)));
}

/* ---- One command --------------------------------------------------------------------------- */

static void put_candidates(struct builder *b, struct text name)
{
    builder_put_string(b, "may be");
    char separator = ' ';
    for (const struct shell_row *row = shell_rows; row->name; row++) {
        struct text beginning = {row->name, name.len};
        if (strlen(row->name) < name.len || !text_equal_any_case(name, beginning))
            continue;
        builder_put_byte(b, separator);
        builder_put_string(b, separator == ' ' ? "" : " ");
        builder_put_string(b, row->name);
        separator = ',';
    }
}

void shell_complain_of_name(struct shell *shell, struct text name, enum shell_found found)
{
    char shown[CANDIDATES_SIZE];
    char why[CANDIDATES_SIZE];
    struct builder b = builder_on(shown, sizeof(shown));
    struct builder reason = builder_on(why, sizeof(why));
    secret_put_url(&b, name);
    if (found == SHELL_AMBIGUOUS) {
        put_candidates(&reason, name);
    } else if (run_is_url(name.at)) {
        builder_put_string(&reason, "is no command; open URL connects");
    } else {
        struct suggestion suggestion = suggest_for(name);
        for (const struct shell_row *row = shell_rows; row->name; row++)
            suggest_offer(&suggestion, text_of(row->name));
        builder_put_string(&reason, "no such command");
        builder_put_string(&reason, suggestion.name.len ? "; did you mean " : "; help lists them");
        builder_put(&reason, suggestion.name);
        builder_put_string(&reason, suggestion.name.len ? "?" : "");
    }
    run_complain(shell->run, builder_end(&b), builder_end(&reason), EXIT_STATUS_USAGE);
}

/* Commands that take names take those of the server that they are done with, and ours. */
static bool has_url(const struct shell_call *call)
{
    const struct shell_row *row = call->row;
    bool takes_names = row->first == SHELL_REMOTE || row->rest == SHELL_REMOTE ||
                       row->first == SHELL_LOCAL || row->rest == SHELL_LOCAL;
    takes_names = takes_names && (row->flags & SHELL_SERVER); /* "proxy open URL" has its own */
    for (size_t i = 0; takes_names && i < call->count; i++)
        if (run_is_url(call->words[i].text.at))
            return true;
    return false;
}

void shell_do(struct shell *shell, const struct shell_word *words, size_t count, bool is_background)
{
    const struct shell_row *row = NULL;
    enum shell_found found = shell_find_row(words[0].text, &row);
    struct shell_call call = {row, words + 1, count - 1, is_background};
    if (found != SHELL_FOUND) {
        shell_complain_of_name(shell, words[0].text, found);
        return;
    }
    if (call.count < row->words_min || call.count > row->words_max) {
        shell_complain_of_use(shell, &call);
        return;
    }
    if (is_background && !(row->flags & SHELL_BACKGROUND)) {
        shell_complain(shell, &call, "is not done in the background");
        return;
    }
    if (has_url(&call)) {
        shell_complain(shell, &call,
                       "takes names, no URLs; open URL connects, and ferry(1) has commands for "
                       "the command line that take URLs");
        return;
    }
    if (shell->depth == SHELL_DEPTH_MAX) {
        shell_complain(shell, &call, "too many commands within each other");
        return;
    }
    if ((row->flags & SHELL_SERVER) && !shell_connect(shell))
        return;
    shell->depth++;
    row->act(shell, &call);
    shell->depth--;
    if ((row->flags & SHELL_SERVER) && shell->here.cache) /* it may have changed something */
        listing_cache_forget(shell->here.cache);
}

/* ---- Lines ---------------------------------------------------------------------------- */

static void record_line(struct shell *shell, struct text line)
{
    enum fault f = macros_record_line(shell->macros, line);
    if (f)
        shell_count_local(shell, "macdef", f);
}

void shell_do_line(struct shell *shell, struct text line)
{
    char message[SHELL_WORDS_MESSAGE_SIZE];
    enum shell_words_result result = SHELL_WORDS_COMMAND;
    if (macros_is_recording(shell->macros)) {
        record_line(shell, line);
        return;
    }
    struct shell_command *command = memory_new(sizeof(*command));
    if (!command) {
        shell_count_local(shell, "line", FAULT_NO_MEMORY);
        return;
    }
    while (result == SHELL_WORDS_COMMAND && !shell->is_ending && !run_is_interrupted(shell->run)) {
        result = shell_words_take(&line, command, message);
        if (result == SHELL_WORDS_COMMAND && command->count)
            shell_do(shell, command->words, command->count, command->is_background);
    }
    if (result == SHELL_WORDS_MALFORMED)
        run_complain(shell->run, "line", message, EXIT_STATUS_USAGE);
    memory_free_secret(command, sizeof(*command)); /* passwords are words, too */
}

/* Of one that was interrupted: the next reply would be taken for another one's. */
static bool drop_broken(struct shell *shell, struct shell_session *session, bool is_usable)
{
    if (!session->remote || (is_usable && remote_is_alive(session->remote)))
        return false;
    shell_session_drop(shell, session);
    return true;
}

/* A person is waited for again. */
static void rest(struct shell *shell)
{
    bool was_interrupted = run_is_interrupted(shell->run);
    bool is_usable = run_rest(shell->run);
    bool here = was_interrupted && drop_broken(shell, &shell->here, is_usable);
    bool other = was_interrupted && drop_broken(shell, &shell->other, is_usable);
    if (here || other)
        shell_say(shell, "The connection was closed.");
}

/* A line that came from outside: what goes on until it is done can be interrupted. */
static void do_line(struct shell *shell, struct text line)
{
    run_work(shell->run);
    shell_do_line(shell, line);
    (void)fflush(stdout);
    rest(shell);
    if (shell->settings->bell && shell->edit)
        (void)fputc('\a', stderr);
}

/* Is it a command for the server with a secret in it, whatever row has it sent? */
static bool is_secret_command(const char *before, const struct shell_word *words, size_t count)
{
    char bytes[SHELL_PATH_SIZE]; /* more than this cannot be sent */
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text shown;
    builder_put_string(&b, before);
    for (size_t i = 0; i < count; i++) {
        builder_put(&b, words[i].text);
        builder_put_byte(&b, ' ');
    }
    bool is = secret_in_command(text_trim(builder_text(&b)), &shown);
    explicit_bzero(bytes, sizeof(bytes));
    return is;
}

/* Are the words of a row's command secrets, or could they be? `count` with its name. */
static bool row_has_secret(const struct shell_row *row, const struct shell_word *words,
                           size_t count)
{
    uint64_t port;
    if (row->act == shell_act_quote)
        return is_secret_command("", words + 1, count - 1);
    if (row->act == shell_act_site)
        return is_secret_command("SITE ", words + 1, count - 1);
    if (row->act == shell_act_open) /* a user and a password are none of its words */
        return count > 2 && !text_to_number(words[2].text, UINT16_MAX, &port);
    bool has_more = row->act != shell_act_user || count > 2;
    return (row->flags & SHELL_SECRET) && has_more;
}

/* Is a command in the line one whose words may be secrets, or a URL with a password? */
static bool has_secret(const struct shell_word *words, size_t count)
{
    const struct text name = words[0].text;
    for (size_t i = 0; i < count; i++)
        if (secret_in_url(words[i].text).len)
            return true;
    if (is_secret_command("", words, count)) /* without the "quote" that it needs here */
        return true;
    for (const struct shell_row *row = shell_rows; count > 1 && row->name; row++) {
        struct text beginning = {row->name, name.len}; /* that of several may become one */
        bool may_be = name.len <= strlen(row->name) && text_equal_any_case(name, beginning);
        if (may_be && (row->act == shell_act_proxy ? has_secret(words + 1, count - 1)
                                                   : row_has_secret(row, words, count)))
            return true;
    }
    return false;
}

bool shell_may_keep(struct text line)
{
    char message[SHELL_WORDS_MESSAGE_SIZE];
    struct shell_command *command = memory_new(sizeof(*command));
    enum shell_words_result result = SHELL_WORDS_COMMAND;
    bool is_fine = command != NULL;
    while (is_fine && result == SHELL_WORDS_COMMAND) {
        result = shell_words_take(&line, command, message);
        if (result == SHELL_WORDS_COMMAND && command->count)
            is_fine = !has_secret(command->words, command->count);
    }
    memory_free_secret(command, sizeof(*command));
    return is_fine && result == SHELL_WORDS_END;
}

/* ---- Where lines come from ------------------------------------------------------------ */

/* Where nothing is said for long, servers and what is on the way close the connection. */
static void keep_alive(struct shell *shell, int64_t *said_ms)
{
    int64_t now_ms = clock_running_ms();
    int64_t period_ms = (int64_t)shell->settings->keep_alive_s * 1000;
    if (!period_ms || now_ms - *said_ms < period_ms)
        return;
    *said_ms = now_ms;
    if (shell->here.remote) /* what has broken is told and mended by the next command */
        (void)remote_keep_alive(shell->here.remote);
    if (shell->other.remote)
        (void)remote_keep_alive(shell->other.remote);
}

/* A job has ended, or we were stopped and go on: the line that is typed is drawn again below. */
static void refresh(struct shell *shell, bool was_stopped)
{
    bool has_news = shell_jobs_have_news(shell);
    if (!has_news && !was_stopped)
        return;
    shell_edit_leave_line();
    shell_jobs_look(shell, false, 0);
    shell_edit_draw_line(shell->edit);
}

bool shell_read_byte(struct shell *shell, char *ret_byte)
{
    struct pollfd wait = {STDIN_FILENO, POLLIN, 0};
    int64_t said_ms = clock_running_ms();
    while (!run_is_interrupted(shell->run)) {
        int count = poll(&wait, 1, LOOK_MS);
        if (count > 0)
            return read(STDIN_FILENO, ret_byte, 1) == 1;
        if (shell->edit)
            refresh(shell, count < 0 && errno == EINTR);
        keep_alive(shell, &said_ms);
    }
    return false;
}

/* False: there is no more. The last line may have no end. */
static bool read_line(struct shell *shell, char line[SHELL_LINE_MAX], struct text *ret_line)
{
    size_t len = 0;
    char byte = '\0';
    bool is_there = false;
    while (byte != '\n' && shell_read_byte(shell, &byte)) {
        is_there = true;
        if (byte != '\n' && len < SHELL_LINE_MAX)
            line[len] = byte;
        len += byte != '\n';
    }
    if (len > SHELL_LINE_MAX) {
        run_complain(shell->run, "line", "is too long", EXIT_STATUS_USAGE);
        len = 0;
    }
    *ret_line = (struct text){line, len};
    if (len && line[len - 1] == '\r') /* a script from elsewhere */
        ret_line->len--;
    return is_there && !run_is_interrupted(shell->run);
}

static void read_script(struct shell *shell)
{
    static char line[SHELL_LINE_MAX];
    struct text text;
    while (!shell->is_ending && read_line(shell, line, &text))
        do_line(shell, text);
    if (macros_is_recording(shell->macros))
        (void)macros_record_end(shell->macros);
}

/* What %d and %h say is the server's, or was typed: fit for a terminal before it is shown. */
static void put_prompt(struct shell *shell, struct builder *b)
{
    const struct shell_session *here = &shell->here;
    struct text format = text_of(shell->settings->prompt);
    if (macros_is_recording(shell->macros)) {
        builder_put_string(b, "macro> ");
        return;
    }
    if (!here->site) {
        builder_put_string(b, "ferry> ");
        return;
    }
    for (size_t i = 0; i < format.len; i++) {
        char letter = format.at[i] == '%' && i + 1 < format.len ? format.at[++i] : '\0';
        if (letter == 'h')
            safe_text_put(b, text_of(site_url(here->site)->host));
        else if (letter == 'u')
            safe_text_put(b, text_of(site_remote(here->site)->user));
        else if (letter == 'd')
            safe_text_put(b,
                          here->remote ? remote_directory(here->remote) : text_of(here->directory));
        else
            builder_put_byte(b, format.at[i]);
    }
}

static void read_terminal(struct shell *shell)
{
    static char line[SHELL_LINE_MAX + 1];
    static char prompt[SHELL_SAID_SIZE];
    while (!shell->is_ending && !run_is_interrupted(shell->run)) {
        struct builder b = builder_on(prompt, sizeof(prompt));
        put_prompt(shell, &b);
        shell_jobs_look(shell, false, 0);
        switch (shell_edit_line(shell->edit, builder_end(&b), line, sizeof(line))) {
        case SHELL_EDIT_LINE:
            if (!macros_is_recording(shell->macros) && shell_may_keep(text_of(line)))
                shell_edit_keep(shell->edit, line);
            do_line(shell, text_of(line));
            break;
        case SHELL_EDIT_INTERRUPTED:
            macros_record_drop(shell->macros);
            break;
        case SHELL_EDIT_END: /* of a macro first, which an empty line ends */
            do_line(shell, macros_is_recording(shell->macros) ? TEXT("") : TEXT("bye"));
            break;
        }
    }
}

static void open_target(struct shell *shell, const char *target, const char *port)
{
    const struct shell_row *row = NULL;
    (void)shell_find_row(TEXT("open"), &row);
    const struct shell_call call = {.row = row};
    run_work(shell->run);
    shell_open(shell, &call, target, port);
    rest(shell);
}

static void work(struct shell *shell, const char *target, const char *port, const char *commands)
{
    bool is_terminal = !commands && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    shell->run->is_interactive = is_terminal;
    if (is_terminal && !shell_edit_new(shell, &shell->edit)) {
        shell_count_local(shell, "terminal", FAULT_NO_MEMORY);
        return;
    }
    if (target)
        open_target(shell, target, port);
    if (commands)
        do_line(shell, text_of(commands));
    else if (shell->edit)
        read_terminal(shell);
    else
        read_script(shell);
}

void shell_run(struct run *run, const char *target, const char *port, const char *commands)
{
    struct shell *shell = memory_new(sizeof(*shell));
    if (!shell || macros_new(&shell->macros)) {
        run_failed(run, "shell", NULL, FAULT_NO_MEMORY);
        memory_free(shell);
        return;
    }
    shell->run = run;
    shell->settings = &run->invocation->settings;
    (void)run_rest(run);
    work(shell, target, port, commands);
    if (run_is_interrupted(run))
        shell_jobs_end(shell);
    shell_jobs_look(shell, true, 0);
    if (shell->edit && !run_is_interrupted(run)) { /* a person has seen what went wrong */
        run->failed = 0;
        run->done = 1;
    }
    shell_edit_free(shell->edit);
    shell_session_close(shell, &shell->other);
    shell_session_close(shell, &shell->here);
    macros_free(shell->macros);
    memory_free_secret(shell, sizeof(*shell));
}
