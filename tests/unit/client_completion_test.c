/* SPDX-License-Identifier: Apache-2.0 */
#include "client/completion.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/ftp_host.h"

static struct shell_command command;

/* What the line becomes, "|", and the matches; NULL: nothing comes of it. */
static const char *outcome(struct completion *completion, const char *line)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct shell_place place;
    assert_true(shell_words_find_place(text_of(line), &command, &place));
    completion_sort(completion);
    builder_put(&b, (struct text){line, place.begin});
    if (!completion_put(completion, &place, &b))
        return NULL;
    for (size_t i = 0; i < completion_count(completion); i++) {
        builder_put_byte(&b, '|');
        builder_put(&b, completion_shown(completion, i));
    }
    return builder_end(&b);
}

static struct completion *begin(const char *line)
{
    struct completion *completion;
    struct shell_place place;
    assert_true(shell_words_find_place(text_of(line), &command, &place));
    assert_fault(completion_new(place.text, &completion), FAULT_NONE);
    return completion;
}

static void check_names(const char *line, const char *becomes)
{
    static const char *const names[] = {"mget", "mput", "mirror", "get", "get"};
    struct completion *completion = begin(line);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_fault(completion_add_name(completion, text_of(names[i])), FAULT_NONE);
    const char *text = outcome(completion, line);
    if (becomes)
        assert_string_equal(text, becomes);
    else
        assert_null(text);
    completion_free(completion);
}

TEST(names_of_a_list_are_completed)
{
    check_names("g", "get |get");
    check_names("m", "m|mget|mirror|mput");
    check_names("ls; mi", "ls; mirror |mirror");
    check_names("x", NULL);
    check_names("G", NULL);
    check_names("/", NULL);
}

/* ---- Files here ---------------------------------------------------------------------- */

static char here[] = "/tmp/ferry_completion_XXXXXX";

static int make_files(void **state)
{
    static const char *const files[] = {"my file", "my fine",     "a\x1B[31mb",  ".hidden",
                                        "it's",    "caf\xC3\xA9", "caf\xC3\xA8", "caf\xE9"};
    (void)state;
    if (!mkdtemp(here) || chdir(here) || mkdir("sub dir", 0755) || mkdir("sub dir/below", 0755) ||
        symlink("sub dir", "link") || setenv("HOME", here, 1))
        return -1;
    for (size_t i = 0; i < COUNT(files); i++) {
        int fd = open(files[i], O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || close(fd))
            return -1;
    }
    return 0;
}

static int remove_files(void **state)
{
    char call[64];
    (void)state;
    (void)snprintf(call, sizeof(call), "rm -r %s", here);
    return chdir("/") || system(call);
}

static void check_local(const char *line, const char *becomes)
{
    struct completion *completion = begin(line);
    assert_fault(completion_add_local(completion), FAULT_NONE);
    const char *text = outcome(completion, line);
    if (becomes)
        assert_string_equal(text, becomes);
    else
        assert_null(text);
    completion_free(completion);
}

TEST(files_here_are_completed_and_quoted)
{
    check_local("put m", "put \"my fi|my file|my fine");
    check_local("put \"my fil", "put \"my file\" |my file");
    check_local("put 'my fil", "put 'my file' |my file");
    check_local("put my\\ fil", "put \"my file\" |my file");
    check_local("put it", "put \"it's\" |it's");
    check_local("put 'it", "put 'it'\\''s' |it's");
    check_local("put nothing", NULL);
    check_local("put none/x", NULL);
}

TEST(a_directory_goes_on_behind_its_slash)
{
    check_local("put s", "put \"sub dir/|sub dir/");
    check_local("put \"sub dir/", "put \"sub dir/below/|below/");
    check_local("lcd l", "lcd link/|link/");
    check_local("put ~/it", "put \"~/it's\" |it's");
}

TEST(a_beginning_does_not_end_within_a_character)
{
    check_local("put c", "put caf|caf\xC3\xA8|caf\xC3\xA9");
}

TEST(names_that_a_terminal_would_obey_are_left_out)
{
    check_local("put a", NULL);
}

TEST(hidden_files_are_for_those_who_ask)
{
    check_local("put .", "put .hidden |.hidden");
    struct completion *completion = begin("put ");
    assert_fault(completion_add_local(completion), FAULT_NONE);
    completion_sort(completion);
    for (size_t i = 0; i < completion_count(completion); i++)
        assert_int_not_equal(completion_shown(completion, i).at[0], '.');
    assert_int_equal(completion_count(completion), 7);
    completion_free(completion);
}

/* ---- Files there ---------------------------------------------------------------------- */

static const struct ftp_host_answer script[] = {
    {"FEAT", "211-Features\r\n MLST type*;size*;\r\n211 End", NULL},
    {"OPTS", "200 So it is", NULL},
    {"CWD", "250 Here", NULL},
    {"MLSD gone", "550 No such directory", NULL},
    {"MLSD pub", NULL, "type=file; read me\r\ntype=dir; real\r\ntype=file; a\x1B[2J\r\n"},
    {"MLSD", NULL, "type=dir; pub\r\ntype=file; put.c\r\n"},
    {NULL, NULL, NULL},
};

static struct ftp_host host;

static struct remote_settings begin_host(void)
{
    ftp_host_reset(&host);
    host.answers = script;
    ftp_host_begin(&host);
    return ftp_host_settings(&host);
}

static void check_remote(struct listing_cache *cache, struct remote *remote, int64_t now_ms,
                         const char *line, const char *becomes)
{
    struct completion *completion = begin(line);
    assert_fault(completion_add_remote(completion, cache, remote, now_ms), FAULT_NONE);
    assert_string_equal(outcome(completion, line), becomes);
    completion_free(completion);
}

TEST(files_there_are_completed_and_listed_once_a_minute)
{
    struct listing_cache *cache;
    struct remote *remote;
    const struct remote_settings settings = begin_host();
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(listing_cache_new(&cache), FAULT_NONE);
    check_remote(cache, remote, 1000, "get pu", "get pu|pub/|put.c");
    check_remote(cache, remote, 1001, "get put", "get put.c |put.c");
    check_remote(cache, remote, 1002, "get pub/rea", "get pub/rea|read me|real/");
    check_remote(cache, remote, 1003, "get pub/read", "get \"pub/read me\" |read me");
    check_remote(cache, remote, 1000 + LISTING_CACHE_MS - 1, "get put", "get put.c |put.c");
    check_remote(cache, remote, 1000 + LISTING_CACHE_MS, "get put", "get put.c |put.c"); /* anew */
    listing_cache_forget(cache);
    check_remote(cache, remote, 1001 + LISTING_CACHE_MS, "get put", "get put.c |put.c"); /* anew */
    assert_fault(remote_change_directory(remote, TEXT("else")), FAULT_NONE);
    check_remote(cache, remote, 1002 + LISTING_CACHE_MS, "get put", "get put.c |put.c"); /* anew */
    struct completion *completion = begin("get gone/x");
    assert_fault(completion_add_remote(completion, cache, remote, 0), FAULT_NOT_FOUND);
    completion_free(completion);
    listing_cache_free(cache);
    remote_close(remote);
    ftp_host_end(&host);
    assert_int_equal(ftp_host_count(&host, "MLSD pub"), 1);
    assert_int_equal(ftp_host_count(&host, "MLSD gone"), 1);
    assert_int_equal(ftp_host_count(&host, "MLSD"), 6); /* and four of where we are */
}

TEST(the_directory_asked_for_longest_ago_makes_room)
{
    struct listing_cache *cache;
    struct remote *remote;
    const struct entries *entries;
    char path[32];
    const struct remote_settings settings = begin_host();
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(listing_cache_new(&cache), FAULT_NONE);
    for (int i = 0; i <= LISTING_CACHE_DIRECTORIES; i++) {
        (void)snprintf(path, sizeof(path), "/d%d.", i);
        assert_fault(listing_cache_list(cache, remote, path, 10 + i, &entries), FAULT_NONE);
        assert_fault(listing_cache_list(cache, remote, "/d0.", 10 + i, &entries), FAULT_NONE);
    }
    assert_fault(listing_cache_list(cache, remote, "/d2.", 40, &entries), FAULT_NONE);
    assert_fault(listing_cache_list(cache, remote, "/d1.", 41, &entries), FAULT_NONE);
    listing_cache_free(cache);
    remote_close(remote);
    ftp_host_end(&host);
    assert_int_equal(ftp_host_count(&host, "MLSD /d0."), 1);
    assert_int_equal(ftp_host_count(&host, "MLSD /d1."), 2);
    assert_int_equal(ftp_host_count(&host, "MLSD /d2."), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(names_of_a_list_are_completed),
        RUN(files_here_are_completed_and_quoted),
        RUN(a_directory_goes_on_behind_its_slash),
        RUN(a_beginning_does_not_end_within_a_character),
        RUN(names_that_a_terminal_would_obey_are_left_out),
        RUN(hidden_files_are_for_those_who_ask),
        RUN(files_there_are_completed_and_listed_once_a_minute),
        RUN(the_directory_asked_for_longest_ago_makes_room),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
