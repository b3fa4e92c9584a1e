/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/admin.h"

#include "admin/commands.h"
#include "admin/fields.h"
#include "admin/import_put.h"

#define NO_TERMS 0

enum row_flags {
    NO_DATABASE = 1 << 0, /* it needs none */
    RECORDED = 1 << 1,    /* in the audit, when it was done */
};

static const struct row {
    const char *command; /* borrowed: static text, as all below */
    const char *fields;  /* that it knows besides the terms, with spaces between */
    unsigned owners;     /* whose terms it knows: a mask of enum terms_owner */
    unsigned flags;      /* mask of enum row_flags */
    json_t *(*run)(const struct admin *admin, const json_t *request);
} rows[] = {
    {"user add", "name root account password password-hash group folder", TERMS_USER, RECORDED,
     admin_user_add},
    {"user set", "name root account group folder", TERMS_USER, RECORDED, admin_user_set},
    {"user show", "name", NO_TERMS, 0, admin_user_show},
    {"user list", "", NO_TERMS, 0, admin_user_list},
    {"user remove", "name", NO_TERMS, RECORDED, admin_user_remove},
    {"user passwd", "name password password-hash", NO_TERMS, RECORDED, admin_user_passwd},
    {"user import", "format text passwd root dry-run", NO_TERMS, RECORDED, admin_import},
    {"group add", "name folder", TERMS_GROUP, RECORDED, admin_group_add},
    {"group set", "name folder", TERMS_GROUP, RECORDED, admin_group_set},
    {"group show", "name", NO_TERMS, 0, admin_group_show},
    {"group list", "", NO_TERMS, 0, admin_group_list},
    {"group remove", "name", NO_TERMS, RECORDED, admin_group_remove},
    {"folder add", "name path", TERMS_FOLDER, RECORDED, admin_folder_add},
    {"folder set", "name path", TERMS_FOLDER, RECORDED, admin_folder_set},
    {"folder show", "name", NO_TERMS, 0, admin_folder_show},
    {"folder list", "", NO_TERMS, 0, admin_folder_list},
    {"folder remove", "name", NO_TERMS, RECORDED, admin_folder_remove},
    {"session list", "", NO_TERMS, NO_DATABASE, admin_session_list},
    {"session kick", "session user", NO_TERMS, NO_DATABASE | RECORDED, admin_session_kick},
    {"ban list", "", NO_TERMS, NO_DATABASE, admin_ban_list},
    {"ban add", "subject for reason", NO_TERMS, NO_DATABASE | RECORDED, admin_ban_add},
    {"ban remove", "subject", NO_TERMS, NO_DATABASE | RECORDED, admin_ban_remove},
    {"quota show", "name", NO_TERMS, 0, admin_quota_show},
    {"quota recount", "name", NO_TERMS, RECORDED, admin_quota_recount},
    {"explain", "user verb path from at tls", NO_TERMS, 0, admin_explain},
    {"log tail", "lines from file", NO_TERMS, NO_DATABASE, admin_log_tail},
    {"config show", "", NO_TERMS, NO_DATABASE, admin_settings},
    {"reload", "", NO_TERMS, NO_DATABASE | RECORDED, admin_reload},
    {"status", "", NO_TERMS, NO_DATABASE, admin_status},
    {"accounts changed", "", NO_TERMS, 0, admin_accounts_changed},
};

static const struct row *find_row(struct text command)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (text_equal(command, text_of(rows[i].command)))
            return &rows[i];
    return NULL;
}

static bool knows(const struct row *row, const char *field)
{
    struct text rest = text_of(row->fields);
    while (rest.len)
        if (text_equal(text_take_word(&rest), text_of(field)))
            return true;
    enum term term = term_find(text_of(field));
    return term != TERM_NUMBER_OF && (term_rows[term].owners & row->owners);
}

/* A limit whose name is misspelt must not be no limit. */
static bool check_fields(const struct row *row, const json_t *request, struct refusal *refusal)
{
    /* jansson iterates over objects that it may change, but does not here. */
    json_t *object = (json_t *)request;
    const char *field;
    json_t *value;
    json_object_foreach (object, field, value)
        if (!text_equal(text_of(field), TEXT("command")) && !knows(row, field))
            return refuse(refusal, FAULT_ARGUMENT, field, "is no field of \"%s\"", row->command);
    return true;
}

/* What was changed, and about whom. ferryctl without a server has no audit. */
static void record(const struct admin *admin, const struct row *row, const json_t *request)
{
    static const char *const targets[] = {"name", "subject", "user", "session", "format"};
    struct audit_event event = {
        .action = ACTION_ADMIN, .user = TEXT("ferryctl"), .command = text_of(row->command)};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]) && !event.target.len; i++)
        event.target = fields_bytes(json_object_get(request, targets[i]));
    audit_record(admin->audit, &event);
}

json_t *admin_execute(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct text command;
    if (!fields_text(request, "command", true, &command, &refusal))
        return answer_refusal(&refusal);
    const struct row *row = find_row(command);
    if (!row) {
        (void)refuse(&refusal, FAULT_ARGUMENT, "command", "there is no \"%.*s\"",
                     TEXT_ARGS(command));
        return answer_refusal(&refusal);
    }
    if (!check_fields(row, request, &refusal))
        return answer_refusal(&refusal);
    if (!(row->flags & NO_DATABASE) && !admin->database) {
        (void)refuse(&refusal, FAULT_UNSUPPORTED, NULL, "there is no database");
        return answer_refusal(&refusal);
    }
    json_t *answer = row->run(admin, request);
    if (row->flags & RECORDED && json_is_true(json_object_get(answer, "ok")))
        record(admin, row, request);
    return answer;
}
