/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_session.h"

#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

/* As FTP servers have it: users who are not to come in by FTP, one a line. */
#define REFUSED_USERS "/etc/ftpusers"

enum { LINE_SIZE = 1024 };

/* ---- What PAM asks and is told ----------------------------------------------------- */

static void free_answers(struct pam_response *answers, int count)
{
    for (int i = 0; i < count; i++)
        memory_free_secret(answers[i].resp, answers[i].resp ? strlen(answers[i].resp) : 0);
    memory_free(answers);
}

/*
 * The password is for a prompt that does not show what is typed, and for
 * nothing else; what modules have to say, nobody is there to read. PAM frees
 * the answers.
 */
static int converse(int count, const struct pam_message **messages, struct pam_response **answers,
                    void *password)
{
    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *all = memory_new_array((size_t)count, sizeof(*all));
    bool fine = all != NULL;
    for (int i = 0; fine && i < count; i++) {
        int style = messages[i]->msg_style;
        if (style == PAM_PROMPT_ECHO_OFF)
            all[i].resp = memory_copy(password, strlen(password));
        fine = style == PAM_PROMPT_ECHO_OFF ? all[i].resp != NULL
                                            : style == PAM_TEXT_INFO || style == PAM_ERROR_MSG;
    }
    if (fine) {
        *answers = all;
        return PAM_SUCCESS;
    }
    if (all)
        free_answers(all, count);
    return PAM_CONV_ERR;
}

/* The gate delays those who guess (gate/guard.h); here it would keep a worker busy. */
static void do_not_delay(int status, unsigned microseconds, void *data)
{
    (void)status;
    (void)microseconds;
    (void)data;
}

static int set_items(pam_handle_t *pam, const char *peer)
{
    void (*delay)(int, unsigned, void *) = do_not_delay;
    const void *item;
    memcpy(&item, &delay, sizeof(item)); /* PAM has a function where C has objects */
    int status = pam_set_item(pam, PAM_RHOST, peer);
    if (!status)
        status = pam_set_item(pam, PAM_TTY, "ftp"); /* modules that look for one refuse without */
    if (!status)
        status = pam_set_item(pam, PAM_FAIL_DELAY, item);
    return status;
}

/* ---- Who may not, whatever PAM says -------------------------------------------------- */

static bool is_listed(const char *file, const char *name)
{
    char line[LINE_SIZE];
    bool found = false;
    FILE *lines = fopen(file, "re");
    if (!lines) /* no file refuses nobody; one that cannot be read is another matter */
        return access(file, F_OK) == 0;
    while (!found && fgets(line, sizeof(line), lines)) {
        struct text word = text_of(line);
        word.len = text_find(word, '\n');
        found = text_equal(text_trim(word), text_of(name));
    }
    (void)fclose(lines);
    return found;
}

static bool is_shell(const char *shell)
{
    bool found = false;
    /* passwd(5): an empty one is /bin/sh. */
    const char *wanted = shell[0] ? shell : "/bin/sh";
    setusershell();
    for (const char *known = getusershell(); known && !found; known = getusershell())
        found = strcmp(known, wanted) == 0;
    endusershell();
    return found;
}

/* Why a user of the system may not come in; NULL: they may. */
static const char *refusal(const struct monitor_settings *settings, const struct passwd *entry)
{
    if (entry->pw_uid == 0)
        return "uid 0";
    if (entry->pw_uid < settings->first_user)
        return "uid below system-users-from";
    if (is_listed(REFUSED_USERS, entry->pw_name))
        return "in " REFUSED_USERS;
    if (!settings->any_shell && !is_shell(entry->pw_shell))
        return "shell not in /etc/shells";
    return NULL;
}

static bool copy_string(char *to, size_t size, const char *from)
{
    struct builder b = builder_on(to, size);
    builder_put_string(&b, from);
    builder_end(&b);
    return !b.full;
}

/* Why not, or NULL and the person as the system knows them. */
static const char *look_up(const struct monitor_settings *settings, const char *name,
                           struct monitor_person *ret_person)
{
    const struct passwd *entry = getpwnam(name);
    if (!entry)
        return "no such user";
    const char *why_not = refusal(settings, entry);
    if (why_not)
        return why_not;
    ret_person->uid = entry->pw_uid;
    ret_person->gid = entry->pw_gid;
    if (!copy_string(ret_person->name, sizeof(ret_person->name), entry->pw_name) ||
        !copy_string(ret_person->home, sizeof(ret_person->home), entry->pw_dir))
        return "name or home too long";
    return NULL;
}

/* ---- The session ------------------------------------------------------------------------ */

/* A module may have made another name of it: that one counts. NULL, or why not. */
static const char *check_account(pam_handle_t *pam, const struct monitor_settings *settings,
                                 struct monitor_person *ret_person)
{
    const void *name = NULL;
    int status = pam_get_item(pam, PAM_USER, &name);
    if (status != PAM_SUCCESS || !name)
        return "no name";
    const char *why_not = look_up(settings, name, ret_person);
    if (why_not)
        return why_not;
    /* PAM_NEW_AUTHTOK_REQD too: FTP has no way to ask for a new password here. */
    status = pam_acct_mgmt(pam, 0);
    return status == PAM_SUCCESS ? NULL : pam_strerror(pam, status);
}

/* Modules may add to the groups (pam_group): they are asked with those of the user in force. */
static const char *open_session(pam_handle_t *pam, struct monitor_person *person)
{
    if (setgid(person->gid) || initgroups(person->name, person->gid))
        return "groups cannot be set";
    int status = pam_setcred(pam, PAM_ESTABLISH_CRED);
    if (status != PAM_SUCCESS)
        return pam_strerror(pam, status);
    int count = getgroups(MONITOR_GROUPS_MAX, person->groups);
    person->group_count = count < 0 ? 0 : (size_t)count;
    status = count < 0 ? PAM_CRED_ERR : pam_open_session(pam, 0);
    if (status == PAM_SUCCESS)
        return NULL;
    (void)pam_setcred(pam, PAM_DELETE_CRED);
    return count < 0 ? "in too many groups" : pam_strerror(pam, status);
}

static const char *log_in(pam_handle_t *pam, const struct monitor_settings *settings,
                          struct monitor_person *ret_person)
{
    int status = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (status != PAM_SUCCESS)
        return pam_strerror(pam, status);
    const char *why_not = check_account(pam, settings, ret_person);
    return why_not ? why_not : open_session(pam, ret_person);
}

static void wait_for_end(int socket, struct message *message)
{
    while (!message_receive(socket, MESSAGE_WAIT_FOREVER, message))
        continue;
}

/* Says what came of it, and ends the session when the login does. */
static int keep_session(pam_handle_t *pam, int socket, struct message *message,
                        const struct monitor_person *person)
{
    message_begin(message);
    message_put_number(message, FAULT_NONE);
    monitor_put_person(message, person);
    if (!message_send(socket, message))
        wait_for_end(socket, message);
    int status = pam_close_session(pam, 0);
    (void)pam_setcred(pam, PAM_DELETE_CRED);
    if (status != PAM_SUCCESS)
        log_warning("system-session-not-closed", LOG_TEXT("user", text_of(person->name)),
                    LOG_TEXT("reason", text_of(pam_strerror(pam, status))));
    (void)pam_end(pam, status);
    return EXIT_SUCCESS;
}

static int refuse(int socket, struct message *message)
{
    message_begin(message);
    message_put_number(message, FAULT_LOGIN_REFUSED);
    (void)message_send(socket, message);
    return EXIT_FAILURE;
}

static const char *authenticate(pam_handle_t *pam, const struct monitor_settings *settings,
                                const struct monitor_request *request,
                                struct monitor_person *ret_person)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(host, sizeof(host));
    endpoint_put_host(&request->endpoint, &b);
    int status = set_items(pam, builder_end(&b));
    return status == PAM_SUCCESS ? log_in(pam, settings, ret_person) : pam_strerror(pam, status);
}

int monitor_session_run(int socket, const struct monitor_settings *settings,
                        const struct monitor_request *request, struct message *message)
{
    const struct pam_conv conversation = {converse, (char *)request->password};
    pam_handle_t *pam = NULL;
    struct monitor_person *person = memory_new(sizeof(*person));
    if (!person || pam_start(settings->service, request->name, &conversation, &pam) != PAM_SUCCESS)
        return refuse(socket, message);
    const char *why_not = authenticate(pam, settings, request, person);
    if (why_not)
        log_info("system-user-refused", LOG_TEXT("user", text_of(request->name)),
                 LOG_TEXT("reason", text_of(why_not)));
    message_wipe(message);
    if (!why_not)
        return keep_session(pam, socket, message, person);
    (void)pam_end(pam, PAM_AUTH_ERR);
    return refuse(socket, message);
}
