/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FileZilla Server: "FileZilla Server.xml" of 0.9 and users.xml of 1.x. There is
 * no document type in either; one that has it is refused before it is parsed, so
 * that no entity is ever expanded.
 */
#include <libxml/parser.h>
#include <limits.h>

#include "admin/import_record.h"

enum { VALUE_SIZE = 2048, KILOBYTE = 1024 };

/* ---- Looking around in the tree ---------------------------------------------------------- */

static bool is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE &&
           text_equal(text_of((const char *)node->name), text_of(name));
}

/* The next element of that name, `node` or behind it. */
static const xmlNode *find_from(const xmlNode *node, const char *name)
{
    while (node && !is_named(node, name))
        node = node->next;
    return node;
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    return node ? find_from(node->children, name) : NULL;
}

/* The value inside the buffer; empty when there is none. Too long: b->full. */
static struct text take_text(struct builder *b, xmlChar *value)
{
    size_t before = b->len;
    builder_put(b, text_of((const char *)value));
    xmlFree(value);
    return text_trim((struct text){b->at + before, b->len - before});
}

static struct text content(const xmlNode *node, struct builder *b)
{
    return node ? take_text(b, xmlNodeGetContent(node)) : TEXT("");
}

static struct text attribute(const xmlNode *node, const char *name, struct builder *b)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    return value ? take_text(b, value) : TEXT("");
}

/* ---- 0.9 ------------------------------------------------------------------------------------- */

/* <Option Name="...">value</Option> of a user, group or directory. */
static struct text option(const xmlNode *owner, const char *name, struct builder *b)
{
    for (const xmlNode *node = child(owner, "Option"); node;
         node = find_from(node->next, "Option")) {
        size_t before = b->len;
        if (text_equal(attribute(node, "Name", b), text_of(name)))
            return content(node, b);
        b->len = before;
    }
    return TEXT("");
}

static bool option_is(const xmlNode *owner, const char *name, const char *value)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    return text_equal(option(owner, name, &b), text_of(value));
}

/* A limit; 0 is none. */
static void take_limit(struct import_record *record, enum term term, struct text value)
{
    if (value.len && !text_equal(value, TEXT("0")))
        import_term(record, term, value);
}

/* Of a type: 0 what is above says, 1 none, 2 a constant one in KiB, 3 rules by date. */
static void take_speed(struct import_record *record, const xmlNode *limits, enum term term,
                       const char *type_name, const char *limit_name)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text type = attribute(limits, type_name, &b);
    uint64_t limit;
    if (!type.len || text_equal(type, TEXT("0")) || text_equal(type, TEXT("1")))
        return;
    if (text_equal(type, TEXT("2")) &&
        text_to_number(attribute(limits, limit_name, &b), INT_MAX, &limit))
        import_term_number(record, term, limit * KILOBYTE);
    else
        import_doubt(record, "%s: %s \"%.*s\" cannot be kept", term_rows[term].word, type_name,
                     TEXT_ARGS(type));
}

static size_t take_addresses(struct import_record *record, const xmlNode *list, enum term term)
{
    size_t count = 0;
    for (const xmlNode *ip = child(list, "IP"); ip; ip = find_from(ip->next, "IP"), count++) {
        char bytes[VALUE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        import_term(record, term, content(ip, &b));
    }
    return count;
}

/* What is allowed are exceptions from what is not; "*" is everywhere. */
static void take_filter(struct import_record *record, const xmlNode *filter)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const xmlNode *denied = child(filter, "Disallowed");
    const xmlNode *allowed = child(filter, "Allowed");
    bool all_denied = text_equal(content(child(denied, "IP"), &b), TEXT("*"));
    if (!child(denied, "IP"))
        return;
    if (all_denied && take_addresses(record, allowed, TERM_ALLOW_FROM))
        return;
    if (all_denied || child(allowed, "IP"))
        import_doubt(record, "its address filter cannot be kept");
    else
        (void)take_addresses(record, denied, TERM_DENY_FROM);
}

/* What users and groups have in common. */
static void take_limits(struct import_record *record, const xmlNode *node)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const xmlNode *speeds = child(node, "SpeedLimits");
    if (option_is(node, "Enabled", "0"))
        import_term_flag(record, TERM_DISABLED);
    if (option_is(node, "ForceSsl", "1"))
        import_term_flag(record, TERM_REQUIRE_TLS);
    take_limit(record, TERM_MAX_SESSIONS, option(node, "User Limit", &b));
    take_limit(record, TERM_MAX_PER_ADDRESS, option(node, "IP Limit", &b));
    take_speed(record, speeds, TERM_DOWNLOAD_RATE, "DlType", "DlLimit");
    take_speed(record, speeds, TERM_UPLOAD_RATE, "UlType", "UlLimit");
    take_filter(record, child(node, "IpFilter"));
    struct text comment = option(node, "Comments", &b);
    if (comment.len && text_find(comment, '\n') == comment.len)
        import_term(record, TERM_COMMENT, comment);
    if (b.full)
        import_doubt(record, "one of its options is too long");
}

static const xmlNode *home_of(const xmlNode *owner)
{
    const xmlNode *permission = child(child(owner, "Permissions"), "Permission");
    while (permission && !option_is(permission, "IsHome", "1"))
        permission = find_from(permission->next, "Permission");
    return permission;
}

/* Its actions; over a file one needs the right to delete, too. */
static unsigned actions_of(const xmlNode *permission)
{
    static const struct {
        const char *option;
        unsigned actions;
    } rows[] = {
        {"FileRead", 1U << ACTION_READ | 1U << ACTION_HASH},
        {"FileWrite", 1U << ACTION_WRITE | 1U << ACTION_OVERWRITE | 1U << ACTION_ATTRIBUTES |
                          1U << ACTION_RENAME},
        {"FileDelete", 1U << ACTION_DELETE},
        {"FileAppend", 1U << ACTION_APPEND},
        {"DirCreate", 1U << ACTION_MAKE_DIRECTORY},
        {"DirDelete", 1U << ACTION_REMOVE_DIRECTORY},
        {"DirList", 1U << ACTION_LIST},
    };
    unsigned actions = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (option_is(permission, rows[i].option, "1"))
            actions |= rows[i].actions;
    if (!(actions & 1U << ACTION_DELETE))
        actions &= ~(1U << ACTION_OVERWRITE | 1U << ACTION_RENAME);
    return actions;
}

static void take_home(struct import_record *record, const xmlNode *user, const xmlNode *group)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const xmlNode *owner = home_of(user) ? user : group;
    const xmlNode *home = home_of(owner);
    if (!home) {
        import_doubt(record, "it has no home directory there");
        return;
    }
    import_root(record, attribute(home, "Dir", &b));
    import_rule(record, false, import_all_actions() & ~actions_of(home), TEXT("/"));
    if (!option_is(home, "DirSubdirs", "1"))
        import_doubt(record, "it may not go into subdirectories there");
    for (const xmlNode *other = child(child(owner, "Permissions"), "Permission"); other;
         other = find_from(other->next, "Permission"))
        if (other != home)
            import_remark(record, "folder: %.*s is not brought over",
                          TEXT_ARGS(attribute(other, "Dir", &b)));
}

static const xmlNode *group_of(const xmlNode *groups, struct text name)
{
    const xmlNode *group = child(groups, "Group");
    while (group) {
        char bytes[VALUE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        if (text_equal(attribute(group, "Name", &b), name))
            break;
        group = find_from(group->next, "Group");
    }
    return group;
}

/* SHA-512 of password and salt; older ones are MD5, which nobody should keep. */
static void take_old_password(struct import_record *record, const xmlNode *user)
{
    enum { SHA512_DIGITS = 128 };
    char values[VALUE_SIZE];
    char bytes[VALUE_SIZE];
    struct builder v = builder_on(values, sizeof(values));
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text hash = option(user, "Pass", &v);
    struct text salt = option(user, "Salt", &v);
    if (!hash.len) {
        import_refuse(record, "it needs no password there");
        return;
    }
    builder_put(&b, TEXT("$fzs-sha512$"));
    builder_put(&b, salt);
    builder_put_byte(&b, '$');
    builder_put(&b, hash);
    import_password(record, hash.len == SHA512_DIGITS && !v.full ? builder_text(&b) : TEXT(""),
                    false);
}

static void read_old(const xmlNode *root, struct import_list *list)
{
    const xmlNode *groups = child(root, "Groups");
    for (const xmlNode *node = child(groups, "Group"); node;
         node = find_from(node->next, "Group")) {
        char bytes[VALUE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct import_record *group = import_add(list, IMPORT_GROUP, attribute(node, "Name", &b),
                                                 (size_t)xmlGetLineNo(node));
        take_limits(group, node);
        import_remark(group, "what is limited holds for all its members together here");
    }
    const xmlNode *users = child(root, "Users");
    for (const xmlNode *node = child(users, "User"); node; node = find_from(node->next, "User")) {
        char bytes[VALUE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct import_record *user = import_add(list, IMPORT_USER, attribute(node, "Name", &b),
                                                (size_t)xmlGetLineNo(node));
        struct text group = option(node, "Group", &b);
        take_old_password(user, node);
        take_limits(user, node);
        take_home(user, node, group_of(groups, group));
        if (group.len)
            import_membership(user, group);
    }
}

/* ---- 1.x ---------------------------------------------------------------------------------------
 */

static void take_new_limit(struct import_record *record, enum term term, struct text value)
{
    if (value.len && !text_equal(value, TEXT("unlimited")))
        import_term(record, term, value);
}

/* Of a session or of all: what is the smaller holds for all of one user together here. */
static void take_new_rate(struct import_record *record, const xmlNode *limits, enum term term,
                          const char *name, const char *session_name)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text all = attribute(limits, name, &b);
    struct text session = attribute(limits, session_name, &b);
    uint64_t all_number = UINT64_MAX;
    uint64_t session_number = UINT64_MAX;
    bool all_is_number = text_to_number(all, INT64_MAX, &all_number);
    bool session_is_number = text_to_number(session, INT64_MAX, &session_number);
    take_new_limit(record, term, all);
    if (session_is_number && (!all_is_number || session_number < all_number)) {
        import_term(record, term, session);
        import_remark(record, "%s: what held for each session holds for all together",
                      term_rows[term].word);
    } else if (!session_is_number) {
        take_new_limit(record, term, session);
    }
}

static void take_new_limits(struct import_record *record, const xmlNode *node)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const xmlNode *rates = child(node, "rate_limits");
    if (!text_equal(attribute(node, "enabled", &b), TEXT("true")) && record && record->user)
        import_term_flag(record, TERM_DISABLED);
    take_new_rate(record, rates, TERM_UPLOAD_RATE, "inbound", "session_inbound");
    take_new_rate(record, rates, TERM_DOWNLOAD_RATE, "outbound", "session_outbound");
    take_new_limit(record, TERM_MAX_SESSIONS, content(child(node, "session_count_limit"), &b));
    import_term_list(record, TERM_ALLOW_FROM, content(child(node, "allowed_ips"), &b), ' ');
    import_term_list(record, TERM_DENY_FROM, content(child(node, "disallowed_ips"), &b), ' ');
    struct text comment = content(child(node, "description"), &b);
    if (comment.len && text_find(comment, '\n') == comment.len)
        import_term(record, TERM_COMMENT, comment);
    if (b.full)
        import_doubt(record, "one of its fields is too long");
}

/* Base64 as FileZilla writes it, without padding, and as others want it. */
static void put_padded(struct builder *b, struct text base64)
{
    enum { QUANTUM = 4 };
    while (base64.len && base64.at[base64.len - 1] == '=')
        base64.len--;
    builder_put(b, base64);
    for (size_t len = base64.len; len % QUANTUM; len++)
        builder_put_byte(b, '=');
}

/* Method 1: PBKDF2 with SHA-256; written as SFTPGo does. */
static void take_new_password(struct import_record *record, const xmlNode *user)
{
    char values[VALUE_SIZE];
    char bytes[VALUE_SIZE];
    struct builder v = builder_on(values, sizeof(values));
    struct builder b = builder_on(bytes, sizeof(bytes));
    const xmlNode *password = child(user, "password");
    bool is_known = text_equal(attribute(password, "index", &v), TEXT("1"));
    if (!password) {
        import_refuse(record, "it has no password there");
        return;
    }
    builder_put(&b, TEXT("$pbkdf2-b64salt-sha256$"));
    builder_put(&b, content(child(password, "iterations"), &v));
    builder_put_byte(&b, '$');
    put_padded(&b, content(child(password, "salt"), &v));
    builder_put_byte(&b, '$');
    put_padded(&b, content(child(password, "hash"), &v));
    import_password(record, is_known && !v.full ? builder_text(&b) : TEXT(""), false);
}

/* access: 0 read, 1 read and write; recursive: 2 down to the last directory. */
static void take_mount_point(struct import_record *record, const xmlNode *mount)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text at = attribute(mount, "tvfs_path", &b);
    struct text path = attribute(mount, "new_native_path", &b);
    struct text access = attribute(mount, "access", &b);
    if (!path.len)
        path = attribute(mount, "native_path", &b);
    if (!text_equal(at, TEXT("/"))) {
        import_remark(record, "folder: %.*s at %.*s is not brought over", TEXT_ARGS(path),
                      TEXT_ARGS(at));
        return;
    }
    import_root(record, path);
    if (text_equal(access, TEXT("0")))
        import_term_flag(record, TERM_READ_ONLY);
    else if (!text_equal(access, TEXT("1")))
        import_doubt(record, "access \"%.*s\" is not known", TEXT_ARGS(access));
    if (!text_equal(attribute(mount, "recursive", &b), TEXT("2")))
        import_doubt(record, "it has other rights in subdirectories there");
}

static void read_new_user(const xmlNode *node, struct import_list *list)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct import_record *user = import_add(list, IMPORT_USER, attribute(node, "name", &b),
                                            (size_t)xmlGetLineNo(node));
    take_new_password(user, node);
    take_new_limits(user, node);
    for (const xmlNode *mount = child(node, "mount_point"); mount;
         mount = find_from(mount->next, "mount_point"))
        take_mount_point(user, mount);
    for (const xmlNode *group = child(node, "group"); group;
         group = find_from(group->next, "group")) {
        b.len = 0;
        import_membership(user, content(group, &b));
    }
}

static void read_new(const xmlNode *root, struct import_list *list)
{
    for (const xmlNode *node = child(root, "group"); node; node = find_from(node->next, "group")) {
        char bytes[VALUE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct import_record *group = import_add(list, IMPORT_GROUP, attribute(node, "name", &b),
                                                 (size_t)xmlGetLineNo(node));
        take_new_limits(group, node);
        import_remark(group, "what is limited holds for all its members together here");
        if (child(node, "mount_point"))
            import_remark(group, "its folders are not brought over");
    }
    for (const xmlNode *node = child(root, "user"); node; node = find_from(node->next, "user"))
        read_new_user(node, list);
}

/* ---- Either
 * ---------------------------------------------------------------------------------------- */

enum fault import_filezilla(const struct import_source *source, struct import_list *list,
                            char message[IMPORT_MESSAGE_SIZE])
{
    static const char declaration[] = "<!DOCTYPE";
    struct text bytes = source->bytes;
    if (bytes.len && memmem(bytes.at, bytes.len, declaration, strlen(declaration)))
        return import_complain(message, "a document type is none of FileZilla Server's");
    xmlDoc *document = xmlReadMemory(bytes.at, (int)bytes.len, "import", "UTF-8",
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    bool is_old = root && is_named(root, "FileZillaServer");
    bool is_new = root && is_named(root, "filezilla");
    if (is_old)
        read_old(root, list);
    else if (is_new)
        read_new(root, list);
    xmlFreeDoc(document);
    if (!is_old && !is_new)
        return import_complain(message, "this is no FileZilla Server.xml and no users.xml");
    return FAULT_NONE;
}
