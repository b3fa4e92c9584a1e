/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/entry.h"
#include "client/local_tree.h"

enum {
    /* The kernel asks to try again when the tree is renamed under its feet. */
    RACES_MAX = 100,
    /* So many connections may write into as many directories without opening them anew. */
    RECENT_MAX = 8,
    /* What of a name is in its part's: some file systems (eCryptfs) end at 143 bytes. */
    STEM_MAX = 110,
    HEX_DIGITS = 16,
};

#define PART_END ".ferry-part"

struct local_directory {
    char *path;           /* owned: below the tree's root */
    int fd;               /* O_PATH */
    unsigned references;  /* the recent ones' lock, as all below */
    bool knows_parts;     /* it was read */
    struct entries parts; /* the names of parts in it */
};

struct local_recent {
    pthread_mutex_t lock;
    uint64_t unique;
    struct local_directory *latest[RECENT_MAX]; /* owned: counted; the last one used first */
};

/* ---- Trees --------------------------------------------------------------------------- */

uint64_t local_random(void)
{
    uint64_t number;
    /* Two that begin with the same number find a name taken, nothing worse. */
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
        number = (uint64_t)getpid() << 32;
    return number;
}

enum fault local_recent_new(int root, struct local_tree **ret_tree)
{
    struct local_tree *tree = memory_new(sizeof(*tree));
    struct local_recent *recent = memory_new(sizeof(*recent));
    if (!tree || !recent) {
        memory_free(tree);
        memory_free(recent);
        close(root);
        return FAULT_NO_MEMORY;
    }
    pthread_mutex_init(&recent->lock, NULL);
    recent->unique = local_random();
    *tree = (struct local_tree){root, recent};
    *ret_tree = tree;
    return FAULT_NONE;
}

uint64_t local_unique(const struct local_tree *tree)
{
    pthread_mutex_lock(&tree->recent->lock);
    uint64_t unique = ++tree->recent->unique;
    pthread_mutex_unlock(&tree->recent->lock);
    return unique;
}

/* Under the lock. */
static void unref(struct local_directory *directory)
{
    if (!directory || --directory->references)
        return;
    close(directory->fd);
    entries_clear(&directory->parts);
    memory_free(directory->path);
    memory_free(directory);
}

void local_recent_free(struct local_recent *recent)
{
    for (size_t i = 0; i < RECENT_MAX; i++)
        unref(recent->latest[i]);
    pthread_mutex_destroy(&recent->lock);
    memory_free(recent);
}

/* ---- Paths ----------------------------------------------------------------------------- */

static bool is_part_of_path(struct text part)
{
    bool is_dots = text_equal(part, TEXT(".")) || text_equal(part, TEXT(".."));
    return part.len && !is_dots && !local_is_part(part);
}

static bool is_path(struct text path)
{
    if (!path.len)
        return true;
    if (path.len >= LOCAL_PATH_SIZE)
        return false;
    for (;;) {
        size_t slash = text_find(path, '/');
        if (!is_part_of_path((struct text){path.at, slash}))
            return false;
        if (slash == path.len)
            return true;
        path = text_after(path, slash + 1);
    }
}

const char *local_last_part(const char *path)
{
    struct text whole = text_of(path);
    size_t slash = text_find_last(whole, '/');
    return slash == whole.len ? path : path + slash + 1;
}

enum fault local_resolve_target(const struct local_tree *tree, const char *path, unsigned flags,
                                int *ret_fd)
{
    struct open_how how = {.flags = flags | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    for (int i = 0; i < RACES_MAX; i++) {
        long fd = syscall(SYS_openat2, tree->root, path[0] ? path : ".", &how, sizeof(how));
        if (fd >= 0) {
            *ret_fd = (int)fd;
            return FAULT_NONE;
        }
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return errno == EXDEV ? FAULT_DENIED : fault_from_errno(errno);
}

enum fault local_resolve(const struct local_tree *tree, const char *path, unsigned flags,
                         int *ret_fd)
{
    if (!is_path(text_of(path)))
        return FAULT_NAME_INVALID;
    return local_resolve_target(tree, path, flags, ret_fd);
}

/* ---- Places ------------------------------------------------------------------------------ */

/* Puts a directory, and the reference that comes with it, in front of the first `from`. */
static void put_first(struct local_recent *recent, struct local_directory *directory, size_t from)
{
    for (size_t i = from; i > 0; i--)
        recent->latest[i] = recent->latest[i - 1];
    recent->latest[0] = directory;
}

/* With a reference; NULL: not among them. */
static struct local_directory *find_recent(struct local_recent *recent, struct text path)
{
    struct local_directory *found = NULL;
    pthread_mutex_lock(&recent->lock);
    for (size_t i = 0; i < RECENT_MAX && recent->latest[i]; i++) {
        if (!text_equal(text_of(recent->latest[i]->path), path))
            continue;
        found = recent->latest[i];
        found->references++;
        put_first(recent, found, i);
        break;
    }
    pthread_mutex_unlock(&recent->lock);
    return found;
}

static void add_recent(struct local_recent *recent, struct local_directory *directory)
{
    pthread_mutex_lock(&recent->lock);
    directory->references++;
    unref(recent->latest[RECENT_MAX - 1]);
    put_first(recent, directory, RECENT_MAX - 1);
    pthread_mutex_unlock(&recent->lock);
}

/* With one reference, the caller's. */
static enum fault open_directory(const struct local_tree *tree, struct text path,
                                 struct local_directory **ret_directory)
{
    struct local_directory *directory = memory_new(sizeof(*directory));
    char *copy = memory_copy(path.at, path.len);
    enum fault f = directory && copy ? FAULT_NONE : FAULT_NO_MEMORY;
    if (!f)
        f = local_resolve(tree, copy, O_PATH | O_DIRECTORY, &directory->fd);
    if (f) {
        memory_free(directory);
        memory_free(copy);
        return f;
    }
    directory->path = copy;
    directory->references = 1;
    add_recent(tree->recent, directory);
    *ret_directory = directory;
    return FAULT_NONE;
}

static enum fault open_place(const struct local_tree *tree, const char *path,
                             struct local_place *ret_place)
{
    const char *name = local_last_part(path);
    const size_t len = (size_t)(name - path);
    const struct text above = {path, len ? len - 1 : 0}; /* without the slash between */
    struct local_directory *directory = find_recent(tree->recent, above);
    enum fault f = directory ? FAULT_NONE : open_directory(tree, above, &directory);
    if (!f)
        *ret_place = (struct local_place){directory, directory->fd, name[0] ? name : "."};
    return f;
}

void local_place_close(const struct local_tree *tree, struct local_place *place)
{
    pthread_mutex_lock(&tree->recent->lock);
    unref(place->directory);
    pthread_mutex_unlock(&tree->recent->lock);
    place->directory = NULL;
}

/* It is removed: no path leads to it, and nothing can be made in it. */
static bool is_gone(const struct local_place *place)
{
    struct stat info;
    return fstat(place->fd, &info) == 0 && info.st_nlink == 0;
}

/* Whoever wants it next is to look anew. */
static void forget(struct local_recent *recent, struct local_directory *directory)
{
    size_t kept = 0;
    pthread_mutex_lock(&recent->lock);
    for (size_t i = 0; i < RECENT_MAX; i++)
        if (recent->latest[i] == directory)
            unref(directory);
        else
            recent->latest[kept++] = recent->latest[i];
    while (kept < RECENT_MAX)
        recent->latest[kept++] = NULL;
    pthread_mutex_unlock(&recent->lock);
}

enum fault local_at_place(const struct local_tree *tree, const char *path,
                          enum fault (*act)(const struct local_place *place, void *owner),
                          void *owner, struct local_place *ret_place)
{
    if (!is_path(text_of(path)))
        return FAULT_NAME_INVALID;
    for (int tries = 0;; tries++) {
        struct local_place place;
        enum fault f = open_place(tree, path, &place);
        if (f)
            return f;
        f = act(&place, owner);
        bool was_gone = f == FAULT_NOT_FOUND && tries < RACES_MAX && is_gone(&place);
        if (was_gone)
            forget(tree->recent, place.directory);
        if (!f && ret_place)
            *ret_place = place;
        else
            local_place_close(tree, &place);
        if (!was_gone)
            return f;
    }
}

/* ---- Parts of files ------------------------------------------------------------------------ */

bool local_is_part(struct text name)
{
    static const struct text end = TEXT(PART_END);
    static const size_t tail = sizeof(PART_END) - 1 + HEX_DIGITS + 1;
    if (name.len < tail + 2 || name.at[0] != '.' || name.at[name.len - tail] != '.')
        return false;
    if (!text_equal(text_after(name, name.len - end.len), end))
        return false;
    for (size_t i = name.len - tail + 1; i < name.len - end.len; i++)
        if (!text_is_digit(name.at[i]) && (name.at[i] < 'a' || name.at[i] > 'f'))
            return false;
    return true;
}

/* FNV-1a: two long names are to be told apart, not to be kept from anybody. */
static uint64_t hash(struct text t)
{
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < t.len; i++)
        sum = (sum ^ (unsigned char)t.at[i]) * 0x100000001b3;
    return sum;
}

static void put_hex(struct builder *b, uint64_t number)
{
    for (unsigned shift = 64; shift; shift -= 8)
        builder_put_hex_byte(b, (unsigned char)(number >> (shift - 8)));
}

/* What the names of all parts of a file begin with. */
static void put_stem(struct builder *b, struct text name)
{
    builder_put_byte(b, '.');
    if (name.len > STEM_MAX) {
        const size_t len = text_cut_utf8(name, STEM_MAX - HEX_DIGITS - 1);
        builder_put(b, (struct text){name.at, len});
        builder_put_byte(b, '~');
        put_hex(b, hash(name));
    } else {
        builder_put(b, name);
    }
    builder_put_byte(b, '.');
}

void local_put_part_name(struct builder *b, struct text name, uint64_t number)
{
    put_stem(b, name);
    put_hex(b, number);
    builder_put(b, TEXT(PART_END));
}

/* What cannot be read or kept is as if it were not there: old parts stay, and nothing else. */
static void read_parts(struct local_directory *directory)
{
    const struct entry part = {.kind = ENTRY_FILE};
    int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (!names) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *each = readdir(names); each; each = readdir(names)) {
        struct text name = text_of(each->d_name);
        if (local_is_part(name))
            (void)entries_add(&directory->parts, &part, name, (struct text){NULL, 0});
    }
    closedir(names);
    entries_sort(&directory->parts);
}

/* The first of the sorted parts whose name is not before `stem`. */
static size_t find_stem(const struct entries *parts, const char *stem)
{
    size_t low = 0;
    size_t high = parts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(parts->all[middle].name, stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void local_place_remove_parts(const struct local_tree *tree, const struct local_place *place,
                              const char *own)
{
    char bytes[LOCAL_NAME_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct entries *parts = &place->directory->parts;
    put_stem(&b, text_of(place->name));
    builder_end(&b);
    pthread_mutex_lock(&tree->recent->lock);
    if (!place->directory->knows_parts) {
        entries_clear(parts);
        read_parts(place->directory);
        place->directory->knows_parts = true;
    }
    for (size_t i = find_stem(parts, bytes); i < parts->count; i++) {
        struct text name = text_of(parts->all[i].name);
        if (!text_starts_with(name, builder_text(&b)))
            break;
        const bool is_of_it = name.len == b.len + HEX_DIGITS + sizeof(PART_END) - 1;
        if (is_of_it && !text_equal(name, text_of(own)))
            (void)unlinkat(place->fd, name.at, 0);
    }
    pthread_mutex_unlock(&tree->recent->lock);
}

void local_place_left_part(const struct local_tree *tree, const struct local_place *place)
{
    pthread_mutex_lock(&tree->recent->lock);
    place->directory->knows_parts = false;
    pthread_mutex_unlock(&tree->recent->lock);
}
