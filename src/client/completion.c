/* SPDX-License-Identifier: Apache-2.0 */
#include "client/completion.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "client/safe_name.h"

enum { WORD_MAX = SHELL_LINE_MAX, PATH_SIZE = 4096 };

/* A match is what stands before the last slash of the word, and one of these. */
struct match {
    char *name; /* owned: with '/' behind it where it is a directory */
    size_t len;
};

struct completion {
    char *word; /* owned: as it was written */
    size_t word_len;
    size_t directory_len; /* of it, up to and with its last slash */
    struct match *all;    /* owned */
    size_t count;
    size_t room;
};

enum fault completion_new(struct text word, struct completion **ret_completion)
{
    struct completion *completion = memory_new(sizeof(*completion));
    char *copy = memory_copy(word.at, word.len);
    size_t slash = text_find_last(word, '/');
    if (!completion || !copy) {
        memory_free(completion);
        memory_free(copy);
        return FAULT_NO_MEMORY;
    }
    completion->word = copy;
    completion->word_len = word.len;
    completion->directory_len = slash < word.len ? slash + 1 : 0;
    *ret_completion = completion;
    return FAULT_NONE;
}

void completion_free(struct completion *completion)
{
    if (!completion)
        return;
    for (size_t i = 0; i < completion->count; i++)
        memory_free(completion->all[i].name);
    memory_free(completion->all);
    memory_free(completion->word);
    memory_free(completion);
}

/* ---- Matches ------------------------------------------------------------------------- */

static struct text directory_of(const struct completion *completion)
{
    return (struct text){completion->word, completion->directory_len};
}

/* What is behind the directories. */
static struct text beginning_of(const struct completion *completion)
{
    return text_after((struct text){completion->word, completion->word_len},
                      completion->directory_len);
}

/* Can it be typed, and shown? */
static bool is_readable(struct text name)
{
    char bytes[SAFE_TEXT_GROWTH * ENTRY_NAME_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (name.len > ENTRY_NAME_MAX)
        return false;
    safe_text_put(&b, name);
    return text_equal(builder_text(&b), name);
}

static enum fault reserve(struct completion *completion)
{
    if (completion->count < completion->room)
        return FAULT_NONE;
    size_t room = completion->room ? completion->room * 2 : 64;
    struct match *all = memory_resize(completion->all, room, sizeof(*all));
    if (!all)
        return FAULT_NO_MEMORY;
    completion->all = all;
    completion->room = room;
    return FAULT_NONE;
}

static enum fault add(struct completion *completion, struct text name, bool is_directory)
{
    if (completion->count == COMPLETION_MATCHES_MAX)
        return FAULT_TOO_LARGE;
    enum fault f = reserve(completion);
    char *copy = f ? NULL : memory_new(name.len + 2);
    if (!copy)
        return FAULT_NO_MEMORY;
    struct builder b = builder_on(copy, name.len + 2);
    builder_put(&b, name);
    if (is_directory)
        builder_put_byte(&b, '/');
    builder_end(&b);
    completion->all[completion->count++] = (struct match){copy, b.len};
    return FAULT_NONE;
}

static bool fits(const struct completion *completion, struct text name)
{
    const struct text beginning = beginning_of(completion);
    bool is_hidden = name.len && name.at[0] == '.' && !beginning.len;
    return name.len && !is_hidden && text_starts_with(name, beginning) && is_readable(name);
}

enum fault completion_add_name(struct completion *completion, struct text name)
{
    completion->directory_len = 0;
    return fits(completion, name) ? add(completion, name, false) : FAULT_NONE;
}

/* ---- Files here ---------------------------------------------------------------------- */

static bool is_directory(DIR *directory, const struct dirent *found)
{
    struct stat info;
    if (found->d_type != DT_UNKNOWN && found->d_type != DT_LNK)
        return found->d_type == DT_DIR;
    return !fstatat(dirfd(directory), found->d_name, &info, 0) && S_ISDIR(info.st_mode);
}

/* "~/" is the user's home, as every shell has it. */
static bool put_local_path(struct builder *b, struct text directory)
{
    const char *home = getenv("HOME");
    if (text_starts_with(directory, TEXT("~/")) && home) {
        builder_put_string(b, home);
        directory = text_after(directory, 1);
    }
    builder_put(b, directory.len ? directory : TEXT("./"));
    builder_end(b);
    return !b->full;
}

enum fault completion_add_local(struct completion *completion)
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    DIR *directory = put_local_path(&b, directory_of(completion)) ? opendir(path) : NULL;
    const struct dirent *found;
    enum fault f = FAULT_NONE;
    while (!f && directory && (found = readdir(directory))) {
        const struct text name = text_of(found->d_name);
        bool is_dots = text_equal(name, TEXT(".")) || text_equal(name, TEXT(".."));
        if (!is_dots && fits(completion, name))
            f = add(completion, name, is_directory(directory, found));
    }
    if (directory)
        (void)closedir(directory);
    return f;
}

/* ---- Files there ---------------------------------------------------------------------- */

enum fault completion_add_remote(struct completion *completion, struct listing_cache *cache,
                                 struct remote *remote, int64_t now_ms)
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    const struct entries *entries;
    struct text directory = directory_of(completion);
    if (directory.len > 1)
        directory.len--; /* the slash at its end */
    builder_put(&b, directory);
    builder_end(&b);
    enum fault f = b.full ? FAULT_NAME_INVALID
                          : listing_cache_list(cache, remote, path, now_ms, &entries);
    for (size_t i = 0; !f && i < entries->count; i++) {
        const struct text name = text_of(entries->all[i].name);
        if (fits(completion, name))
            f = add(completion, name, entries->all[i].kind == ENTRY_DIRECTORY);
    }
    return f;
}

/* ---- What comes of it -------------------------------------------------------------------- */

static struct text name_of(const struct match *match)
{
    return (struct text){match->name, match->len};
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct match *)a)->name, ((const struct match *)b)->name);
}

void completion_sort(struct completion *completion)
{
    size_t kept = 0;
    if (completion->count)
        qsort(completion->all, completion->count, sizeof(*completion->all), compare);
    for (size_t i = 0; i < completion->count; i++) {
        if (kept && text_equal(name_of(&completion->all[kept - 1]), name_of(&completion->all[i])))
            memory_free(completion->all[i].name);
        else
            completion->all[kept++] = completion->all[i];
    }
    completion->count = kept;
}

size_t completion_count(const struct completion *completion)
{
    return completion->count;
}

struct text completion_shown(const struct completion *completion, size_t index)
{
    return name_of(&completion->all[index]);
}

/* What all names begin with: of a sorted list what the first and the last do. */
static struct text common_beginning(const struct completion *completion)
{
    struct text first = name_of(&completion->all[0]);
    struct text last = name_of(&completion->all[completion->count - 1]);
    size_t len = 0;
    while (len < first.len && len < last.len && first.at[len] == last.at[len])
        len++;
    first.len = text_cut_utf8(first, len);
    return first;
}

bool completion_put(const struct completion *completion, const struct shell_place *place,
                    struct builder *b)
{
    char bytes[WORD_MAX];
    struct builder word = builder_on(bytes, sizeof(bytes));
    size_t before = b->len;
    if (!completion->count)
        return false;
    const struct text common = common_beginning(completion);
    bool is_whole = completion->count == 1 && common.at[common.len - 1] != '/';
    builder_put(&word, directory_of(completion));
    builder_put(&word, common);
    if (word.full || !shell_words_put(b, builder_text(&word), place->quote, !is_whole))
        return false;
    if (is_whole)
        builder_put_byte(b, ' ');
    if (b->full)
        b->len = before;
    return !b->full;
}
