/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_entry.h"

#include "protocol/listing.h"
#include "protocol/pathname.h"

static char letter_of(enum store_kind kind)
{
    switch (kind) {
    case STORE_FILE:
        return '-';
    case STORE_DIRECTORY:
        return 'd';
    case STORE_LINK:
        return 'l';
    case STORE_SPECIAL: /* it does not say which */
    case STORE_UNKNOWN:
        break;
    }
    return '?';
}

static struct listing_entry entry_of(const struct directory_entry *entry)
{
    const struct store_info *info = entry->info;
    return (struct listing_entry){
        .kind = entry->is_unknown ? letter_of(info->kind) : info->letter,
        .mode = info->mode,
        .links = info->links,
        .owner = info->owner,
        .group = info->group,
        .size = info->size,
        .modified = info->modified.seconds,
        .name = entry->name,
        .link_target = entry->link_target,
    };
}

enum {
    FILES = 1 << STORE_FILE,
    DIRECTORIES = 1 << STORE_DIRECTORY,
    OTHERS = 1 << STORE_LINK | 1 << STORE_SPECIAL | 1 << STORE_UNKNOWN,
};

/* Whose right it is, of struct directory_rights. */
enum perm_of { OF_NAME, OF_CONTENT, OF_NAMES_WITHIN };

/*
 * RFC 3659 7.5.5, by their letters: letter, of which kinds, what the store must grant, also when
 * uploads are transactions, and what the gate must. A transaction begins beside
 * the file and may end in its place, so the directory has a say. A directory may
 * be entered where one may write, too (gate_enter).
 */
static const struct {
    char letter;
    int kinds;
    unsigned access;
    unsigned transaction_access;
    enum perm_of of;
    enum action action;
} permissions[] = {
    {'a', FILES, STORE_MAY_WRITE, STORE_MAY_ADD, OF_CONTENT, ACTION_APPEND},
    {'c', DIRECTORIES, STORE_MAY_WRITE | STORE_MAY_SEARCH, 0, OF_NAMES_WITHIN, ACTION_WRITE},
    {'d', DIRECTORIES, STORE_MAY_REMOVE, 0, OF_NAME, ACTION_REMOVE_DIRECTORY},
    {'d', FILES | OTHERS, STORE_MAY_REMOVE, 0, OF_NAME, ACTION_DELETE},
    {'e', DIRECTORIES, STORE_MAY_SEARCH, 0, OF_CONTENT, ACTION_LIST},
    {'e', DIRECTORIES, STORE_MAY_SEARCH, 0, OF_NAMES_WITHIN, ACTION_WRITE},
    {'f', FILES | DIRECTORIES | OTHERS, STORE_MAY_REMOVE, 0, OF_NAME, ACTION_RENAME},
    {'l', DIRECTORIES, STORE_MAY_READ, 0, OF_CONTENT, ACTION_LIST},
    {'m', DIRECTORIES, STORE_MAY_WRITE | STORE_MAY_SEARCH, 0, OF_NAMES_WITHIN,
     ACTION_MAKE_DIRECTORY},
    {'p', DIRECTORIES, STORE_MAY_WRITE | STORE_MAY_SEARCH, 0, OF_NAMES_WITHIN, ACTION_DELETE},
    {'r', FILES, STORE_MAY_READ, 0, OF_CONTENT, ACTION_READ},
    {'w', FILES, STORE_MAY_WRITE, STORE_MAY_REMOVE, OF_CONTENT, ACTION_OVERWRITE},
};

/* The same one twice has its rows one behind the other. */
static bool has_letter(const struct builder *b, char letter)
{
    return b->len && b->at[b->len - 1] == letter;
}

/* What the user may do with it, as far as can be told without trying. */
static void put_perm(struct builder *b, const struct caller *caller,
                     const struct directory_rights *granted, const struct store_info *info,
                     const struct store_info *file)
{
    bool direct = login_upload_manner(caller->login)->direct;
    const unsigned rights[] = {
        [OF_NAME] = granted->name,
        [OF_CONTENT] = granted->content,
        [OF_NAMES_WITHIN] = granted->within,
    };
    for (size_t i = 0; i < sizeof(permissions) / sizeof(*permissions); i++) {
        unsigned access = permissions[i].access | (direct ? 0 : permissions[i].transaction_access);
        /* Bytes are those of the file that a link leads to; its name is its own. */
        const struct store_info *of = file && permissions[i].kinds == FILES ? file : info;
        if (permissions[i].kinds & 1 << of->kind && (of->access & access) == access &&
            rights[permissions[i].of] & 1U << permissions[i].action &&
            !has_letter(b, permissions[i].letter))
            builder_put_byte(b, permissions[i].letter);
    }
}

static struct text type_of(const struct store_info *info)
{
    switch (info->kind) {
    case STORE_FILE:
        return TEXT("file");
    case STORE_DIRECTORY:
        return TEXT("dir");
    case STORE_LINK:
        return TEXT("OS.unix=symlink");
    case STORE_SPECIAL:
    case STORE_UNKNOWN:
        break;
    }
    return TEXT("OS.unix=special");
}

/* `file` (may be NULL) is what a link leads to. */
static struct facts facts_of(const struct store_info *info, const struct store_info *file,
                             struct text perm)
{
    const struct store_info *content = file ? file : info;
    struct facts facts = {
        .present = (1U << FACT_COUNT) - 1,
        .type = type_of(info),
        .size = content->size,
        .modify = {content->modified.seconds, content->modified.nanoseconds},
        .create = {info->created.seconds, info->created.nanoseconds},
        .perm = perm,
        .device = info->device,
        .file_number = info->file_number,
        .mode = info->mode,
        .owner = info->owner,
        .group = info->group,
    };
    if (content->kind != STORE_FILE)
        facts.present &= ~(unsigned)FACT_SIZE;
    if (!info->has_created)
        facts.present &= ~(unsigned)FACT_CREATE;
    return facts;
}

struct facts facts_of_info(const struct caller *caller, const char *path,
                           const struct store_info *info, char letters[FACT_PERM_SIZE])
{
    struct builder perm = builder_on(letters, FACT_PERM_SIZE);
    const struct directory_rights rights = {
        .name = gate_rights(caller, path, false),
        .content = gate_rights(caller, path, true),
        .within = info->kind == STORE_DIRECTORY ? gate_rights_within(caller, path) : 0,
    };
    put_perm(&perm, caller, &rights, info, NULL);
    return facts_of(info, NULL, builder_text(&perm));
}

/*
 * "OS.unix=slink:target", unless the target holds what a fact cannot: the first
 * space is where the name begins (RFC 3659 7.2).
 */
static struct text link_type(struct text target, struct builder *b)
{
    builder_put(b, TEXT("OS.unix=slink:"));
    for (size_t i = 0; i < target.len; i++)
        if (target.at[i] == ';' || (unsigned char)target.at[i] <= ' ')
            return TEXT("OS.unix=symlink");
    builder_put(b, target);
    return b->full ? TEXT("OS.unix=symlink") : builder_text(b);
}

void directory_put_facts(struct builder *b, const struct caller *caller,
                         const struct directory_rights *rights, const struct directory_entry *entry,
                         unsigned selected)
{
    char letters[FACT_PERM_SIZE];
    char type[PATHNAME_MAX + 32];
    struct builder type_builder = builder_on(type, sizeof(type));
    struct builder perm = builder_on(letters, sizeof(letters));
    put_perm(&perm, caller, rights, entry->info, entry->file);
    struct facts facts = facts_of(entry->info, entry->file, builder_text(&perm));
    if (entry->is_unknown)
        facts.present = entry->info->kind == STORE_UNKNOWN ? 0 : FACT_TYPE;
    if (entry->info->kind == STORE_LINK && entry->link_target.len)
        facts.type = link_type(entry->link_target, &type_builder);
    facts_put(b, &facts, selected);
    listing_put_plain_name(b, entry->name);
    builder_put_byte(b, '\n');
}

void directory_put_long(struct builder *b, const struct directory_entry *entry, int64_t now,
                        bool classify)
{
    const struct listing_entry line = entry_of(entry);
    if (entry->is_unknown)
        listing_put_unknown(b, line.kind, line.name);
    else
        listing_put_long(b, &line, now, classify);
}

void directory_put_name(struct builder *b, struct text prefix, const struct directory_entry *entry,
                        bool classify)
{
    const struct listing_entry line = entry_of(entry);
    listing_put_name(b, prefix, &line, classify);
}
