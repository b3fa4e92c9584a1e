/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to know: help and status, and what the server says of itself. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/safe_name.h"
#include "client/shell.h"

enum { ARGUMENT_SIZE = SHELL_PATH_SIZE };

/* ---- help --------------------------------------------------------------------------------- */

/* In columns, read downwards, as ftp(1) has them. */
static void list_commands(struct shell *shell)
{
    enum { COLUMN = 13, USUAL = 80 };
    struct winsize size;
    size_t columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                                 : USUAL;
    size_t across = columns / COLUMN ? columns / COLUMN : 1;
    size_t count = 0;
    while (shell_rows[count].name)
        count++;
    size_t lines = (count + across - 1) / across;
    shell_tell(shell, "Commands, which may be abbreviated; help COMMAND tells about one.\n");
    for (size_t line = 0; line < lines; line++) {
        char bytes[SHELL_SAID_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        for (size_t i = line; i < count; i += lines) {
            size_t filled = strlen(shell_rows[i].name);
            builder_put_string(&b, shell_rows[i].name);
            while (filled++ < COLUMN && i + lines < count)
                builder_put_byte(&b, ' ');
        }
        shell_tell(shell, "%.*s", TEXT_ARGS(builder_text(&b)));
    }
}

void shell_act_help(struct shell *shell, const struct shell_call *call)
{
    const struct shell_row *row;
    if (!call->count)
        list_commands(shell);
    for (size_t i = 0; i < call->count; i++) {
        struct text name = call->words[i].text;
        enum shell_found found = shell_find_row(name, &row);
        if (found == SHELL_FOUND)
            shell_tell(shell, "%s %s\n  %s.\n  Example: %s", row->name, row->words, row->help,
                       row->example);
        else
            shell_complain_of_name(shell, name, found);
    }
}

/* ---- status ---------------------------------------------------------------------------------- */

static void show_connection(struct shell *shell, const char *what,
                            const struct shell_session *session)
{
    char bytes[SHELL_SAID_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!session->site) {
        builder_put_string(&b, "none");
    } else {
        url_put(&b, site_url(session->site), true);
        builder_put_string(&b, " as ");
        safe_text_put(&b, text_of(site_remote(session->site)->user));
        builder_put_string(&b, session->remote       ? ", in "
                               : session->is_refused ? ", not logged in"
                                                     : ", not connected now");
        if (session->remote)
            safe_text_put(&b, remote_directory(session->remote));
    }
    shell_tell(shell, "%-18s %.*s", what, TEXT_ARGS(builder_text(&b)));
}

static void show_settings(struct shell *shell)
{
    static const char names[][SETTINGS_NAME_SIZE] = {
        "type", "byte_size", "form", "structure", "mode", "data_connection", "verbose", "case",
        "cr",   "glob",      "hash", "progress",  "bell", "interactive",     "runique", "sunique"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char bytes[64];
        struct builder b = builder_on(bytes, sizeof(bytes));
        (void)settings_put(shell->settings, text_of(names[i]), &b);
        shell_tell(shell, "%-18s %.*s", names[i], TEXT_ARGS(builder_text(&b)));
    }
}

void shell_act_status(struct shell *shell, const struct shell_call *call)
{
    const struct name_map *names = &shell->names;
    struct text name;
    struct text lines;
    (void)call;
    show_connection(shell, "server", &shell->here);
    show_connection(shell, "second server", &shell->other);
    show_settings(shell);
    shell_tell(shell, "%-18s %.*s %.*s", "ntrans", (int)names->from_len, names->from,
               (int)names->to_len, names->to);
    shell_tell(shell, "%-18s %.*s %.*s", "nmap", (int)names->in_len, names->in, (int)names->out_len,
               names->out);
    shell_tell(shell, "%-18s %s%s%s", "restart at", shell->restart.wanted,
               shell->restart.theirs[0] ? " last marker " : "", shell->restart.theirs);
    for (size_t i = 0; macros_at(shell->macros, i, &name, &lines); i++)
        shell_tell(shell, "%-18s %.*s", "macro", TEXT_ARGS(name));
}

/* ---- What the server says ------------------------------------------------------------- */

/* All words with blanks between them. */
static bool join(const struct shell_call *call, size_t first, struct builder *b)
{
    for (size_t i = first; i < call->count; i++) {
        if (b->len)
            builder_put_byte(b, ' ');
        builder_put(b, call->words[i].text);
    }
    return !b->full;
}

/* Sends it and shows the reply, whatever it is. */
static void send_raw(struct shell *shell, const char *verb, struct text argument)
{
    enum fault f = remote_command(shell->here.remote, verb, argument, false);
    run_show_reply(shell->run, text_of(verb), shell->here.remote);
    if (f)
        run_command_failed(shell->run, text_of(verb), shell->here.remote, f);
    else
        run_succeeded(shell->run);
}

/* What the server is told behind our back changes what we believe about it. */
void shell_act_quote(struct shell *shell, const struct shell_call *call)
{
    char bytes[ARGUMENT_SIZE];
    char verb[ARGUMENT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder v = builder_on(verb, sizeof(verb));
    (void)join(call, 0, &b);
    struct text rest = builder_text(&b);
    builder_put(&v, text_take_until(&rest, ' '));
    builder_end(&v);
    if (b.full || v.full) {
        shell_complain(shell, call, "too long");
        return;
    }
    send_raw(shell, verb, rest.len ? rest : TEXT_NONE);
    remote_forget_parameters(shell->here.remote);
    struct text said = text_of(verb);
    if (text_equal_any_case(said, TEXT("CWD")) || text_equal_any_case(said, TEXT("CDUP")))
        (void)remote_ask_directory(shell->here.remote);
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(verb, sizeof(verb));
}

static void send_site(struct shell *shell, const struct shell_call *call, const char *what)
{
    char bytes[ARGUMENT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, what);
    if (join(call, 0, &b))
        send_raw(shell, "SITE", builder_text(&b));
    else
        shell_complain(shell, call, "too long");
    explicit_bzero(bytes, sizeof(bytes)); /* it may set a password */
}

void shell_act_site(struct shell *shell, const struct shell_call *call)
{
    send_site(shell, call, "");
}

void shell_act_idle(struct shell *shell, const struct shell_call *call)
{
    send_site(shell, call, "IDLE");
}

void shell_act_umask(struct shell *shell, const struct shell_call *call)
{
    send_site(shell, call, "UMASK");
}

void shell_act_rhelp(struct shell *shell, const struct shell_call *call)
{
    send_raw(shell, "HELP", call->count ? call->words[0].text : TEXT_NONE);
}

void shell_act_system(struct shell *shell, const struct shell_call *call)
{
    (void)call;
    send_raw(shell, "SYST", TEXT_NONE);
}
