/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "store/store_agent_objects.h"

/*
 * Names come in batches. The first has one name only: by what is asked about
 * that one knows what to have told about the next ones in the same go.
 */
struct agent_directory {
    struct store_directory base;
    struct agent_link *link;  /* owned: of questions in between */
    struct message *batch;    /* owned: entries that were not asked for yet */
    unsigned left;            /* how many of them */
    unsigned next_count;      /* to be asked for next */
    enum agent_detail detail; /* what was asked about the entries so far */
    enum agent_detail told;   /* what the batch tells */
    struct text name;         /* the last entry; borrowed: inside the batch */
    enum fault info_fault;    /* of its `info`, if told */
    struct store_info info;
};

static struct agent_directory *directory_of(struct store_directory *directory)
{
    return (struct agent_directory *)directory;
}

/* ---- Names ------------------------------------------------------------------------ */

static enum fault ask_for_batch(struct agent_directory *directory)
{
    struct agent_link *link = directory->link;
    struct message *message = agent_link_begin(link, AGENT_DIRECTORY_NEXT);
    message_put_number(message, directory->next_count);
    message_put_number(message, directory->detail);
    enum fault f = agent_link_ask(link, AGENT_WAIT_MS);
    if (f)
        return f;
    link->message = directory->batch;
    directory->batch = message;
    directory->left = directory->next_count;
    directory->told = directory->detail;
    directory->next_count = AGENT_ENTRIES_MAX;
    return FAULT_NONE;
}

/* A name that a directory can have: others would mean another place. */
static bool is_name(struct text name)
{
    return name.len && text_find(name, '/') == name.len && text_find(name, '\0') == name.len &&
           !text_equal(name, TEXT(".")) && !text_equal(name, TEXT(".."));
}

static enum fault take_entry(struct agent_directory *directory, enum store_kind *ret_kind)
{
    struct message *batch = directory->batch;
    directory->name = message_take_text(batch, AGENT_NAME_SIZE - 1);
    *ret_kind = (enum store_kind)message_take_number(batch, STORE_UNKNOWN);
    if (!directory->name.len) /* the end: nothing comes behind it */
        return message_is_read(batch) ? FAULT_NONE : FAULT_IO;
    if (directory->told != AGENT_NAMES) {
        directory->info_fault = (enum fault)message_take_number(batch, FAULT_COUNT - 1);
        if (!directory->info_fault)
            agent_take_info(batch, &directory->info);
    }
    return !batch->is_wrong && is_name(directory->name) ? FAULT_NONE : FAULT_IO;
}

static enum fault directory_next(struct store_directory *base, struct text *ret_name,
                                 enum store_kind *ret_kind)
{
    struct agent_directory *directory = directory_of(base);
    enum store_kind kind = STORE_UNKNOWN;
    enum fault f = directory->left ? FAULT_NONE : ask_for_batch(directory);
    if (!f)
        f = take_entry(directory, &kind);
    if (f)
        return f;
    directory->left = directory->name.len ? directory->left - 1 : 0;
    *ret_name = directory->name;
    *ret_kind = kind;
    return FAULT_NONE;
}

/* ---- About one ----------------------------------------------------------------------- */

static enum fault ask_for_info(struct agent_directory *directory, const char *name, bool created,
                               struct store_info *ret_info)
{
    struct store_info info = {.kind = STORE_UNKNOWN};
    struct agent_link *link = directory->link;
    struct message *message = agent_link_begin(link, AGENT_DIRECTORY_INFO);
    message_put_text(message, text_of(name));
    message_put_number(message, created);
    enum fault f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f)
        agent_take_info(message, &info);
    f = agent_link_end(link, f);
    if (!f)
        *ret_info = info;
    return f;
}

static enum fault directory_info(struct store_directory *base, const char *name, bool created,
                                 struct store_info *ret_info)
{
    struct agent_directory *directory = directory_of(base);
    enum agent_detail wanted = created ? AGENT_INFO_AND_CREATED : AGENT_INFO;
    if (directory->detail < wanted)
        directory->detail = wanted;
    if (directory->told < wanted || !text_equal(directory->name, text_of(name)))
        return ask_for_info(directory, name, created, ret_info);
    if (!directory->info_fault)
        *ret_info = directory->info;
    return directory->info_fault;
}

static enum fault directory_link(struct store_directory *base, const char *name,
                                 struct builder *target)
{
    struct text found = {NULL, 0};
    struct agent_link *link = directory_of(base)->link;
    message_put_text(agent_link_begin(link, AGENT_DIRECTORY_LINK), text_of(name));
    enum fault f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f)
        found = message_take_text(link->message, AGENT_PATH_SIZE);
    f = agent_link_end(link, f);
    if (!f)
        builder_put(target, found);
    return f;
}

/* ---- Below it --------------------------------------------------------------------------- */

static enum fault open_below(struct store_directory *base, const char *path,
                             struct store_directory **ret_directory)
{
    int socket = -1;
    struct agent_link *below = NULL;
    struct agent_link *link = directory_of(base)->link;
    message_put_text(agent_link_begin(link, AGENT_DIRECTORY_OPEN_BELOW), text_of(path));
    enum fault f = agent_link_attach(link, &socket);
    if (f)
        return f;
    f = agent_link_new(socket, &below);
    if (!f)
        f = agent_link_tell(link, AGENT_WAIT_MS);
    if (!f)
        return agent_new_directory(below, ret_directory);
    agent_link_free(below);
    return f;
}

static enum fault remove_below(struct store_directory *base, const char *path, bool is_directory)
{
    struct agent_link *link = directory_of(base)->link;
    struct message *message = agent_link_begin(link, AGENT_DIRECTORY_REMOVE_BELOW);
    message_put_text(message, text_of(path));
    message_put_number(message, is_directory);
    return agent_link_tell(link, AGENT_WAIT_MS);
}

static void directory_close(struct store_directory *base)
{
    struct agent_directory *directory = directory_of(base);
    agent_link_free(directory->link);
    message_free(directory->batch);
    memory_free(directory);
}

enum fault agent_new_directory(struct agent_link *link, struct store_directory **ret_directory)
{
    static const struct store_directory_type type = {
        .next = directory_next,
        .info = directory_info,
        .link = directory_link,
        .open_below = open_below,
        .remove_below = remove_below,
        .close = directory_close,
    };
    struct agent_directory *directory = memory_new(sizeof(*directory));
    struct message *batch = message_new();
    if (!directory || !batch) {
        memory_free(directory);
        message_free(batch);
        agent_link_free(link);
        return FAULT_NO_MEMORY;
    }
    directory->base.type = &type;
    directory->link = link;
    directory->batch = batch;
    directory->next_count = 1;
    *ret_directory = &directory->base;
    return FAULT_NONE;
}
