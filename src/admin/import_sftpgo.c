/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SFTPGo: what its dumpdata writes and loaddata reads, one JSON object with
 * users, groups and folders. A field that is in the table below is brought over,
 * one that is in the list of those without effect on FTP is not, and any other
 * that says something is a remark.
 */
#include <jansson.h>

#include "admin/fields.h"
#include "admin/import_record.h"

enum { KILOBYTE = 1024, MS_A_SECOND = 1000, HOURS_SIZE = 64 };

/* Is there nothing that it says? */
static bool is_empty(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *key;
        json_t *member;
        json_object_foreach ((json_t *)value, key, member) {
            if (!is_empty(member))
                return false;
        }
        return true;
    }
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_STRING:
        return json_string_length(value) == 0;
    case JSON_INTEGER:
        return json_integer_value(value) == 0;
    case JSON_REAL:
    case JSON_TRUE:
        return false;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return true;
}

/* ---- Numbers ------------------------------------------------------------------------------- */

/* A limit; 0 is none. */
static void take_number(struct import_record *record, const json_t *object, const char *key,
                        enum term term, uint64_t factor)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);
    if (!value || json_is_null(value) || (json_is_integer(value) && number == 0))
        return;
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > INT64_MAX / factor)
        import_doubt(record, "%s: it makes no sense", key);
    else
        import_term_number(record, term, (uint64_t)number * factor);
}

static void take_expiry(struct import_record *record, const json_t *object)
{
    const json_t *value = json_object_get(object, "expiration_date");
    json_int_t ms = json_integer_value(value);
    if (!value || (json_is_integer(value) && ms == 0))
        return;
    if (!json_is_integer(value) || ms < 0)
        import_doubt(record, "expiration_date: it makes no sense");
    else
        import_term_date(record, TERM_EXPIRES, (uint64_t)ms / MS_A_SECOND);
}

static void take_texts(struct import_record *record, const json_t *array, enum term term)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
    {
        import_term(record, term,
                    (struct text){json_string_value(value), json_string_length(value)});
    }
}

/* ---- Permissions ------------------------------------------------------------------------------
 */

static unsigned actions_of_word(struct text word)
{
    static const struct {
        const char *word;
        unsigned actions;
    } rows[] = {
        {"list", 1U << ACTION_LIST},
        {"download", 1U << ACTION_READ | 1U << ACTION_HASH},
        {"upload", 1U << ACTION_WRITE},
        {"overwrite", 1U << ACTION_OVERWRITE | 1U << ACTION_APPEND},
        {"delete", 1U << ACTION_DELETE | 1U << ACTION_REMOVE_DIRECTORY},
        {"delete_files", 1U << ACTION_DELETE},
        {"delete_dirs", 1U << ACTION_REMOVE_DIRECTORY},
        {"rename", 1U << ACTION_RENAME},
        {"create_dirs", 1U << ACTION_MAKE_DIRECTORY},
        {"create_symlinks", 1U << ACTION_LINK},
        {"chtimes", 1U << ACTION_ATTRIBUTES},
    };
    if (text_equal(word, TEXT("*")))
        return import_all_actions();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (text_equal(word, text_of(rows[i].word)))
            return rows[i].actions;
    return 0;
}

/* What only one half of a right here is given, or none: less than before, and told. */
static unsigned actions_of(struct import_record *record, const json_t *words)
{
    unsigned actions = 0;
    bool may_chmod = false;
    size_t i;
    json_t *value;
    json_array_foreach(words, i, value)
    {
        const struct text word = {json_string_value(value), json_string_length(value)};
        actions |= actions_of_word(word);
        may_chmod |= text_equal(word, TEXT("chmod")) || text_equal(word, TEXT("*"));
        if (!actions_of_word(word) && !text_equal(word, TEXT("chmod")))
            import_remark(record, "permissions: there is no \"%.*s\" here", TEXT_ARGS(word));
    }
    if (!may_chmod && actions & 1U << ACTION_ATTRIBUTES) {
        import_remark(record, "permissions: chtimes goes with chmod only");
        actions &= ~(1U << ACTION_ATTRIBUTES);
    }
    return actions;
}

/* The longest path of those that are shorter than `limit`, or as long and behind it. */
static const char *next_path(const json_t *permissions, const char *before)
{
    const char *best = NULL;
    const char *path;
    json_t *words;
    json_object_foreach ((json_t *)permissions, path, words) {
        size_t len = strlen(path);
        bool is_left = !before || len < strlen(before) ||
                       (len == strlen(before) && strcmp(path, before) > 0);
        bool is_better = !best || len > strlen(best) ||
                         (len == strlen(best) && strcmp(path, best) < 0);
        if (is_left && is_better)
            best = path;
    }
    return best;
}

/* The directory that is the nearest decides there, the first rule here: the longest come first. */
static void take_permissions(struct import_record *record, const json_t *permissions)
{
    const unsigned all = import_all_actions();
    for (const char *path = next_path(permissions, NULL); path;
         path = next_path(permissions, path)) {
        unsigned allowed = actions_of(record, json_object_get(permissions, path));
        if (path[0] != '/')
            import_doubt(record, "permissions: %s is no path", path);
        if (json_object_size(permissions) > 1)
            import_rule(record, true, allowed, text_of(path));
        import_rule(record, false, all & ~allowed, text_of(path));
    }
}

/* ---- Filters
 * ------------------------------------------------------------------------------------- */

static void take_patterns(struct import_record *record, const json_t *patterns)
{
    enum { DENY_HIDES = 1 };
    size_t i;
    json_t *row;
    json_array_foreach(patterns, i, row)
    {
        bool hides = json_integer_value(json_object_get(row, "deny_policy")) == DENY_HIDES;
        const json_t *allowed = json_object_get(row, "allowed_patterns");
        if (!text_equal(fields_bytes(json_object_get(row, "path")), TEXT("/")) ||
            (hides && json_array_size(allowed))) {
            import_doubt(record, "filters: file_patterns of %s cannot be kept",
                         json_string_value(json_object_get(row, "path")));
            continue;
        }
        import_term_flag(record, TERM_IGNORE_CASE);
        take_texts(record, allowed, TERM_ALLOW_NAMES);
        take_texts(record, json_object_get(row, "denied_patterns"),
                   hides ? TERM_HIDE_NAMES : TERM_DENY_NAMES);
    }
}

static void take_hours(struct import_record *record, const json_t *times)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    size_t i;
    json_t *row;
    json_array_foreach(times, i, row)
    {
        char bytes[HOURS_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        const json_t *day = json_object_get(row, "day_of_week");
        json_int_t number = json_integer_value(day);
        if (!json_is_integer(day) || number < 0 ||
            number >= (json_int_t)(sizeof(days) / sizeof(*days))) {
            import_doubt(record, "filters: access_time makes no sense");
            continue;
        }
        builder_put_string(&b, days[number]);
        builder_put_byte(&b, ' ');
        builder_put(&b, fields_bytes(json_object_get(row, "from")));
        builder_put_byte(&b, '-');
        builder_put(&b, fields_bytes(json_object_get(row, "to")));
        import_term(record, TERM_HOURS, b.full ? TEXT("?") : builder_text(&b));
    }
}

static bool has_word(const json_t *array, const char *word)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
    {
        if (json_is_string(value) && text_equal(text_of(json_string_value(value)), text_of(word)))
            return true;
    }
    return false;
}

/* What has a counterpart, or none that FTP would need. Others are looked at by remark_others. */
static const char *const known_filters[] = {"allowed_ip",
                                            "denied_ip",
                                            "denied_protocols",
                                            "denied_login_methods",
                                            "max_upload_file_size",
                                            "file_patterns",
                                            "access_time",
                                            "require_password_change",
                                            "ftp_security",
                                            "web_client",
                                            "disable_fs_checks",
                                            "tls_username",
                                            "user_type",
                                            "default_shares_expiration",
                                            "max_shares_expiration",
                                            "allow_api_key_auth",
                                            "password_strength",
                                            NULL};

/* Limits and second factors that there are not here. */
static const char *const strict_filters[] = {"bandwidth_limits", "data_transfer_limits",
                                             "totp_config", "two_factor_protocols", NULL};

static const char *const known_fields[] = {"id",
                                           "username",
                                           "password",
                                           "home_dir",
                                           "status",
                                           "expiration_date",
                                           "uid",
                                           "gid",
                                           "max_sessions",
                                           "quota_size",
                                           "quota_files",
                                           "permissions",
                                           "upload_bandwidth",
                                           "download_bandwidth",
                                           "filters",
                                           "virtual_folders",
                                           "groups",
                                           "filesystem",
                                           "description",
                                           "used_quota_size",
                                           "used_quota_files",
                                           "last_quota_update",
                                           "last_login",
                                           "created_at",
                                           "updated_at",
                                           "email",
                                           "has_password",
                                           "first_download",
                                           "first_upload",
                                           "last_password_change",
                                           "used_upload_data_transfer",
                                           "used_download_data_transfer",
                                           "name",
                                           "user_settings",
                                           "users",
                                           "admins",
                                           NULL};

static const char *const strict_fields[] = {"upload_data_transfer", "download_data_transfer",
                                            "total_data_transfer", NULL};

static bool is_listed(const char *const *list, const char *word)
{
    while (*list && !text_equal(text_of(*list), text_of(word)))
        list++;
    return *list != NULL;
}

static void remark_others(struct import_record *record, const json_t *object,
                          const char *const *known, const char *const *strict)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        if (is_empty(value) || is_listed(known, key))
            continue;
        if (is_listed(strict, key))
            import_doubt(record, "%s cannot be kept", key);
        else
            import_remark(record, "%s is not brought over", key);
    }
}

static void take_filters(struct import_record *record, const json_t *filters)
{
    take_texts(record, json_object_get(filters, "allowed_ip"), TERM_ALLOW_FROM);
    take_texts(record, json_object_get(filters, "denied_ip"), TERM_DENY_FROM);
    take_number(record, filters, "max_upload_file_size", TERM_MAX_FILE_SIZE, 1);
    take_patterns(record, json_object_get(filters, "file_patterns"));
    take_hours(record, json_object_get(filters, "access_time"));
    if (json_is_true(json_object_get(filters, "require_password_change")) && record && record->user)
        import_term_flag(record, TERM_MUST_CHANGE_PASSWORD);
    if (json_integer_value(json_object_get(filters, "ftp_security")))
        import_term_flag(record, TERM_REQUIRE_TLS);
    if (has_word(json_object_get(filters, "denied_protocols"), "FTP"))
        import_doubt(record, "it may not use FTP there");
    if (has_word(json_object_get(filters, "denied_login_methods"), "password"))
        import_doubt(record, "it may not log in with a password there");
    remark_others(record, filters, known_filters, strict_filters);
}

/* ---- Users, groups, folders
 * ------------------------------------------------------------------------ */

/* Files that are elsewhere, or encrypted: provider 0 is the local disk. */
static void check_filesystem(struct import_record *record, const json_t *object)
{
    const json_t *provider = json_object_get(json_object_get(object, "filesystem"), "provider");
    if (provider && !is_empty(provider))
        import_doubt(record, "filesystem: its files are not on the local disk");
}

/* What both users and groups have; a group keeps it in `user_settings`. */
static void take_settings(struct import_record *record, const json_t *object)
{
    take_number(record, object, "max_sessions", TERM_MAX_SESSIONS, 1);
    take_number(record, object, "quota_size", TERM_QUOTA_BYTES, 1);
    take_number(record, object, "quota_files", TERM_QUOTA_FILES, 1);
    take_number(record, object, "upload_bandwidth", TERM_UPLOAD_RATE, KILOBYTE);
    take_number(record, object, "download_bandwidth", TERM_DOWNLOAD_RATE, KILOBYTE);
    take_permissions(record, json_object_get(object, "permissions"));
    take_filters(record, json_object_get(object, "filters"));
    check_filesystem(record, object);
    remark_others(record, object, known_fields, strict_fields);
}

/* A quota of -1 is counted in the user's; one of its own is nobody's here. */
static void take_folders(struct import_record *record, const json_t *object)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(object, "virtual_folders"), i, row)
    {
        import_mount(record, fields_bytes(json_object_get(row, "name")),
                     fields_bytes(json_object_get(row, "virtual_path")));
        if (json_integer_value(json_object_get(row, "quota_size")) > 0 ||
            json_integer_value(json_object_get(row, "quota_files")) > 0)
            import_doubt(record, "virtual_folders: a quota of %s for this one cannot be kept",
                         json_string_value(json_object_get(row, "name")));
    }
}

static void read_user(const json_t *object, struct import_list *list)
{
    struct import_record *user = import_add(list, IMPORT_USER,
                                            fields_bytes(json_object_get(object, "username")), 0);
    struct text password = fields_bytes(json_object_get(object, "password"));
    const json_t *status = json_object_get(object, "status");
    struct text comment = fields_bytes(json_object_get(object, "description"));
    if (password.len)
        import_password(user, password, false);
    else
        import_remark(user, "password: it has none there");
    if (json_integer_value(status) != 1)
        import_term_flag(user, TERM_DISABLED);
    if (comment.len)
        import_term(user, TERM_COMMENT, comment);
    import_root(user, fields_bytes(json_object_get(object, "home_dir")));
    take_expiry(user, object);
    take_settings(user, object);
    take_folders(user, object);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(object, "groups"), i, row)
    {
        import_membership(user, fields_bytes(json_object_get(row, "name")));
    }
}

static void read_group(const json_t *object, struct import_list *list)
{
    struct import_record *group = import_add(list, IMPORT_GROUP,
                                             fields_bytes(json_object_get(object, "name")), 0);
    const json_t *settings = json_object_get(object, "user_settings");
    take_settings(group, settings);
    take_folders(group, object);
    import_remark(group, "what is limited holds for all its members together here");
    if (fields_bytes(json_object_get(settings, "home_dir")).len)
        import_remark(group, "home_dir: each user needs a root of their own");
}

static void read_folder(const json_t *object, struct import_list *list)
{
    struct import_record *folder = import_add(list, IMPORT_FOLDER,
                                              fields_bytes(json_object_get(object, "name")), 0);
    import_root(folder, fields_bytes(json_object_get(object, "mapped_path")));
    check_filesystem(folder, object);
    if (folder && !folder->folder->path)
        import_refuse(folder, "it has no directory here");
}

static void read_each(const json_t *root, const char *key, struct import_list *list,
                      void (*read)(const json_t *object, struct import_list *list))
{
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(root, key), i, object)
    {
        read(object, list);
    }
}

enum fault import_sftpgo(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE])
{
    json_error_t error;
    json_t *root = json_loadb(source->bytes.at ? source->bytes.at : "", source->bytes.len,
                              JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return import_complain(message, "line %d: %.200s", error.line, error.text);
    bool is_dump = json_is_array(json_object_get(root, "users"));
    read_each(root, "folders", list, read_folder);
    read_each(root, "groups", list, read_group);
    read_each(root, "users", list, read_user);
    json_decref(root);
    return is_dump ? FAULT_NONE : import_complain(message, "this is no dump of SFTPGo: no users");
}
