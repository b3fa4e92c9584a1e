/* SPDX-License-Identifier: Apache-2.0 */
/* Files that come and go: get put append newer mget mput pget mirror. */
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/commands.h"
#include "client/safe_name.h"
#include "client/shell.h"

/* ---- Names on the other side ----------------------------------------------------------- */

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_taken(void *owner, const char *path)
{
    struct stat info;
    (void)owner;
    return lstat(path, &info) == 0;
}

static void complain_of_name(struct shell *shell, const char *path)
{
    run_complain(shell->run, path, "cannot be a name here; say what it is to be called",
                 EXIT_STATUS_LOCAL);
}

/* Its own name as the maps have it, if that can be one here: who says it is the server. */
static bool put_mapped(struct shell *shell, const char *path, struct builder *b)
{
    char name[NAME_MAP_NAME_MAX + 1];
    struct builder n = builder_on(name, sizeof(name));
    const struct settings *settings = shell->settings;
    bool fits = name_map_put(&shell->names, settings->lower_case, shell_last_part(path), &n);
    if (!fits || !safe_name_is_local(builder_text(&n), settings_name_rule(settings))) {
        complain_of_name(shell, path);
        return false;
    }
    builder_put(b, builder_text(&n));
    return true;
}

static bool make_unique(struct shell *shell, char local[SHELL_PATH_SIZE])
{
    char bytes[SHELL_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!name_map_put_unique(text_of(local), is_taken, NULL, &b)) {
        shell_count_local(shell, local, FAULT_EXISTS);
        return false;
    }
    builder_end(&b);
    memcpy(local, bytes, b.len + 1);
    return true;
}

bool shell_choose_local(struct shell *shell, const char *path, const char *word,
                        char local[SHELL_PATH_SIZE])
{
    struct builder b = builder_on(local, SHELL_PATH_SIZE);
    bool is_through = word && (strcmp(word, "-") == 0 || word[0] == '|');
    if (is_through) {
        builder_put_string(&b, word);
        builder_end(&b);
        return !b.full;
    }
    if (word && !shell_local_path(shell, word, local))
        return false;
    bool is_into = !word || is_directory(local);
    b.len = word ? strlen(local) : 0;
    if (word && is_into && b.len && local[b.len - 1] != '/')
        builder_put_byte(&b, '/');
    if (is_into && !put_mapped(shell, path, &b))
        return false;
    builder_end(&b);
    if (b.full)
        shell_count_local(shell, path, FAULT_NAME_INVALID);
    return !b.full && (!shell->settings->runique || make_unique(shell, local));
}

bool shell_choose_remote(struct shell *shell, const char *local, const char *word,
                         char path[SHELL_PATH_SIZE])
{
    struct builder b = builder_on(path, SHELL_PATH_SIZE);
    bool is_into = !word || !word[0] || word[strlen(word) - 1] == '/';
    bool is_named = local[0] != '|' && strcmp(local, "-") != 0;
    if (is_into && !is_named) {
        run_complain(shell->run, local, "say what it is to be called there", EXIT_STATUS_USAGE);
        return false;
    }
    builder_put_string(&b, word ? word : "");
    bool fits = !is_into || name_map_put(&shell->names, false, shell_last_part(local), &b);
    builder_end(&b);
    if (!fits || b.full)
        shell_count_local(shell, local, FAULT_NAME_INVALID);
    return fits && !b.full;
}

/* ---- One file ------------------------------------------------------------------------- */

static struct one_file one_file(struct shell *shell)
{
    struct one_file file = {
        .site = shell->here.site,
        .remote = shell->here.remote,
        .rules = site_carry_rules(shell->here.site),
    };
    file.rules.is_unique = shell->settings->sunique;
    shell_restart_listen(shell, &file.rules);
    return file;
}

void shell_fetch(struct shell *shell, const char *path, const char *local)
{
    struct one_file file = one_file(shell);
    struct shell_output output;
    if (local[0] != '|') {
        one_file_get(shell->run, &file, path, local);
        return;
    }
    if (!shell_output_pipe(shell, local + 1, false, &output))
        return;
    one_file_get(shell->run, &file, path, output.path);
    shell_output_close(shell, &output, local);
}

void shell_send(struct shell *shell, const char *local, const char *path, bool appends)
{
    struct one_file file = one_file(shell);
    struct shell_output output;
    size_t failed = shell->run->failed;
    file.rules.appends = appends;
    file.rules.is_unique = file.rules.is_unique && !appends;
    if (local[0] != '|') {
        one_file_put(shell->run, &file, local, path);
    } else if (shell_output_pipe(shell, local + 1, true, &output)) {
        file.source = output.stream;
        one_file_put(shell->run, &file, local, path);
        shell_output_close(shell, &output, local);
    }
    if (shell->run->failed == failed) /* what is complete has no place to go on from */
        shell->restart.theirs[0] = '\0';
    if (file.rules.is_unique && shell->run->failed == failed) /* it may be called */
        shell_tell_of(shell, text_of(local), user_pi_text(remote_pi(shell->here.remote)));
}

static const char *word_at(const struct shell_call *call, size_t index)
{
    return index < call->count ? call->words[index].text.at : NULL;
}

/* Without a password: that is handed over apart. */
static bool put_url(struct shell *shell, const char *path, struct builder *b)
{
    struct url url = *site_url(shell->here.site);
    char whole[SHELL_PATH_SIZE];
    struct builder p = builder_on(url.path, sizeof(url.path));
    struct builder u = builder_on(url.user, sizeof(url.user));
    if (!shell_remote_path(shell, path, whole))
        return false;
    builder_put_string(&p, whole);
    builder_end(&p);
    builder_put_string(&u, site_remote(shell->here.site)->user);
    builder_end(&u);
    url.has_user = true;
    url.has_password = false;
    url_put(b, &url, false);
    explicit_bzero(url.password, sizeof(url.password));
    builder_end(b);
    if (b->full || p.full)
        shell_count_local(shell, path, FAULT_NAME_INVALID);
    return !b->full && !p.full;
}

static void get_in_background(struct shell *shell, const char *path, const char *local)
{
    char url[URL_TEXT_SIZE];
    struct builder b = builder_on(url, sizeof(url));
    const char *const words[] = {"get", url, "-o", local, NULL};
    if (local[0] == '|' || strcmp(local, "-") == 0)
        run_complain(shell->run, "get", "goes to a file in the background", EXIT_STATUS_USAGE);
    else if (put_url(shell, path, &b))
        shell_jobs_start(shell, path, words);
}

static void put_in_background(struct shell *shell, const char *local, const char *path)
{
    char url[URL_TEXT_SIZE];
    struct builder b = builder_on(url, sizeof(url));
    const char *const words[] = {"put", local, url, NULL};
    if (local[0] == '|' || strcmp(local, "-") == 0)
        run_complain(shell->run, "put", "takes a file in the background", EXIT_STATUS_USAGE);
    else if (put_url(shell, path, &b))
        shell_jobs_start(shell, local, words);
}

static void get(struct shell *shell, const char *path, const char *word, bool is_background)
{
    char local[SHELL_PATH_SIZE];
    if (!shell_choose_local(shell, path, word, local))
        return;
    if (is_background)
        get_in_background(shell, path, local);
    else if (shell->restart.wanted[0])
        shell_restart_get(shell, path, local);
    else
        shell_fetch(shell, path, local);
}

void shell_act_get(struct shell *shell, const struct shell_call *call)
{
    if (shell->is_proxy)
        shell_proxy_transfer(shell, call);
    else
        get(shell, call->words[0].text.at, word_at(call, 1), call->is_background);
}

/* In parts: each over a connection of its own. */
void shell_act_pget(struct shell *shell, const struct shell_call *call)
{
    enum { USUAL = 4 };
    char message[SETTINGS_MESSAGE_SIZE];
    bool is_told = text_equal(call->words[0].text, TEXT("-n"));
    size_t at = is_told ? 2 : 0;
    uint64_t before = shell->settings->segments;
    if (call->count <= at || call->count > at + 2) {
        shell_complain_of_use(shell, call);
        return;
    }
    if (is_told && !settings_set(shell->settings, TEXT("segments"), call->words[1].text, message)) {
        shell_complain(shell, call, message);
        return;
    }
    if (!is_told && before < 2)
        shell->settings->segments = USUAL;
    shell_take_settings(shell);
    get(shell, call->words[at].text.at, word_at(call, at + 1), call->is_background);
    shell->settings->segments = before;
    shell_take_settings(shell);
}

static void put(struct shell *shell, const struct shell_call *call, bool appends)
{
    char local[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    if (!shell_local_path(shell, call->words[0].text.at, local) ||
        !shell_choose_remote(shell, local, word_at(call, 1), path))
        return;
    if (call->is_background)
        put_in_background(shell, local, path);
    else if (shell->restart.wanted[0] && !appends)
        shell_restart_put(shell, local, path);
    else
        shell_send(shell, local, path, appends);
}

void shell_act_put(struct shell *shell, const struct shell_call *call)
{
    if (shell->is_proxy)
        shell_proxy_transfer(shell, call);
    else
        put(shell, call, false);
}

void shell_act_append(struct shell *shell, const struct shell_call *call)
{
    put(shell, call, true);
}

/* What is not here yet is older than anything. */
void shell_act_newer(struct shell *shell, const struct shell_call *call)
{
    const char *path = call->words[0].text.at;
    char local[SHELL_PATH_SIZE];
    struct stat info;
    struct entry there;
    if (!shell_choose_local(shell, path, word_at(call, 1), local))
        return;
    enum fault f = remote_look(shell->here.remote, path, &there);
    if (f || there.precision == ENTRY_TIME_UNKNOWN) {
        shell_count(shell, path, f ? f : FAULT_UNSUPPORTED);
        return;
    }
    bool is_here = stat(local, &info) == 0;
    if (!is_here || there.modified > info.st_mtim.tv_sec) {
        shell_fetch(shell, path, local);
        return;
    }
    shell_tell_of(shell, text_of(path), TEXT("is not newer than the one here"));
    run_succeeded(shell->run);
}

/* ---- Several files -------------------------------------------------------------------- */

/* False: no more of them. */
static bool mget_one(struct shell *shell, const struct remote_names *names, size_t index,
                     bool *asks)
{
    char path[SHELL_PATH_SIZE];
    char local[SHELL_PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (names->entries.all[index].kind == ENTRY_DIRECTORY) {
        shell_say(shell, "%s: is a directory; mirror fetches those",
                  names->entries.all[index].name);
        return true;
    }
    if (!remote_names_put_path(names, index, &b))
        return true;
    builder_end(&b);
    enum shell_answer answer = shell_confirm(shell, "mget", builder_text(&b), asks);
    if (answer == SHELL_YES && shell_choose_local(shell, path, NULL, local))
        shell_fetch(shell, path, local);
    return answer != SHELL_QUIT && !run_is_interrupted(shell->run);
}

void shell_act_mget(struct shell *shell, const struct shell_call *call)
{
    bool asks = true;
    bool goes_on = true;
    if (shell->is_proxy) {
        shell_proxy_transfer(shell, call);
        return;
    }
    for (size_t i = 0; i < call->count && goes_on; i++) {
        struct remote_names names;
        if (!shell_expand(shell, shell->here.remote, &call->words[i], &names))
            continue;
        for (size_t j = 0; j < names.entries.count && goes_on; j++)
            goes_on = mget_one(shell, &names, j, &asks);
        if (names.refused)
            run_complain(shell->run, call->words[i].text.at,
                         "the server lists names that cannot be any here; they are left out",
                         EXIT_STATUS_LOCAL);
        remote_names_clear(&names);
    }
}

static bool mput_one(struct shell *shell, const char *local, bool *asks)
{
    char path[SHELL_PATH_SIZE];
    if (is_directory(local)) {
        shell_say(shell, "%s: is a directory; mirror -R sends those", local);
        return true;
    }
    enum shell_answer answer = shell_confirm(shell, "mput", text_of(local), asks);
    if (answer == SHELL_YES && shell_choose_remote(shell, local, NULL, path))
        shell_send(shell, local, path, false);
    return answer != SHELL_QUIT && !run_is_interrupted(shell->run);
}

/* By glob(3), whose patterns are ours; "~" too. */
static bool mput_pattern(struct shell *shell, const struct shell_word *word, bool *asks)
{
    char local[SHELL_PATH_SIZE];
    glob_t found = {0};
    bool goes_on = true;
    bool is_pattern = shell->settings->glob && word->pattern.at;
    if (!is_pattern)
        return !shell_local_path(shell, word->text.at, local) || mput_one(shell, local, asks);
    int result = glob(word->pattern.at, GLOB_TILDE, NULL, &found);
    if (result == GLOB_NOMATCH)
        run_complain(shell->run, word->text.at, "nothing fits", EXIT_STATUS_LOCAL);
    else if (result)
        shell_count_local(shell, word->text.at, FAULT_NO_MEMORY);
    for (size_t i = 0; i < found.gl_pathc && goes_on; i++)
        goes_on = mput_one(shell, found.gl_pathv[i], asks);
    globfree(&found);
    return goes_on;
}

void shell_act_mput(struct shell *shell, const struct shell_call *call)
{
    bool asks = true;
    if (shell->is_proxy) {
        shell_proxy_transfer(shell, call);
        return;
    }
    for (size_t i = 0; i < call->count && mput_pattern(shell, &call->words[i], &asks); i++)
        ;
}

/* ---- Trees ---------------------------------------------------------------------------- */

/* Its words as they were written, but for source and target. */
static void mirror_in_background(struct shell *shell, const struct shell_call *call,
                                 const struct invocation *invocation, const char *source,
                                 const char *target)
{
    const char *words[SHELL_WORDS_MAX + 3] = {"mirror"};
    size_t count = 1;
    for (size_t i = 0; i < call->count; i++) {
        const char *word = call->words[i].text.at;
        if (word == invocation->words[0])
            words[count++] = source;
        else if (invocation->word_count == 2 && word == invocation->words[1])
            words[count++] = target;
        else if (i || strcmp(word, "-R") != 0)
            words[count++] = word;
    }
    if (invocation->word_count == 1)
        words[count++] = target;
    words[count] = NULL;
    shell_jobs_start(shell, invocation->words[0], words);
}

/* What a tree from there is called here. NULL: that cannot be; told. */
static const char *name_tree(struct shell *shell, const struct invocation *invocation,
                             const char *name)
{
    if (!safe_name_is_local(text_of(name), SAFE_NAME_LINUX))
        return "."; /* "/" and ".." have no name */
    if (safe_name_is_local(text_of(name), settings_name_rule(&invocation->settings)))
        return name;
    complain_of_name(shell, name);
    return NULL;
}

/* Of one word its last part is the other one's name, as ftp(1) has it for files. */
static void mirror_trees(struct shell *shell, const struct shell_call *call,
                         const struct invocation *invocation, bool is_upload)
{
    char local[SHELL_PATH_SIZE];
    char path[SHELL_PATH_SIZE];
    char name[SHELL_PATH_SIZE];
    char url[URL_TEXT_SIZE];
    struct builder b = builder_on(name, sizeof(name));
    struct builder u = builder_on(url, sizeof(url));
    const char *source = invocation->words[0];
    const char *target = name;
    builder_put(&b, shell_last_part(source));
    builder_end(&b);
    if (invocation->word_count == 2)
        target = invocation->words[1];
    else if (!is_upload)
        target = name_tree(shell, invocation, name);
    if (!target)
        return;
    const char *ours = is_upload ? source : target;
    if (!shell_local_path(shell, ours, local) ||
        !shell_remote_path(shell, is_upload ? target : source, path))
        return;
    if (!call->is_background) {
        site_change_settings(shell->here.site, &invocation->settings);
        tree_mirror(shell->run, invocation, shell->here.site, is_upload ? MIRROR_UP : MIRROR_DOWN,
                    local, path);
        shell_take_settings(shell);
    } else if (put_url(shell, path, &u)) {
        mirror_in_background(shell, call, invocation, is_upload ? local : url,
                             is_upload ? url : local);
    }
}

void shell_act_mirror(struct shell *shell, const struct shell_call *call)
{
    char message[SETTINGS_MESSAGE_SIZE];
    char *words[SHELL_WORDS_MAX];
    size_t at = text_equal(call->words[0].text, TEXT("-R"));
    struct invocation *invocation = memory_new(sizeof(*invocation));
    if (!invocation) {
        shell_count_local(shell, "mirror", FAULT_NO_MEMORY);
        return;
    }
    for (size_t i = at; i < call->count; i++)
        words[i - at] = (char *)call->words[i].text.at;
    invocation->settings = *shell->settings;
    if (!invocation_parse((int)(call->count - at), words,
                          INVOCATION_BITS_OF_TREES | INVOCATION_BIT(LOUDER), false, invocation,
                          message))
        shell_complain(shell, call, message);
    else if (invocation->word_count < 1 || invocation->word_count > 2)
        shell_complain_of_use(shell, call);
    else
        mirror_trees(shell, call, invocation, at != 0);
    memory_free(invocation);
}
