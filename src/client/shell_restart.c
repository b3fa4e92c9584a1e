/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell_restart.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/local_file.h"
#include "client/safe_name.h"
#include "client/shell.h"

/* How much is lost at most when a transfer breaks, and how many replies 110 there are. */
enum { MARKER_INTERVAL_BYTES = 1024 * 1024 };

static void keep(char marker[MARKER_MAX + 1], struct text text)
{
    struct builder b = builder_on(marker, MARKER_MAX + 1);
    builder_put(&b, marker_is_valid(text) ? text : TEXT(""));
    builder_end(&b);
}

/* ---- Markers -------------------------------------------------------------------------------- */

static void on_marker(void *owner, struct text ours, struct text theirs)
{
    struct shell_restart *restart = owner;
    keep(restart->ours, ours);
    keep(restart->theirs, theirs);
}

void shell_restart_listen(struct shell *shell, struct carry_rules *rules)
{
    if (!parameters_keep_connection(&rules->parameters)) /* RFC 959 3.5: in MODE B and C alone */
        return;
    rules->marker_interval = MARKER_INTERVAL_BYTES;
    rules->on_marker = on_marker;
    rules->marker_owner = &shell->restart;
    rules->upload_name = CARRY_NAME_OWN; /* a marker is of the name that was sent to */
}

void shell_act_restart(struct shell *shell, const struct shell_call *call)
{
    struct shell_restart *restart = &shell->restart;
    struct text word = call->count ? call->words[0].text : text_of(restart->theirs);
    if (!word.len) {
        shell_complain(shell, call, "no marker was heard; say where to begin");
        return;
    }
    if (!marker_is_valid(word)) {
        shell_complain(shell, call, "is no number of bytes, and no marker");
        return;
    }
    keep(restart->wanted, text_equal(word, TEXT("0")) ? TEXT("") : word);
    shell_say(shell, "The next get or put begins at %s.",
              restart->wanted[0] ? restart->wanted : "the beginning");
}

/* Where it is here: a marker's is what was heard with it, a number's is itself. */
static bool find_ours(struct shell *shell, struct marker_position *ret_position)
{
    const struct shell_restart *restart = &shell->restart;
    bool is_heard = strcmp(restart->wanted, restart->theirs) == 0;
    struct text ours = text_of(is_heard ? restart->ours : restart->wanted);
    bool is_known = marker_parse_position(ours, ret_position);
    if (!is_known)
        run_complain(shell->run, restart->wanted, "is no marker that was heard here",
                     EXIT_STATUS_USAGE);
    return is_known;
}

/* ---- Transfers ------------------------------------------------------------------------------- */

static void tell(struct shell *shell, const char *path, const char *local, bool is_upload,
                 uint64_t begun)
{
    struct run *run = shell->run;
    const struct report_transfer transfer = {
        .remote = text_of(path),
        .local = text_of(local),
        .is_upload = is_upload,
        .size = PROGRESS_UNKNOWN,
        .resumed_from = begun,
    };
    const struct report_outcome outcome = {.bytes = atomic_load(&run->moved.bytes)};
    pthread_mutex_lock(&run->lock);
    report_transfer_end(&run->report, &transfer, &outcome);
    pthread_mutex_unlock(&run->lock);
    run_succeeded(run);
}

/* Into the file that is there, from a place in it on: what somebody said is believed. */
static void fetch_from(struct shell *shell, const char *path, const char *local, uint64_t begun,
                       struct text restart)
{
    struct carry_rules rules = site_carry_rules(shell->here.site);
    struct stream *stream = NULL;
    bool is_output = strcmp(local, "-") == 0; /* which has had what comes before */
    enum fault f = is_output ? local_file_create(local, &stream)
                             : local_file_continue(local, begun, &stream);
    if (f) {
        shell_count_local(shell, local, f);
        return;
    }
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = "RETR",
        .argument = text_of(path),
        .restart = restart,
        .parameters = rules.parameters,
        .keeps_line_ends = rules.keeps_line_ends,
        .stream = stream,
        .progress = &shell->run->moved,
    };
    run_lend_terminal(shell->run, is_output && isatty(STDOUT_FILENO));
    run_show(shell->run, path, PROGRESS_UNKNOWN);
    f = remote_transfer(shell->here.remote, &order);
    run_show(shell->run, "", PROGRESS_UNKNOWN);
    run_lend_terminal(shell->run, false);
    enum fault closed = local_file_publish(&stream);
    if (f)
        shell_count(shell, path, f);
    else if (closed)
        shell_count_local(shell, local, closed);
    else if (is_output)
        run_succeeded(shell->run);
    else
        tell(shell, path, local, false, begun);
}

/* A server without REST, or not for STOR, takes what is missing behind what it has. */
static enum fault send_missing(struct remote *remote, struct user_dtp_order *order)
{
    enum fault f = remote_transfer(remote, order);
    if (f != FAULT_UNSUPPORTED)
        return f;
    order->verb = "APPE";
    order->restart = (struct text){"", 0};
    return remote_transfer(remote, order);
}

/* `is_at_end`: it begins where the file there ends. */
static void send_from(struct shell *shell, const char *local, const char *path,
                      const struct marker_position *begun, struct text restart, bool is_at_end)
{
    struct carry_rules rules = site_carry_rules(shell->here.site);
    struct local_name name;
    struct stream *stream = NULL;
    shell_restart_listen(shell, &rules);
    if (!local_name_open(shell->run, local, &name))
        return;
    enum fault f = local_tree_read(name.tree, name.name, &stream);
    if (f) {
        shell_count_local(shell, local, f);
        local_name_close(&name);
        return;
    }
    struct user_dtp_order order = {
        .direction = USER_DTP_SEND,
        .verb = "STOR",
        .argument = text_of(path),
        .restart = restart,
        .parameters = rules.parameters,
        .stream = stream,
        .marker_interval = rules.marker_interval,
        .first = *begun,
        .on_marker = rules.on_marker,
        .owner = rules.marker_owner,
        .progress = &shell->run->moved,
    };
    /* Text is read from its beginning, and what has gone already is left out on the way. */
    if (carry_is_exact(&rules.parameters) && stream->fd >= 0) {
        stream->file_offset = (int64_t)begun->bytes;
        order.from = *begun;
    }
    run_show(shell->run, local, PROGRESS_UNKNOWN);
    f = is_at_end ? send_missing(shell->here.remote, &order)
                  : remote_transfer(shell->here.remote, &order);
    run_show(shell->run, "", PROGRESS_UNKNOWN);
    stream_close(&stream);
    local_name_close(&name);
    if (f) {
        shell_count(shell, path, f);
        return;
    }
    shell->restart.theirs[0] = '\0';
    tell(shell, path, local, true, begun->bytes);
}

/* What is read as it comes has no places in it, and what a command has taken is gone. */
static bool is_restartable(struct shell *shell, const char *local, bool is_upload)
{
    bool is = local[0] != '|' && !(is_upload && strcmp(local, "-") == 0);
    if (!is)
        run_complain(shell->run, local, "restart goes on in a file", EXIT_STATUS_USAGE);
    return is;
}

void shell_restart_get(struct shell *shell, const char *path, const char *local)
{
    struct marker_position position;
    char wanted[MARKER_MAX + 1];
    bool is_known = find_ours(shell, &position);
    memcpy(wanted, shell->restart.wanted, sizeof(wanted));
    shell->restart.wanted[0] = '\0'; /* RFC 959 4.1.3: of the next transfer alone */
    if (is_known && is_restartable(shell, local, false))
        fetch_from(shell, path, local, position.bytes, text_of(wanted));
}

void shell_restart_put(struct shell *shell, const char *local, const char *path)
{
    struct marker_position position;
    char wanted[MARKER_MAX + 1];
    bool is_known = find_ours(shell, &position);
    memcpy(wanted, shell->restart.wanted, sizeof(wanted));
    shell->restart.wanted[0] = '\0';
    if (is_known && is_restartable(shell, local, true))
        send_from(shell, local, path, &position, text_of(wanted), false);
}

/* ---- reget, reput --------------------------------------------------------------------- */

/* How large it is there. A count of bytes means a place in both files in TYPE I and L 8 alone. */
static bool ask_size(struct shell *shell, const struct shell_call *call, const char *path,
                     bool may_miss, uint64_t *ret_size)
{
    const struct parameters parameters = site_parameters(shell->here.site);
    struct entry there = {.size = 0};
    if (!carry_is_exact(&parameters)) {
        shell_complain(shell, call, "counts bytes: binary first");
        return false;
    }
    enum fault f = remote_look(shell->here.remote, path, &there);
    bool is_missing = f == FAULT_NOT_FOUND && may_miss;
    if (!is_missing && (f || !there.has_size || there.size_is_rough)) {
        shell_count(shell, path, f ? f : FAULT_UNSUPPORTED);
        return false;
    }
    *ret_size = is_missing ? 0 : there.size;
    return true;
}

static struct text number(uint64_t bytes, char digits[24])
{
    struct builder b = builder_on(digits, 24);
    return builder_number(&b, bytes);
}

static void complete(struct shell *shell, const char *path)
{
    shell_tell_of(shell, text_of(path), TEXT("is complete"));
    run_succeeded(shell->run);
}

void shell_act_reget(struct shell *shell, const struct shell_call *call)
{
    const char *path = call->words[0].text.at;
    const char *word = call->count > 1 ? call->words[1].text.at : NULL;
    char local[SHELL_PATH_SIZE];
    char digits[24];
    struct stat info;
    uint64_t there;
    bool is_unique = shell->settings->runique;
    shell->settings->runique = false; /* it is the file that is there which is meant */
    bool is_chosen = shell_choose_local(shell, path, word, local);
    shell->settings->runique = is_unique;
    if (!is_chosen || !ask_size(shell, call, path, false, &there))
        return;
    if (stat(local, &info) || info.st_size == 0)
        shell_fetch(shell, path, local);
    else if ((uint64_t)info.st_size == there)
        complete(shell, local);
    else if ((uint64_t)info.st_size > there)
        run_complain(shell->run, local, "is longer than the one there", EXIT_STATUS_LOCAL);
    else
        fetch_from(shell, path, local, (uint64_t)info.st_size,
                   number((uint64_t)info.st_size, digits));
}

void shell_act_reput(struct shell *shell, const struct shell_call *call)
{
    const char *word = call->count > 1 ? call->words[1].text.at : NULL;
    char local[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    char digits[24];
    struct stat info;
    struct marker_position begun = {.bytes = 0};
    if (!shell_local_path(shell, call->words[0].text.at, local) ||
        !shell_choose_remote(shell, local, word, path) ||
        !ask_size(shell, call, path, true, &begun.bytes))
        return;
    if (stat(local, &info))
        shell_count_local(shell, local, fault_from_errno(errno));
    else if (begun.bytes == 0)
        shell_send(shell, local, path, false);
    else if ((uint64_t)info.st_size == begun.bytes)
        complete(shell, local);
    else if ((uint64_t)info.st_size < begun.bytes)
        run_complain(shell->run, path, "is longer than the one here", EXIT_STATUS_REFUSED);
    else
        send_from(shell, local, path, &begun, number(begun.bytes, digits), true);
}
