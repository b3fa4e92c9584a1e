/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: a load generator for FTP servers that costs little itself and counts every byte.
 *
 *   bench_load WORK PORT [options]      (without arguments it says which there are)
 *
 * It logs in and goes through the work once, prints "ready", and waits for a line on standard
 * input. Then it works, prints one line of JSON, keeps its sessions until standard input ends,
 * says QUIT in each and goes. Whatever is not as it should be is counted, the first such thing
 * told on standard error; the exit status is 1 if there was any.
 *
 *   download, get   RETR --file, each of --bytes        login    connect, log in, QUIT
 *   upload, put     STOR up/SESSION of --bytes          connect  all connect at once, are greeted
 *   list            LIST --directory of --entries       idle     logged in by "ready"; nothing else
 *   command         NOOP, PWD, TYPE I in turn           mixed    of all these, beside --idle more
 *
 * The JSON: operations, bytes and entries that came to their end in so many seconds (of idle:
 * of logging in), errors, the median of the times from LIST to its first byte, median and 99th
 * percentile of an operation, data connections that resumed a TLS session, logins that were
 * tried again before "ready", and the processor time that all this took here.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "load_loop.h"

struct thread {
    struct loop loop;
    pthread_t id;
    pthread_barrier_t *turn; /* borrowed: main's */
    unsigned index;
};

/* ---- What every thread does, at the same time as the others ---------------------------- */

static void prepare(struct thread *t)
{
    loop_prepare(&t->loop, t->index == 0);
    (void)pthread_barrier_wait(t->turn);
}

static void work(struct thread *t)
{
    (void)pthread_barrier_wait(t->turn);
    loop_work(&t->loop);
    (void)pthread_barrier_wait(t->turn);
}

static void leave(struct thread *t)
{
    (void)pthread_barrier_wait(t->turn);
    loop_leave(&t->loop);
}

static void *live(void *argument)
{
    struct thread *t = argument;
    prepare(t);
    work(t);
    leave(t);
    return NULL;
}

/* ---- The report -------------------------------------------------------------------------- */

static uint64_t own_cpu_ns(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    uint64_t seconds = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
    return seconds * 1000000000 + (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
}

/* Everything into the first. */
static void merge(struct thread *threads, unsigned count)
{
    struct loop *all = &threads[0].loop;
    for (unsigned i = 1; i < count; i++) {
        const struct loop *one = &threads[i].loop;
        all->operations += one->operations;
        all->bytes += one->bytes;
        all->entries += one->entries;
        all->resumed += one->resumed;
        all->errors += one->errors;
        all->retries += one->retries;
        if (all->start_ns > one->start_ns)
            all->start_ns = one->start_ns;
        if (all->now_ns < one->now_ns)
            all->now_ns = one->now_ns;
        times_merge(&all->times, &one->times);
        times_merge(&all->first_bytes, &one->first_bytes);
    }
}

static void report(const struct loop *all, uint64_t cpu_ns)
{
    printf("{\"work\":\"%s\",\"operations\":%llu,\"bytes\":%llu,\"entries\":%llu,"
           "\"seconds\":%.6f,\"errors\":%llu,\"first_byte_us\":%.1f,\"p50_us\":%.1f,"
           "\"p99_us\":%.1f,\"resumed\":%llu,\"retries\":%llu,\"own_cpu_seconds\":%.6f}\n",
           all->options->work->name, (unsigned long long)all->operations,
           (unsigned long long)all->bytes, (unsigned long long)all->entries,
           (double)(all->now_ns - all->start_ns) / 1e9, (unsigned long long)all->errors,
           times_quantile_us(&all->first_bytes, 0.5), times_quantile_us(&all->times, 0.5),
           times_quantile_us(&all->times, 0.99), (unsigned long long)all->resumed,
           (unsigned long long)all->retries, (double)cpu_ns / 1e9);
    (void)fflush(stdout);
}

/* ---- The dialogue with who started us --------------------------------------------------- */

static void wait_for_line(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    }
}

static void wait_for_end(void)
{
    char bytes[256];
    while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0) {
    }
}

static bool has_errors(const struct thread *threads, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (threads[i].loop.errors)
            return true;
    }
    return false;
}

/* The first thread is ours. */
static bool converse(struct thread *threads, unsigned count)
{
    prepare(&threads[0]);
    if (has_errors(threads, count))
        exit(1); /* while the other threads wait for a turn that does not come */
    printf("ready\n");
    (void)fflush(stdout);
    wait_for_line();
    uint64_t before_ns = own_cpu_ns();
    work(&threads[0]);
    uint64_t cpu_ns = own_cpu_ns() - before_ns;
    bool is_fine = !has_errors(threads, count);
    merge(threads, count);
    report(&threads[0].loop, cpu_ns);
    wait_for_end();
    leave(&threads[0]);
    return is_fine;
}

static bool start(struct thread *threads, const struct options *options, const struct tls *tls,
                  pthread_barrier_t *turn)
{
    for (unsigned i = 0; i < options->threads; i++) {
        threads[i].turn = turn;
        threads[i].index = i;
        if (!loop_init(&threads[i].loop, options, tls, i))
            return false;
    }
    for (unsigned i = 1; i < options->threads; i++) {
        if (pthread_create(&threads[i].id, NULL, live, &threads[i]))
            return false;
    }
    return true;
}

static bool run(struct thread *threads, const struct options *options, const struct tls *tls)
{
    pthread_barrier_t turn;
    (void)pthread_barrier_init(&turn, NULL, options->threads);
    if (!start(threads, options, tls, &turn))
        exit(1);
    bool is_fine = converse(threads, options->threads);
    for (unsigned i = 1; i < options->threads; i++)
        (void)pthread_join(threads[i].id, NULL);
    for (unsigned i = 0; i < options->threads; i++)
        loop_done(&threads[i].loop);
    return is_fine;
}

/* As many files as the system lets us have. */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

int main(int count, char **words)
{
    static struct options options;
    struct tls tls = {NULL, NULL};
    options_read(count, words, &options);
    (void)signal(SIGPIPE, SIG_IGN);
    raise_limit();
    struct thread *threads = memory_new_array(options.threads, sizeof(*threads));
    if (!threads || (options.security != SECURITY_NONE && !tls_init(&tls, &options))) {
        (void)fprintf(stderr, "bench_load: no memory\n");
        return 1;
    }
    bool is_fine = run(threads, &options, &tls);
    tls_done(&tls);
    memory_free(threads);
    return is_fine ? 0 : 1;
}
