/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories of the server, but for their bytes. */
#include <stdlib.h>
#include <time.h>

#include "base/pattern.h"
#include "client/commands.h"
#include "client/safe_name.h"
#include "client/shell.h"
#include "protocol/facts.h"

enum { LISTED_LINE_MAX = 16 * 1024 }; /* of a listing; a longer one is shown as several */

/* ---- Names there ------------------------------------------------------------------------- */

bool shell_expand(struct shell *shell, struct remote *remote, const struct shell_word *word,
                  struct remote_names *ret_names)
{
    char literal[SHELL_PATH_SIZE];
    struct builder b = builder_on(literal, sizeof(literal));
    bool is_pattern = shell->settings->glob && word->pattern.at;
    if (!is_pattern)
        pattern_put_literal(&b, word->text);
    enum fault f = b.full ? FAULT_NAME_INVALID
                          : remote_names_expand(
                                remote, is_pattern ? word->pattern : builder_text(&b), ret_names);
    if (f == FAULT_NOT_FOUND)
        run_complain(shell->run, word->text.at, "nothing fits", EXIT_STATUS_NOT_FOUND);
    else if (f)
        run_failed(shell->run, word->text.at, remote, f);
    return !f;
}

bool shell_remote_path(struct shell *shell, const char *word, char path[SHELL_PATH_SIZE])
{
    struct builder b = builder_on(path, SHELL_PATH_SIZE);
    struct text directory = remote_directory(shell->here.remote);
    if (word[0] != '/') {
        builder_put(&b, directory);
        if (directory.len && directory.at[directory.len - 1] != '/' && word[0])
            builder_put_byte(&b, '/');
    }
    builder_put_string(&b, word);
    builder_end(&b);
    if (b.full)
        shell_count_local(shell, word, FAULT_NAME_INVALID);
    return !b.full;
}

/* ---- ls: what we make of it ------------------------------------------------------------------ */

static void report_entries(struct shell *shell, const char *path, const struct entries *entries,
                           FILE *file)
{
    struct run *run = shell->run;
    pthread_mutex_lock(&run->lock);
    struct report report = run->report;
    report.out = file;
    report.is_coloured = report.is_coloured && file == stdout;
    for (size_t i = 0; i < entries->count; i++)
        report_entry(&report, text_of(path), &entries->all[i]);
    pthread_mutex_unlock(&run->lock);
    run_succeeded(run);
}

static void list(struct shell *shell, const struct shell_word *word, FILE *file)
{
    struct entries entries = {0};
    struct remote_names names;
    const char *path = word ? word->text.at : "";
    if (word && word->pattern.at && shell->settings->glob) {
        if (!shell_expand(shell, shell->here.remote, word, &names))
            return;
        report_entries(shell, names.directory, &names.entries, file);
        remote_names_clear(&names);
        return;
    }
    enum fault f = list_entries(shell->here.remote, path, &entries);
    if (f)
        shell_count(shell, path[0] ? path : "ls", f);
    else
        report_entries(shell, path, &entries, file);
    entries_clear(&entries);
}

/* Fingers write `ls -l`; ours is a long one, of everything that the server tells. */
void shell_act_ls(struct shell *shell, const struct shell_call *call)
{
    struct shell_output output;
    size_t at = call->count && call->words[0].text.at[0] == '-' && call->words[0].text.len > 1;
    const char *into = call->count > at + 1 ? call->words[at + 1].text.at : NULL;
    if (!shell_output_open(shell, into, &output))
        return;
    list(shell, call->count > at ? &call->words[at] : NULL, output.file);
    shell_output_close(shell, &output, into);
}

/* ---- dir, nlist, mlsd: what the server says ------------------------------------------- */

/* Lines that come: to a terminal fit for it, to a file as they are. */
struct shown {
    struct stream stream;
    FILE *file; /* borrowed */
    size_t len;
    char line[LISTED_LINE_MAX];
};

static void show_line(struct shown *shown)
{
    static char bytes[SAFE_TEXT_GROWTH * LISTED_LINE_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    safe_text_put(&b, (struct text){shown->line, shown->len});
    (void)fprintf(shown->file, "%.*s\n", TEXT_ARGS(builder_text(&b)));
    shown->len = 0;
}

static enum fault shown_write(struct stream *stream, const void *bytes, size_t len)
{
    struct shown *shown = (struct shown *)stream;
    const char *at = bytes;
    if (shown->file != stdout)
        return fwrite(bytes, 1, len, shown->file) == len ? FAULT_NONE : FAULT_IO;
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '\n' || shown->len == sizeof(shown->line))
            show_line(shown);
        if (at[i] != '\n')
            shown->line[shown->len++] = at[i];
    }
    return FAULT_NONE;
}

static void shown_close(struct stream *stream)
{
    struct shown *shown = (struct shown *)stream;
    if (shown->len)
        show_line(shown);
}

static void show_listing(struct shell *shell, const char *verb, struct text path, FILE *file)
{
    static const struct stream_type type = {.write = shown_write, .close = shown_close};
    struct shown shown = {.stream = {.type = &type, .fd = -1}, .file = file};
    struct stream *stream = &shown.stream;
    enum fault f = remote_list_lines(shell->here.remote, verb, path, stream);
    stream_close(&stream);
    shell_count(shell, path.len ? path.at : verb, f);
}

static const char *verb_of(const char *row)
{
    return strcmp(row, "mlsd") == 0 ? "MLSD" : strstr(row, "dir") ? "LIST" : "NLST";
}

void shell_act_nlist(struct shell *shell, const struct shell_call *call)
{
    struct shell_output output;
    const char *into = call->count > 1 ? call->words[1].text.at : NULL;
    if (!shell_output_open(shell, into, &output))
        return;
    show_listing(shell, verb_of(call->row->name), call->count ? call->words[0].text : TEXT_NONE,
                 output.file);
    shell_output_close(shell, &output, into);
}

/* mdir, mls: the last word is the file here, when there are several. */
void shell_act_mlists(struct shell *shell, const struct shell_call *call)
{
    struct shell_output output;
    size_t count = call->count > 1 ? call->count - 1 : 1;
    const char *into = call->count > 1 ? call->words[count].text.at : NULL;
    if (!shell_output_open(shell, into, &output))
        return;
    for (size_t i = 0; i < count && !run_is_interrupted(shell->run); i++)
        show_listing(shell, verb_of(call->row->name), call->words[i].text, output.file);
    shell_output_close(shell, &output, into);
}

void shell_act_mlst(struct shell *shell, const struct shell_call *call)
{
    struct text path = call->count ? call->words[0].text : TEXT_NONE;
    enum fault f = remote_command(shell->here.remote, "MLST", path, true);
    if (!f)
        run_show_reply(shell->run, TEXT("MLST"), shell->here.remote);
    shell_count(shell, "mlst", f);
}

/* ---- One name after the other --------------------------------------------------------- */

/* What is done to each, told once it is. */
static void at_each(struct shell *shell, const struct shell_call *call,
                    enum fault (*act)(struct remote *remote, const char *path),
                    void (*report)(struct report *report, struct text path))
{
    for (size_t i = 0; i < call->count && !run_is_interrupted(shell->run); i++) {
        const char *path = call->words[i].text.at;
        enum fault f = act(shell->here.remote, path);
        pthread_mutex_lock(&shell->run->lock);
        if (!f)
            report(&shell->run->report, text_of(path));
        pthread_mutex_unlock(&shell->run->lock);
        shell_count(shell, path, f);
    }
}

void shell_act_delete(struct shell *shell, const struct shell_call *call)
{
    at_each(shell, call, remote_remove, report_removed);
}

void shell_act_mkdir(struct shell *shell, const struct shell_call *call)
{
    at_each(shell, call, remote_make_directory, report_made);
}

void shell_act_rmdir(struct shell *shell, const struct shell_call *call)
{
    at_each(shell, call, remote_remove_directory, report_removed);
}

/* False: no more questions are answered. */
static bool delete_one(struct shell *shell, const struct remote_names *names, size_t index,
                       bool *asks)
{
    char path[SHELL_PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (!remote_names_put_path(names, index, &b))
        return true;
    builder_end(&b);
    enum shell_answer answer = shell_confirm(shell, "mdelete", builder_text(&b), asks);
    if (answer == SHELL_YES) {
        enum fault f = remote_remove(shell->here.remote, path);
        pthread_mutex_lock(&shell->run->lock);
        if (!f)
            report_removed(&shell->run->report, text_of(path));
        pthread_mutex_unlock(&shell->run->lock);
        shell_count(shell, path, f);
    }
    return answer != SHELL_QUIT;
}

void shell_act_mdelete(struct shell *shell, const struct shell_call *call)
{
    bool asks = true;
    bool goes_on = true;
    for (size_t i = 0; i < call->count && goes_on; i++) {
        struct remote_names names;
        if (!shell_expand(shell, shell->here.remote, &call->words[i], &names))
            continue;
        for (size_t j = 0; j < names.entries.count && goes_on; j++)
            if (names.entries.all[j].kind != ENTRY_DIRECTORY)
                goes_on = delete_one(shell, &names, j, &asks) && !run_is_interrupted(shell->run);
        remote_names_clear(&names);
    }
}

void shell_act_rename(struct shell *shell, const struct shell_call *call)
{
    const char *from = call->words[0].text.at;
    shell_count(shell, from, remote_rename(shell->here.remote, from, call->words[1].text.at));
}

void shell_act_chmod(struct shell *shell, const struct shell_call *call)
{
    uint64_t mode;
    if (!text_to_octal(call->words[0].text, 07777, &mode)) {
        shell_complain(shell, call, "takes the mode in octal, as 644");
        return;
    }
    for (size_t i = 1; i < call->count && !run_is_interrupted(shell->run); i++) {
        const char *path = call->words[i].text.at;
        shell_count(shell, path, remote_set_mode(shell->here.remote, path, (unsigned)mode));
    }
}

/* ---- What is known of a name ---------------------------------------------------------- */

/* RFC 3659 4: in the type that transfers would have now. */
void shell_act_size(struct shell *shell, const struct shell_call *call)
{
    struct remote *remote = shell->here.remote;
    const struct parameters parameters = site_parameters(shell->here.site);
    for (size_t i = 0; i < call->count && !run_is_interrupted(shell->run); i++) {
        struct text path = call->words[i].text;
        enum fault f = remote_set_parameters(remote, &parameters);
        if (!f)
            f = remote_command(remote, "SIZE", path, true);
        if (!f)
            shell_tell_of(shell, path, user_pi_text(remote_pi(remote)));
        shell_count(shell, path.at, f);
    }
}

/* RFC 3659 3 has it in UTC; people in their time. */
static enum fault tell_time(struct shell *shell, struct text path)
{
    struct remote *remote = shell->here.remote;
    struct fact_time modified;
    struct tm date;
    char bytes[64];
    enum fault f = remote_command(remote, "MDTM", path, true);
    if (f)
        return f;
    bool is_time = facts_parse_time(text_trim(user_pi_text(remote_pi(remote))), &modified);
    time_t seconds = is_time ? (time_t)modified.seconds : 0;
    if (!is_time || !localtime_r(&seconds, &date))
        return FAULT_UNSUPPORTED;
    size_t len = strftime(bytes, sizeof(bytes), "%F %T %z", &date);
    shell_tell_of(shell, path, (struct text){bytes, len});
    return FAULT_NONE;
}

void shell_act_modtime(struct shell *shell, const struct shell_call *call)
{
    for (size_t i = 0; i < call->count && !run_is_interrupted(shell->run); i++)
        shell_count(shell, call->words[i].text.at, tell_time(shell, call->words[i].text));
}

/* ---- Trees ---------------------------------------------------------------------------- */

void shell_act_find(struct shell *shell, const struct shell_call *call)
{
    const char *words[SHELL_WORDS_MAX] = {NULL};
    char message[FIND_MESSAGE_SIZE];
    struct find find;
    size_t at = call->count && call->words[0].text.at[0] != '-';
    for (size_t i = at; i < call->count; i++)
        words[i - at] = call->words[i].text.at;
    if (find_parse(words, call->count - at, &find, message))
        walk_find(shell->run, shell->here.remote, at ? call->words[0].text.at : "", &find);
    else
        shell_complain(shell, call, message);
}

void shell_act_du(struct shell *shell, const struct shell_call *call)
{
    size_t at = call->count && text_equal(call->words[0].text, TEXT("-s"));
    const char *path = call->count > at ? call->words[at].text.at : "";
    if (call->count > at + 1)
        shell_complain_of_use(shell, call);
    else
        walk_du(shell->run, shell->here.remote, path, at != 0);
}
