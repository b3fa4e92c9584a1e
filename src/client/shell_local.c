/* SPDX-License-Identifier: Apache-2.0 */
/* This machine: ! lcd lpwd lls lmkdir, programs that are run, names of files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/local_file.h"
#include "client/safe_name.h"
#include "client/shell.h"

enum {
    ARGUMENTS_MAX = SHELL_WORDS_MAX + 4,
    STATUS_SIGNAL = 128, /* sh(1): more than that is a signal */
};

/* ---- Names ---------------------------------------------------------------------------- */

struct text shell_last_part(const char *path)
{
    struct text whole = text_of(path);
    while (whole.len && whole.at[whole.len - 1] == '/')
        whole.len--;
    size_t slash = text_find_last(whole, '/');
    return slash == whole.len ? whole : text_after(whole, slash + 1);
}

bool shell_local_path(struct shell *shell, const char *word, char path[SHELL_PATH_SIZE])
{
    const char *home = getenv("HOME");
    struct builder b = builder_on(path, SHELL_PATH_SIZE);
    bool is_home = word[0] == '~' && (word[1] == '/' || word[1] == '\0') && home;
    builder_put_string(&b, is_home ? home : "");
    builder_put_string(&b, is_home ? word + 1 : word);
    builder_end(&b);
    if (b.full)
        shell_count_local(shell, word, FAULT_NAME_INVALID);
    return !b.full;
}

/* ---- Programs ---------------------------------------------------------------------------- */

/* Signals that run.c takes for us are blocked here; a program is to have them as usual. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error ? error : posix_spawnattr_setsigdefault(attributes, &defaults);
    return error ? error
                 : posix_spawnattr_setflags(attributes,
                                            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(pid_t *ret_pid, const char *const *words, int input, int output)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (posix_spawnattr_init(&attributes))
        return ENOMEM;
    int error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = set_attributes(&attributes);
        if (!error && input >= 0)
            error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (!error && output >= 0)
            error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (!error)
            error = posix_spawnp(ret_pid, words[0], &actions, &attributes, (char **)words, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int start(struct shell *shell, const char *const *words, int input, int output)
{
    pid_t pid = -1;
    (void)fflush(stdout);
    int error = spawn(&pid, words, input, output);
    if (error)
        shell_count_local(shell, words[0], fault_from_errno(error));
    return error ? -1 : pid;
}

/* Waits for it. Its status; of a signal that ended it 128 and its number, as sh(1) has it. */
static int await(int pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}

static void complain_of_status(struct shell *shell, const char *what, int status)
{
    char why[64];
    struct builder b = builder_on(why, sizeof(why));
    bool is_signal = status > STATUS_SIGNAL;
    builder_put_string(&b, is_signal ? "ended by signal " : "ended with status ");
    builder_put_number(&b, (uint64_t)(is_signal ? status - STATUS_SIGNAL : status));
    run_complain(shell->run, what, builder_end(&b), EXIT_STATUS_LOCAL);
}

bool shell_run_program(struct shell *shell, const char *const *words)
{
    int pid = start(shell, words, -1, -1);
    if (pid < 0)
        return false;
    (void)run_rest(shell->run);
    int status = await(pid);
    run_work(shell->run);
    if (status)
        complain_of_status(shell, words[0], status);
    return status == 0;
}

/* ---- Where something goes ------------------------------------------------------------------ */

/* What a command says: its end is one only when the command ended well. */
struct said {
    struct stream stream;
    struct shell_output *output; /* borrowed: as long as the stream */
};

static enum fault said_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    struct shell_output *output = ((struct said *)stream)->output;
    ssize_t n;
    do {
        n = read(fileno(output->file), buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fault_from_errno(errno);
    if (n == 0 && output->pid) {
        output->status = await(output->pid);
        output->pid = 0;
    }
    *ret_len = (size_t)n;
    return n == 0 && output->status ? FAULT_CANCELLED : FAULT_NONE;
}

static void said_close(struct stream *stream)
{
    memory_free(stream);
}

static struct stream *said_new(struct shell_output *output)
{
    static const struct stream_type type = {.read = said_read, .close = said_close};
    struct said *said = memory_new(sizeof(*said));
    if (!said)
        return NULL;
    said->stream = (struct stream){.type = &type, .fd = -1};
    said->output = output;
    return &said->stream;
}

/* Its end, told where it is none that one wants. */
static void end_command(struct shell *shell, struct shell_output *output, const char *word)
{
    bool was_heard = output->pid == 0;
    if (output->pid)
        output->status = await(output->pid);
    run_lend_terminal(shell->run, false);
    /* It may have read as much as it wanted, as `head` does; or we no more of what it says. */
    bool has_left = output->status == STATUS_SIGNAL + SIGPIPE || (output->stream && !was_heard);
    if (output->status && !has_left && !run_is_interrupted(shell->run))
        complain_of_status(shell, word, output->status);
}

bool shell_output_pipe(struct shell *shell, const char *command, bool reads,
                       struct shell_output *ret_output)
{
    const char *const words[] = {"/bin/sh", "-c", command, NULL};
    int ends[2];
    *ret_output = (struct shell_output){.file = NULL};
    if (pipe2(ends, O_CLOEXEC)) {
        shell_count_local(shell, command, fault_from_errno(errno));
        return false;
    }
    int ours = reads ? ends[0] : ends[1];
    int theirs = reads ? ends[1] : ends[0];
    int pid = start(shell, words, reads ? -1 : theirs, reads ? theirs : -1);
    close(theirs);
    if (pid < 0) {
        close(ours);
        return false;
    }
    struct builder b = builder_on(ret_output->path, sizeof(ret_output->path));
    ret_output->pid = pid;
    builder_put_string(&b, "/dev/fd/");
    builder_put_number(&b, (uint64_t)ours);
    builder_end(&b);
    ret_output->file = fdopen(ours, reads ? "r" : "w");
    ret_output->stream = reads && ret_output->file ? said_new(ret_output) : NULL;
    bool is_open = ret_output->file && (!reads || ret_output->stream);
    if (!is_open) {
        if (ret_output->file)
            (void)fclose(ret_output->file);
        else
            close(ours);
        (void)await(pid);
        shell_count_local(shell, command, FAULT_NO_MEMORY);
        return false;
    }
    run_lend_terminal(shell->run, true); /* a pager's, often */
    return true;
}

static ssize_t write_to_stream(void *cookie, const char *bytes, size_t len)
{
    enum fault f = stream_write(cookie, bytes, len);
    return f ? 0 : (ssize_t)len; /* fopencookie(3): 0 is an error */
}

/* ftp(1) asks before it writes over what is there. */
static bool may_write(struct shell *shell, const char *path)
{
    struct stat info;
    bool asks = true;
    bool replaces = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    return !replaces ||
           shell_confirm(shell, "output to local-file:", text_of(path), &asks) == SHELL_YES;
}

static bool open_file(struct shell *shell, const char *path, struct shell_output *output)
{
    const cookie_io_functions_t functions = {.write = write_to_stream};
    enum fault f = local_file_create(path, &output->stream);
    output->file = f ? NULL : fopencookie(output->stream, "w", functions);
    if (!output->file) {
        stream_close(&output->stream);
        shell_count_local(shell, path, f ? f : FAULT_NO_MEMORY);
    }
    return output->file != NULL;
}

bool shell_output_open(struct shell *shell, const char *word, struct shell_output *ret_output)
{
    char path[SHELL_PATH_SIZE];
    *ret_output = (struct shell_output){.file = stdout, .failed = shell->run->failed};
    if (!word || strcmp(word, "-") == 0)
        return true;
    if (word[0] == '|')
        return shell_output_pipe(shell, word + 1, false, ret_output);
    return shell_local_path(shell, word, path) && may_write(shell, path) &&
           open_file(shell, path, ret_output);
}

void shell_output_close(struct shell *shell, struct shell_output *output, const char *word)
{
    if (output->file == stdout)
        return;
    bool is_lost = ferror(output->file) != 0;
    is_lost = fclose(output->file) || is_lost;
    if (output->path[0]) {
        end_command(shell, output, word);
        stream_close(&output->stream);
        return;
    }
    bool is_complete = shell->run->failed == output->failed && !is_lost;
    enum fault f = is_lost ? FAULT_IO : FAULT_NONE;
    if (is_complete)
        f = local_file_publish(&output->stream);
    stream_close(&output->stream);
    if (f)
        shell_count_local(shell, word, f);
}

/* ---- The commands ---------------------------------------------------------------------------- */

void shell_act_bang(struct shell *shell, const struct shell_call *call)
{
    const char *person = getenv("SHELL");
    const char *program = person && person[0] ? person : "/bin/sh";
    bool has_command = call->count && call->words[0].text.len;
    const char *const words[] = {program, has_command ? "-c" : NULL,
                                 has_command ? call->words[0].text.at : NULL, NULL};
    (void)shell_run_program(shell, words);
}

void shell_act_lls(struct shell *shell, const struct shell_call *call)
{
    const char *words[ARGUMENTS_MAX] = {"ls", "--color=auto"};
    for (size_t i = 0; i < call->count; i++)
        words[i + 2] = call->words[i].text.at;
    (void)shell_run_program(shell, words);
}

static void tell_directory(struct shell *shell)
{
    char path[SHELL_PATH_SIZE];
    if (!getcwd(path, sizeof(path))) {
        shell_count_local(shell, "local directory", fault_from_errno(errno));
        return;
    }
    shell_tell_of(shell, TEXT("local directory"), text_of(path));
}

void shell_act_lcd(struct shell *shell, const struct shell_call *call)
{
    char path[SHELL_PATH_SIZE];
    if (!shell_local_path(shell, call->count ? call->words[0].text.at : "~", path))
        return;
    if (chdir(path))
        shell_count_local(shell, path, fault_from_errno(errno));
    else
        tell_directory(shell);
}

void shell_act_lpwd(struct shell *shell, const struct shell_call *call)
{
    (void)call;
    tell_directory(shell);
}

void shell_act_lmkdir(struct shell *shell, const struct shell_call *call)
{
    char path[SHELL_PATH_SIZE];
    for (size_t i = 0; i < call->count; i++)
        if (shell_local_path(shell, call->words[i].text.at, path))
            shell_count_local(shell, path,
                              mkdir(path, 0777) ? fault_from_errno(errno) : FAULT_NONE);
}
