/* SPDX-License-Identifier: Apache-2.0 */
/* Some who do pieces of work with a host, each over a connection of its own. */
#include <errno.h>

#include "client/crew.h"
#include "tests/unit/ftp_host.h"

static struct ftp_host host;
static struct remote_settings settings;
static struct crew *crew;

static atomic_bool has_no_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument)
{
    return has_no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static atomic_uint done;
static atomic_uint undone;
static atomic_uint failed;

/* A piece of work: a NOOP, and as many pieces more as it says, one less deep. */
struct piece {
    struct crew_task task;
    unsigned brings;
    unsigned depth;
};

static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;
static char order[256];
static unsigned at_barrier;
static pthread_cond_t barrier = PTHREAD_COND_INITIALIZER;

static void add_piece(unsigned brings, unsigned depth, bool is_urgent);

/* Nobody goes on before `count` are here: as many hands work at once. */
static void meet(unsigned count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FTP_HOST_PATIENCE_S;
    pthread_mutex_lock(&order_lock);
    at_barrier++;
    pthread_cond_broadcast(&barrier);
    while (at_barrier < count && !pthread_cond_timedwait(&barrier, &order_lock, &until))
        ;
    pthread_mutex_unlock(&order_lock);
}

static void do_piece(struct crew_task *task, struct crew_hand *hand)
{
    struct piece *piece = (struct piece *)task;
    struct remote *remote;
    if (!hand) {
        undone++;
        free(piece);
        return;
    }
    enum fault f = crew_hand_remote(hand, &remote);
    if (f == FAULT_TOO_MANY) {
        crew_leave(hand, task);
        return;
    }
    if (!f)
        f = remote_command(remote, "NOOP", TEXT_NONE, false);
    if (f) {
        failed++;
    } else {
        for (unsigned i = 0; i < piece->brings && piece->depth; i++)
            add_piece(piece->brings, piece->depth - 1, i % 2);
        done++;
    }
    free(piece);
}

static struct piece *piece_new(void (*run)(struct crew_task *task, struct crew_hand *hand))
{
    struct piece *piece = calloc(1, sizeof(*piece));
    if (!piece)
        abort();
    piece->task.run = run;
    return piece;
}

static void add_piece(unsigned brings, unsigned depth, bool is_urgent)
{
    struct piece *piece = piece_new(do_piece);
    piece->brings = brings;
    piece->depth = depth;
    crew_add(crew, &piece->task, is_urgent);
}

static void begin(unsigned hands)
{
    done = undone = failed = 0;
    at_barrier = 0;
    order[0] = '\0';
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
    crew = crew_new(&settings, hands);
    assert_non_null(crew);
}

static void end(void)
{
    crew_free(crew);
    ftp_host_end(&host);
    ftp_host_reset(&host);
}

TEST(without_work_nobody_connects)
{
    begin(8);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(host.visit_count, 0);
    end();
}

TEST(pieces_bring_pieces_and_all_are_done)
{
    begin(4);
    add_piece(3, 4, false);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(done, 1 + 3 + 9 + 27 + 81);
    add_piece(0, 0, true); /* and it goes on */
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(done, 122);
    crew_free(crew);
    ftp_host_end(&host);
    assert_int_equal(ftp_host_count(&host, "NOOP"), 122);
    assert_in_range(host.visit_count, 1, 4);
    ftp_host_reset(&host);
}

static void do_together(struct crew_task *task, struct crew_hand *hand)
{
    meet(3);
    do_piece(task, hand);
}

TEST(as_many_work_at_once_as_there_are_hands)
{
    begin(3);
    for (int i = 0; i < 3; i++) {
        struct piece *piece = piece_new(do_together);
        crew_add(crew, &piece->task, false);
    }
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(at_barrier, 3); /* or they would have waited in vain */
    assert_int_equal(done, 3);
    end();
}

/* The one hand there is notes what it does. */
static void note(char what)
{
    pthread_mutex_lock(&order_lock);
    size_t len = strlen(order);
    order[len] = what;
    order[len + 1] = '\0';
    pthread_mutex_unlock(&order_lock);
}

static void note_urgent(struct crew_task *task, struct crew_hand *hand)
{
    note('u');
    do_piece(task, hand);
}

static void note_other(struct crew_task *task, struct crew_hand *hand)
{
    note('o');
    do_piece(task, hand);
}

static void bring_both(struct crew_task *task, struct crew_hand *hand)
{
    for (int i = 0; i < 3; i++) {
        crew_add(crew, &piece_new(note_other)->task, false);
        crew_add(crew, &piece_new(note_urgent)->task, true);
    }
    do_piece(task, hand);
}

TEST(what_is_urgent_comes_first)
{
    begin(1);
    crew_add(crew, &piece_new(bring_both)->task, false);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_string_equal(order, "uuuooo");
    end();
}

TEST(hands_that_a_server_does_not_let_in_leave_their_pieces_to_others)
{
    host.logins_max = 2;
    begin(6);
    for (int i = 0; i < 30; i++)
        add_piece(0, 0, false);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(done, 30);
    assert_int_equal(failed, 0);
    end();
}

TEST(where_nobody_is_let_in_it_is_a_fault)
{
    host.logins_max = 1;
    begin(3);
    struct remote *first = NULL;
    assert_fault(remote_open(&settings, &first), FAULT_NONE);
    for (int i = 0; i < 5; i++)
        add_piece(0, 0, false);
    assert_fault(crew_wait(crew), FAULT_CONNECTION_LOST);
    assert_int_equal(done, 0);
    assert_int_equal(failed, 1); /* the others do not ask again what is known */
    remote_close(first);
    end();
    assert_int_equal(undone, 4);
}

static const char *be_full(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PASS")) ? "421 Too many" : NULL;
}

TEST(a_server_that_is_full_for_everybody_is_a_fault)
{
    host.on_command = be_full;
    begin(3);
    for (int i = 0; i < 5; i++)
        add_piece(0, 0, false);
    assert_fault(crew_wait(crew), FAULT_CONNECTION_LOST);
    assert_int_equal(failed, 1);
    end();
    assert_int_equal(undone, 4);
}

/* Pieces that come again when the connection breaks, as those of a tree do. */
static void do_stubbornly(struct crew_task *task, struct crew_hand *hand)
{
    struct remote *remote;
    if (!hand || crew_hand_remote(hand, &remote)) {
        do_piece(task, hand);
        return;
    }
    enum fault f = remote_command(remote, "NOOP", TEXT_NONE, true);
    *(f ? &failed : &done) += 1;
    free(task);
}

/* Says that it goes with the second, and lets nobody in any more. */
static const char *go_with_second_noop(struct ftp_host *there, struct text verb,
                                       struct text argument)
{
    static unsigned noops;
    (void)there;
    (void)argument;
    noops += text_equal(verb, TEXT("NOOP"));
    bool is_asked = text_equal(verb, TEXT("NOOP")) || text_equal(verb, TEXT("PASS"));
    return is_asked && noops > 1 ? "421 Going away" : NULL;
}

TEST(a_server_that_goes_for_good_ends_the_work)
{
    host.on_command = go_with_second_noop;
    begin(1);
    for (int i = 0; i < 20; i++)
        crew_add(crew, &piece_new(do_stubbornly)->task, false);
    assert_fault(crew_wait(crew), FAULT_CONNECTION_LOST);
    assert_true(crew_is_stopped(crew));
    assert_int_equal(done, 1);
    assert_int_equal(failed, 1);
    end();
    assert_int_equal(undone, 18);
}

static void stop_crew(struct crew_task *task, struct crew_hand *hand)
{
    for (int i = 0; i < 10; i++)
        add_piece(0, 0, true);
    crew_stop(crew_of(hand));
    do_piece(task, hand);
}

TEST(who_is_stopped_begins_nothing_more)
{
    begin(1);
    crew_add(crew, &piece_new(stop_crew)->task, false);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_true(crew_is_stopped(crew));
    assert_int_equal(done, 0);
    assert_int_equal(failed, 1); /* its own connection is stopped, be it made later */
    assert_int_equal(undone, 0);
    end();
    assert_int_equal(undone, 10);
}

TEST(what_has_not_begun_is_freed_undone)
{
    begin(1);
    crew_stop(crew);
    for (int i = 0; i < 5; i++)
        add_piece(0, 0, i % 2);
    assert_fault(crew_wait(crew), FAULT_NONE);
    end();
    assert_int_equal(undone, 5);
    assert_int_equal(done, 0);
}

TEST(without_a_thread_nothing_is_done_and_that_is_said)
{
    begin(4);
    has_no_threads = true;
    add_piece(0, 0, true);
    has_no_threads = false;
    assert_fault(crew_wait(crew), FAULT_NO_MEMORY);
    assert_int_equal(done, 0);
    add_piece(0, 0, true);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(done, 2);
    end();
}

TEST(there_are_not_more_hands_than_there_may_be)
{
    begin(1000);
    for (int i = 0; i < 300; i++)
        add_piece(0, 0, false);
    assert_fault(crew_wait(crew), FAULT_NONE);
    assert_int_equal(done, 300);
    crew_free(crew);
    ftp_host_end(&host);
    assert_in_range(host.logins_most, 1, CREW_HANDS_MAX);
    ftp_host_reset(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_work_nobody_connects),
        RUN(pieces_bring_pieces_and_all_are_done),
        RUN(as_many_work_at_once_as_there_are_hands),
        RUN(what_is_urgent_comes_first),
        RUN(hands_that_a_server_does_not_let_in_leave_their_pieces_to_others),
        RUN(where_nobody_is_let_in_it_is_a_fault),
        RUN(a_server_that_is_full_for_everybody_is_a_fault),
        RUN(a_server_that_goes_for_good_ends_the_work),
        RUN(who_is_stopped_begins_nothing_more),
        RUN(what_has_not_begun_is_freed_undone),
        RUN(without_a_thread_nothing_is_done_and_that_is_said),
        RUN(there_are_not_more_hands_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
