/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/import_put.h"

#include "account/password.h"
#include "admin/check.h"
#include "admin/fields.h"
#include "admin/import.h"
#include "base/memory.h"

enum { ROOT_SIZE = 4096, NAME_SIZE = 512 };

static json_t *answer_error(const char *fault, const char *field, const char *message)
{
    return json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "fault", fault, "field", field, "error",
                     message);
}

/* ---- One record ---------------------------------------------------------------------------- */

/* What storing it takes that reading it did not: FAULT_ARGUMENT when it has no root. */
static enum fault complete(struct import_record *record, struct text roots)
{
    struct account *user = record->user;
    char bytes[ROOT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!user || user->root)
        return FAULT_NONE;
    builder_put(&b, roots);
    if (roots.len && roots.at[roots.len - 1] != '/')
        builder_put_byte(&b, '/');
    builder_put_string(&b, user->name);
    if (!roots.len || b.full)
        return FAULT_ARGUMENT;
    user->root = memory_copy(b.at, b.len);
    return user->root ? FAULT_NONE : FAULT_NO_MEMORY;
}

/* A hash in the place of what was in clear. */
static enum fault hash_password(struct import_record *record)
{
    char *hash = NULL;
    if (!record->is_clear)
        return FAULT_NONE;
    struct text password = text_of(record->user->password);
    enum fault f = password_hash(password, &hash);
    if (f)
        return f;
    memory_free_secret(record->user->password, password.len);
    record->user->password = hash;
    record->is_clear = false;
    return FAULT_NONE;
}

static enum fault store(struct database *database, const struct import_record *record,
                        char message[DATABASE_MESSAGE_SIZE])
{
    switch (record->kind) {
    case IMPORT_FOLDER:
        return database_put_folder(database, record->folder, true, message);
    case IMPORT_GROUP:
        return database_put_group(database, record->group, true, message);
    case IMPORT_USER:
        break;
    }
    return database_put_user(database, record->user, true, message);
}

static bool is_disabled(const struct import_record *record)
{
    return (record->user && terms_flag(&record->user->terms, TERM_DISABLED)) ||
           (record->group && terms_flag(&record->group->terms, TERM_DISABLED));
}

/* Behind the record's own remark, when there is one. */
static json_t *remark_of(const struct import_record *record, const char *message)
{
    if (!record->remark)
        return json_string(message);
    return *message ? json_sprintf("%s; %s", record->remark, message) : json_string(record->remark);
}

/* What was brought over must make sense here, too. */
static enum fault check(const struct import_record *record, struct builder *message)
{
    struct refusal refusal = {.text = ""};
    bool fine = true;
    if (record->user)
        fine = check_terms(TERMS_USER, record->user->name, &record->user->terms, &refusal);
    else if (record->group)
        fine = check_terms(TERMS_GROUP, record->group->name, &record->group->terms, &refusal);
    if (!fine)
        builder_put_string(message, refusal.text);
    builder_end(message);
    return fine ? FAULT_NONE : FAULT_ARGUMENT;
}

/* Stores it, unless this is only to see; its row of the answer. */
static json_t *put(const struct admin *admin, struct import_record *record, struct text roots,
                   bool dry_run)
{
    static const char *const kinds[] = {"folder", "group", "user"};
    char message[DATABASE_MESSAGE_SIZE] = "";
    const char *result = is_disabled(record) ? "disabled" : "imported";
    struct builder b = builder_on(message, sizeof(message));
    enum fault f = record->is_refused ? FAULT_ARGUMENT : complete(record, roots);
    if (f && !record->is_refused)
        builder_put(&b, TEXT("root: it has none here; say below which directory"));
    if (!f)
        f = check(record, &b);
    if (!f && !dry_run)
        f = hash_password(record);
    if (!f && !dry_run)
        f = store(admin->database, record, message);
    if (f)
        result = f == FAULT_EXISTS ? "exists" : "refused";
    if (f && f != FAULT_EXISTS && !*message && !record->is_refused)
        builder_put_string(&b, fault_text(f));
    char bytes[NAME_SIZE];
    struct builder name = builder_on(bytes, sizeof(bytes));
    import_put_shown(&name, import_record_name(record));
    builder_end(&name);
    return json_pack("{s:s, s:o, s:I, s:s, s:o}", "kind", kinds[record->kind], "name",
                     json_string(name.at), "line", (json_int_t)record->line, "result", result,
                     "remark", remark_of(record, message));
}

/* ---- All of them ------------------------------------------------------------------------------
 */

/* Folders come before the groups that mount them, and groups before their members. */
static json_t *put_all(const struct admin *admin, const struct import_list *list, struct text roots,
                       bool dry_run)
{
    json_t *rows = json_array();
    for (unsigned kind = IMPORT_FOLDER; kind <= IMPORT_USER; kind++)
        for (size_t i = 0; i < list->count; i++)
            if (list->records[i]->kind == kind &&
                json_array_append_new(rows, put(admin, list->records[i], roots, dry_run))) {
                json_decref(rows);
                return NULL;
            }
    return json_pack("{s:b, s:o}", "ok", 1, "records", rows);
}

json_t *admin_import(const struct admin *admin, const json_t *request)
{
    char message[IMPORT_MESSAGE_SIZE] = "";
    struct import_list list = {.fault = FAULT_NONE};
    struct import_source source = {
        .bytes = fields_bytes(json_object_get(request, "text")),
        .passwd = fields_bytes(json_object_get(request, "passwd")),
    };
    struct text roots = fields_bytes(json_object_get(request, "root"));
    if (!import_format_find(fields_bytes(json_object_get(request, "format")), &source.format))
        return answer_error("ARGUMENT", "format", "format: it is none of those that can be read");
    if (roots.len && roots.at[0] != '/')
        return answer_error("ARGUMENT", "root", "root: it must begin with /");
    enum fault f = import_read(&source, &list, message);
    if (f)
        return answer_error(fault_name(f), "text", *message ? message : fault_text(f));
    json_t *answer = put_all(admin, &list, roots,
                             json_is_true(json_object_get(request, "dry-run")));
    import_list_done(&list);
    return answer;
}
