/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are looked at or changed on the way: cat page edit. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/local_file.h"
#include "client/safe_name.h"
#include "client/shell.h"

enum { PIECE_BYTES = 64 * 1024 };

void shell_act_cat(struct shell *shell, const struct shell_call *call)
{
    for (size_t i = 0; i < call->count && !run_is_interrupted(shell->run); i++)
        shell_fetch(shell, call->words[i].text.at, "-");
}

/* The shell takes $PAGER apart: it may have arguments. */
void shell_act_page(struct shell *shell, const struct shell_call *call)
{
    shell_fetch(shell, call->words[0].text.at, "|exec ${PAGER:-less}");
}

/* ---- edit ------------------------------------------------------------------------------- */

static enum fault digest_file(const char *path, char ret_hex[DIGEST_HEX_SIZE])
{
    struct stream *stream = NULL;
    struct builder b = builder_on(ret_hex, DIGEST_HEX_SIZE);
    struct digest *digest = digest_new(DIGEST_SHA256);
    char *piece = memory_new(PIECE_BYTES);
    enum fault f = digest && piece ? local_file_open(path, &stream) : FAULT_NO_MEMORY;
    size_t len = 0;
    while (!f && !(f = stream_read(stream, piece, PIECE_BYTES, &len)) && len)
        digest_update(digest, piece, len);
    if (!f)
        f = digest_finish(digest, &b);
    builder_end(&b);
    stream_close(&stream);
    digest_free(digest);
    memory_free(piece);
    return f;
}

/* As far as the server tells: what it does not tell cannot have changed for us. */
static bool is_same(const struct entry *a, const struct entry *b)
{
    bool has_sizes = a->has_size && b->has_size;
    bool has_times = a->precision != ENTRY_TIME_UNKNOWN && b->precision != ENTRY_TIME_UNKNOWN;
    return (!has_sizes || a->size == b->size) && (!has_times || entry_same_time(a, b, 0));
}

struct edited {
    struct shell *shell; /* borrowed, as all below */
    const char *path;
    const char *local;
    struct one_file file; /* as it is, and with its permissions back again */
    struct entry before;  /* the server's, when it was fetched */
};

/* Sends it back; false: what was written is kept. */
static bool send_back(const struct edited *edited)
{
    struct shell *shell = edited->shell;
    struct entry now;
    size_t failed = shell->run->failed;
    enum fault f = remote_look(shell->here.remote, edited->path, &now);
    if (f) {
        shell_count(shell, edited->path, f);
        return false;
    }
    if (!is_same(&edited->before, &now)) {
        run_complain(shell->run, edited->path, "has changed on the server meanwhile: not sent",
                     EXIT_STATUS_REFUSED);
        return false;
    }
    one_file_put(shell->run, &edited->file, edited->local, edited->path);
    return shell->run->failed == failed;
}

/* False: what is in the file is not on the server. */
static bool edit_file(const struct edited *edited)
{
    static const char script[] = "exec ${VISUAL:-${EDITOR:-vi}} \"$1\"";
    const char *const words[] = {"/bin/sh", "-c", script, "sh", edited->local, NULL};
    struct shell *shell = edited->shell;
    char old[DIGEST_HEX_SIZE];
    char new[DIGEST_HEX_SIZE];
    enum fault f = digest_file(edited->local, old);
    if (!f && !shell_run_program(shell, words))
        return true; /* told: an editor that fails has changed nothing on purpose */
    if (!f)
        f = digest_file(edited->local, new);
    if (f) {
        shell_count_local(shell, edited->local, f);
        return true;
    }
    if (strcmp(old, new) != 0)
        return send_back(edited);
    shell_say(shell, "Nothing was changed.");
    run_succeeded(shell->run);
    return true;
}

/* In a directory that nobody else can look into, under the name that tells editors what it is. */
static bool make_place(struct shell *shell, const char *path, char directory[SHELL_PATH_SIZE],
                       char local[SHELL_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    struct text name = shell_last_part(path);
    struct builder d = builder_on(directory, SHELL_PATH_SIZE);
    struct builder l = builder_on(local, SHELL_PATH_SIZE);
    builder_put_string(&d, base && base[0] == '/' ? base : "/tmp");
    builder_put_string(&d, "/ferry-XXXXXX");
    builder_end(&d);
    if (d.full || !mkdtemp(directory)) {
        shell_count_local(shell, directory, fault_from_errno(errno));
        return false;
    }
    builder_put_string(&l, directory);
    builder_put_byte(&l, '/');
    builder_put(&l, safe_name_is_local(name, settings_name_rule(shell->settings)) ? name
                                                                                  : TEXT("file"));
    builder_end(&l);
    return !l.full;
}

void shell_act_edit(struct shell *shell, const struct shell_call *call)
{
    char directory[SHELL_PATH_SIZE];
    char local[SHELL_PATH_SIZE];
    struct edited edited = {
        .shell = shell,
        .path = call->words[0].text.at,
        .local = local,
        .file = {.site = shell->here.site,
                 .remote = shell->here.remote,
                 .rules = site_carry_rules(shell->here.site)},
    };
    size_t failed = shell->run->failed;
    edited.file.rules.parameters.type = TYPE_IMAGE;
    edited.file.rules.parameters.structure = STRUCTURE_FILE;
    edited.file.rules.keeps_mode = true;
    enum fault f = remote_look(shell->here.remote, edited.path, &edited.before);
    if (f) {
        shell_count(shell, edited.path, f);
        return;
    }
    if (!make_place(shell, edited.path, directory, local))
        return;
    one_file_get(shell->run, &edited.file, edited.path, local);
    if (shell->run->failed == failed && !edit_file(&edited)) {
        shell_say(shell, "What you wrote is in %s.", local);
        return;
    }
    (void)unlink(local);
    (void)rmdir(directory); /* an editor may have left something in it: that stays */
}
