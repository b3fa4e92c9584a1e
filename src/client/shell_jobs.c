/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/safe_name.h"
#include "client/secret.h"
#include "client/shell.h"

enum {
    OPTION_SIZE = SETTINGS_NAME_SIZE + SETTINGS_TEXT_SIZE + 4, /* "--NAME=VALUE" */
    SAID_SHOWN_MAX = 64 * 1024, /* bytes of what a job has said that are shown: its end */
    PASSWORD_SIZE = SECRET_SIZE + sizeof("FERRY_PASSWORD="),
    VARIABLES_MAX = 4096, /* of the environment; with more there is none */
};

/* ---- Starting ------------------------------------------------------------------------------ */

/* What the new process is told besides its words. */
struct told {
    char options[SETTINGS_MAX][OPTION_SIZE];
    const char *words[SETTINGS_MAX + SHELL_WORDS_MAX + 8]; /* borrowed: of others, and `options` */
    char password[PASSWORD_SIZE];
    char *environment[VARIABLES_MAX + 2]; /* borrowed: ours, and `password` */
};

/* Settings as they are now, whatever ferry.conf says; a line of progress is the shell's own. */
static void tell_words(const struct shell *shell, const char *const *words, struct told *told)
{
    size_t count = 0;
    told->words[count++] = "ferry";
    told->words[count++] = *words++;
    for (size_t i = 0; settings_rows[i].name; i++) {
        struct builder b = builder_on(told->options[i], OPTION_SIZE);
        struct text name = text_of(settings_rows[i].name);
        builder_put_string(&b, "--");
        for (size_t j = 0; j < name.len; j++)
            builder_put_byte(&b, name.at[j] == '_' ? '-' : name.at[j]);
        builder_put_byte(&b, '=');
        (void)settings_put(shell->settings, name, &b);
        told->words[count++] = builder_end(&b);
    }
    told->words[count++] = "--progress=off";
    while (*words)
        told->words[count++] = *words++;
    told->words[count] = NULL;
}

/*
 * The password is not on the list of processes: it is in the environment, where another ferry takes
 * it from (credentials.h). In ours there is none.
 */
static void tell_environment(const struct shell *shell, struct told *told)
{
    const struct remote_settings *remote = site_remote(shell->here.site);
    char bytes[SECRET_SIZE];
    struct builder b = builder_on(told->password, sizeof(told->password));
    size_t count = 0;
    for (size_t i = 0; environ[i] && count < VARIABLES_MAX; i++)
        told->environment[count++] = environ[i];
    if (strcmp(remote->user, "anonymous") != 0 &&
        !remote->on_password(remote->owner, bytes, sizeof(bytes))) {
        builder_put_string(&b, "FERRY_PASSWORD=");
        builder_put_string(&b, bytes);
        told->environment[count++] = builder_end(&b);
    }
    told->environment[count] = NULL;
    explicit_bzero(bytes, sizeof(bytes));
}

/* In a process group of its own: Ctrl-C is not for it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigemptyset(&none);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error ? error : posix_spawnattr_setpgroup(attributes, 0);
    return error ? error
                 : posix_spawnattr_setflags(attributes,
                                            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

/* `said`: where what it tells goes; -1: where we tell ours. */
static int spawn(pid_t *ret_pid, const struct told *told, int said)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (posix_spawnattr_init(&attributes))
        return ENOMEM;
    int error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = set_attributes(&attributes);
        if (!error)
            error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                     0);
        if (!error && said >= 0)
            error = posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
        if (!error && said >= 0)
            error = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
        if (!error)
            error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes,
                                (char **)told->words, (char **)told->environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static void remember(struct shell *shell, int pid, int said, const char *command, const char *what)
{
    struct shell_jobs *jobs = &shell->jobs;
    struct shell_job *job = &jobs->all[jobs->count++];
    struct builder b = builder_on(job->what, sizeof(job->what));
    job->pid = pid;
    job->said = said;
    job->is_ended = false;
    job->number = ++jobs->last;
    builder_put_string(&b, command);
    builder_put_byte(&b, ' ');
    safe_text_put(&b, text_of(what));
    builder_end(&b);
    shell_say(shell, "[%u] %s", job->number, job->what);
}

void shell_jobs_start(struct shell *shell, const char *what, const char *const *words)
{
    pid_t pid = -1;
    shell_jobs_look(shell, false, 0);
    if (shell->jobs.count == SHELL_JOBS_MAX) {
        shell_count_local(shell, what, FAULT_TOO_MANY);
        return;
    }
    struct told *told = memory_new(sizeof(*told));
    if (!told) {
        shell_count_local(shell, what, FAULT_NO_MEMORY);
        return;
    }
    tell_words(shell, words, told);
    tell_environment(shell, told);
    /* Somebody types, and is told at the end: what comes amid a line is nobody's to read. */
    int said = shell->edit ? memfd_create("ferry-job", MFD_CLOEXEC) : -1;
    int error = shell->edit && said < 0 ? errno : spawn(&pid, told, said);
    memory_free_secret(told, sizeof(*told));
    if (!error) {
        remember(shell, pid, said, words[0], what);
        return;
    }
    if (said >= 0)
        close(said);
    shell_count_local(shell, what, fault_from_errno(error));
}

/* ---- Looking after them --------------------------------------------------------------- */

/* What it has told us: lines of a ferry, which are fit for a terminal. */
static void show_said(struct shell *shell, const struct shell_job *job)
{
    char piece[4096];
    off_t end = lseek(job->said, 0, SEEK_END);
    ssize_t n;
    (void)lseek(job->said, end > SAID_SHOWN_MAX ? end - SAID_SHOWN_MAX : 0, SEEK_SET);
    pthread_mutex_lock(&shell->run->lock);
    progress_clear(&shell->run->progress);
    while ((n = read(job->said, piece, sizeof(piece))) > 0)
        (void)fwrite(piece, 1, (size_t)n, stderr);
    pthread_mutex_unlock(&shell->run->lock);
    close(job->said);
}

/* Its exit status counts as if it had been done here. */
static void tell_end(struct shell *shell, const struct shell_job *job, int status)
{
    bool has_exited = WIFEXITED(status);
    enum exit_status ended = has_exited ? (enum exit_status)WEXITSTATUS(status)
                                        : EXIT_STATUS_INTERRUPTED;
    if (ended == EXIT_STATUS_DONE) {
        shell_say(shell, "[%u] done: %s", job->number, job->what);
        run_succeeded(shell->run);
    } else if (job->is_ended) {
        shell_say(shell, "[%u] ended: %s", job->number, job->what);
    } else {
        run_complain(shell->run, job->what, exit_status_meaning(ended), ended);
    }
}

/* False: it goes on. */
static bool look_at(struct shell *shell, const struct shell_job *job, bool waits)
{
    int status = 0;
    pid_t pid;
    do {
        pid = waitpid(job->pid, &status, WNOHANG);
        if (pid == 0 && waits) { /* Ctrl-C ends the wait, not the job */
            const struct timespec pause = {.tv_nsec = PROGRESS_PERIOD_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
    } while (pid == 0 && waits && !run_is_interrupted(shell->run));
    if (pid == 0)
        return false;
    if (job->said >= 0)
        show_said(shell, job);
    tell_end(shell, job, status);
    return true;
}

void shell_jobs_look(struct shell *shell, bool waits, unsigned number)
{
    struct shell_jobs *jobs = &shell->jobs;
    size_t left = 0;
    for (size_t i = 0; i < jobs->count; i++) {
        bool is_meant = !number || jobs->all[i].number == number;
        if (!look_at(shell, &jobs->all[i], waits && is_meant))
            jobs->all[left++] = jobs->all[i];
    }
    jobs->count = left;
}

bool shell_jobs_have_news(const struct shell *shell)
{
    bool have = false;
    for (size_t i = 0; i < shell->jobs.count && !have; i++) {
        siginfo_t info = {.si_pid = 0};
        (void)waitid(P_PID, (id_t)shell->jobs.all[i].pid, &info, WEXITED | WNOHANG | WNOWAIT);
        have = info.si_pid != 0;
    }
    return have;
}

static void end(struct shell_job *job)
{
    job->is_ended = true;
    (void)kill(job->pid, SIGTERM);
}

void shell_jobs_end(struct shell *shell)
{
    for (size_t i = 0; i < shell->jobs.count; i++)
        end(&shell->jobs.all[i]);
    shell_jobs_look(shell, true, 0);
}

/* ---- The commands --------------------------------------------------------------------- */

void shell_act_jobs(struct shell *shell, const struct shell_call *call)
{
    const struct shell_jobs *jobs = &shell->jobs;
    (void)call;
    shell_jobs_look(shell, false, 0);
    for (size_t i = 0; i < jobs->count; i++)
        shell_tell(shell, "[%u] %s", jobs->all[i].number, jobs->all[i].what);
}

static struct shell_job *find_job(struct shell *shell, const struct shell_call *call)
{
    uint64_t number = 0;
    struct shell_jobs *jobs = &shell->jobs;
    bool is_number = text_to_number(call->words[0].text, UINT32_MAX, &number);
    for (size_t i = 0; is_number && i < jobs->count; i++)
        if (jobs->all[i].number == number)
            return &jobs->all[i];
    shell_complain(shell, call, "no such job; jobs lists them");
    return NULL;
}

void shell_act_kill(struct shell *shell, const struct shell_call *call)
{
    struct shell_job *job = find_job(shell, call);
    if (!job)
        return;
    end(job);
    shell_jobs_look(shell, true, job->number);
}

void shell_act_wait(struct shell *shell, const struct shell_call *call)
{
    const struct shell_job *job = call->count ? find_job(shell, call) : NULL;
    if (!call->count || job)
        shell_jobs_look(shell, true, job ? job->number : 0);
}
