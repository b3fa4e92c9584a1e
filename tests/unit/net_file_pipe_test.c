/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/file_pipe.h"
#include "tests/unit/peers.h"

enum { BYTES = 3 * FILE_PIPE_BYTES + 12345, FIRST = 777 };

static char content[BYTES];
static char got[BYTES];

static int file_of_content(void)
{
    int fd = memfd_create("content", MFD_CLOEXEC);
    for (size_t i = 0; i < BYTES; i++)
        content[i] = (char)(i * 31 + i / 4096);
    assert_int_equal(write(fd, content, BYTES), BYTES);
    return fd;
}

static void *read_all(void *socket)
{
    size_t len = 0;
    ssize_t n;
    while (len < BYTES && (n = recv(*(int *)socket, got + len, BYTES - len, 0)) > 0)
        len += (size_t)n;
    return (void *)len;
}

TEST(a_file_goes_through_it_from_anywhere_to_its_end)
{
    struct file_pipe pipe = {.is_open = false};
    int ours;
    int theirs;
    off_t offset = FIRST;
    ssize_t n = 1;
    pthread_t reader;
    void *len;
    int fd = file_of_content();
    peers_connect(&ours, &theirs);
    assert_int_equal(pthread_create(&reader, NULL, read_all, &theirs), 0);
    assert_true(file_pipe_open(&pipe));
    assert_true(file_pipe_open(&pipe));
    while (n > 0) {
        off_t before = offset;
        n = file_pipe_send(&pipe, ours, fd, &offset, BYTES);
        assert_in_range(n, 0, FILE_PIPE_BYTES);
        assert_int_equal(offset, before + n);
    }
    assert_int_equal(offset, BYTES);
    shutdown(ours, SHUT_WR);
    pthread_join(reader, &len);
    assert_int_equal((size_t)len, BYTES - FIRST);
    assert_memory_equal(got, content + FIRST, BYTES - FIRST);
    file_pipe_close(&pipe);
    file_pipe_close(&pipe);
    close(fd);
    close(ours);
    close(theirs);
}

TEST(of_a_peer_that_takes_no_more_the_offset_is_behind_what_it_took)
{
    struct file_pipe pipe = {.is_open = false};
    const struct timeval soon = {.tv_usec = 100000};
    const int little = 64 * 1024;
    int ours;
    int theirs;
    off_t offset = 0;
    size_t sent = 0;
    ssize_t n;
    void *len;
    int fd = file_of_content();
    peers_connect(&ours, &theirs);
    assert_int_equal(setsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
    assert_int_equal(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little)), 0);
    assert_true(file_pipe_open(&pipe));
    while (pipe.is_open) {
        n = file_pipe_send(&pipe, ours, fd, &offset, BYTES);
        sent += n > 0 ? (size_t)n : 0;
        assert_in_range(offset, 0, BYTES - 1); /* more than the sockets take */
    }
    assert_int_equal(offset, sent);
    shutdown(ours, SHUT_WR);
    len = read_all(&theirs);
    assert_int_equal((size_t)len, sent);
    assert_memory_equal(got, content, sent);
    close(fd);
    close(ours);
    close(theirs);
}

TEST(of_a_peer_that_is_gone_nothing_was_moved)
{
    struct file_pipe pipe = {.is_open = false};
    int ours;
    int theirs;
    off_t offset = 5;
    int fd = file_of_content();
    peers_connect(&ours, &theirs);
    shutdown(ours, SHUT_WR);
    assert_true(file_pipe_open(&pipe));
    assert_int_equal(file_pipe_send(&pipe, ours, fd, &offset, BYTES), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(offset, 5);
    assert_false(pipe.is_open);
    assert_true(file_pipe_open(&pipe)); /* another is empty */
    file_pipe_close(&pipe);
    close(fd);
    close(ours);
    close(theirs);
}

static void *send_all_bytes(void *socket)
{
    size_t sent = 0;
    ssize_t n;
    while (sent < BYTES && (n = send(*(int *)socket, content + sent, BYTES - sent, 0)) > 0)
        sent += (size_t)n;
    shutdown(*(int *)socket, SHUT_WR);
    return (void *)sent;
}

TEST(what_comes_goes_through_it_up_to_its_end)
{
    struct file_pipe pipe = {.is_open = false};
    int ours;
    int theirs;
    size_t len = 0;
    ssize_t n;
    pthread_t writer;
    close(file_of_content());
    peers_connect(&ours, &theirs);
    assert_int_equal(pthread_create(&writer, NULL, send_all_bytes, &theirs), 0);
    assert_true(file_pipe_open(&pipe));
    while ((n = file_pipe_fill(&pipe, ours, BYTES)) > 0) {
        assert_in_range(n, 1, FILE_PIPE_BYTES);
        for (size_t end = len + (size_t)n; len < end;) {
            ssize_t taken = read(pipe.ends[0], got + len, end - len);
            assert_true(taken > 0);
            len += (size_t)taken;
        }
    }
    assert_int_equal(n, 0);
    pthread_join(writer, NULL);
    assert_int_equal(len, BYTES);
    assert_memory_equal(got, content, BYTES);
    file_pipe_close(&pipe);
    close(ours);
    close(theirs);
}

TEST(no_more_comes_than_was_asked_for_and_no_more_is_waited_for_than_the_socket_does)
{
    struct file_pipe pipe = {.is_open = false};
    const struct timeval soon = {.tv_usec = 50000};
    int ours;
    int theirs;
    char bytes[8];
    peers_connect(&ours, &theirs);
    assert_int_equal(setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    assert_true(file_pipe_open(&pipe));
    assert_int_equal(send(theirs, "abcde", 5, 0), 5);
    peers_await(ours, POLLIN);
    assert_int_equal(file_pipe_fill(&pipe, ours, 3), 3);
    assert_int_equal(file_pipe_fill(&pipe, ours, 3), 2);
    assert_int_equal(read(pipe.ends[0], bytes, sizeof(bytes)), 5);
    assert_memory_equal(bytes, "abcde", 5);
    assert_int_equal(file_pipe_fill(&pipe, ours, 3), -1);
    assert_int_equal(errno, EAGAIN);
    file_pipe_close(&pipe);
    close(ours);
    close(theirs);
}

TEST(without_descriptors_there_is_none_and_none_is_left)
{
    struct file_pipe pipe = {.is_open = false};
    struct rlimit before;
    int next = dup(STDIN_FILENO);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit one = {(rlim_t)next + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &one), 0);
    assert_false(file_pipe_open(&pipe));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(file_pipe_open(&pipe)); /* it is not tried again */
    int again = dup(STDIN_FILENO);
    assert_int_equal(again, next);
    close(again);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        RUN(a_file_goes_through_it_from_anywhere_to_its_end),
        RUN(of_a_peer_that_takes_no_more_the_offset_is_behind_what_it_took),
        RUN(of_a_peer_that_is_gone_nothing_was_moved),
        RUN(what_comes_goes_through_it_up_to_its_end),
        RUN(no_more_comes_than_was_asked_for_and_no_more_is_waited_for_than_the_socket_does),
        RUN(without_descriptors_there_is_none_and_none_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
