/* Threads that take tasks as they come, so that one with a busy neighbour does fewer. */
#include "nn/nn_priv.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/banned.h"

/* Turns of waiting before a thread sleeps: about 20 us, as long as it takes to be woken. */
#define SPINS 4000u

struct as_pool {
    unsigned threads;
    void (*begin)(void);
    pthread_t *workers; /* threads - 1 */
    unsigned started;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint round; /* of work; a worker waits for the next */
    atomic_uint busy;  /* workers still in this round */
    bool stop;
    atomic_uint next_thread;
    /* The round's work. */
    as_nn_task *task;
    void *ctx;
    size_t n;
    atomic_size_t next;
    atomic_bool failed;
    as_err err;
    as_code rc;
};

static void pause_a_little(unsigned turn)
{
    if (turn % 64 == 63)
        (void)sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void fail(as_pool *p, as_code rc, const as_err *err)
{
    (void)pthread_mutex_lock(&p->lock);
    if (!p->rc) {
        p->rc = rc;
        p->err = *err;
    }
    (void)pthread_mutex_unlock(&p->lock);
    atomic_store(&p->failed, true);
}

static void take_tasks(as_pool *p, unsigned thread)
{
    for (;;) {
        size_t i = atomic_fetch_add(&p->next, 1);
        as_err err = {0};
        as_code rc;

        if (i >= p->n || atomic_load(&p->failed))
            return;
        rc = p->task(p->ctx, thread, i, &err);
        if (rc)
            fail(p, rc, &err);
    }
}

static unsigned await_round(as_pool *p, unsigned seen)
{
    unsigned round = atomic_load(&p->round);

    for (unsigned i = 0; i < SPINS && round == seen; i++) {
        pause_a_little(i);
        round = atomic_load(&p->round);
    }
    if (round != seen)
        return round;
    (void)pthread_mutex_lock(&p->lock);
    while ((round = atomic_load(&p->round)) == seen)
        (void)pthread_cond_wait(&p->wake, &p->lock);
    (void)pthread_mutex_unlock(&p->lock);
    return round;
}

static void *work(void *arg)
{
    as_pool *p = arg;
    unsigned thread = atomic_fetch_add(&p->next_thread, 1), seen = 0;

    p->begin();
    for (;;) {
        seen = await_round(p, seen);
        if (p->stop)
            return NULL;
        take_tasks(p, thread);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            (void)pthread_mutex_lock(&p->lock);
            (void)pthread_cond_signal(&p->done);
            (void)pthread_mutex_unlock(&p->lock);
        }
    }
}

static void next_round(as_pool *p)
{
    (void)pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->round, 1);
    (void)pthread_cond_broadcast(&p->wake);
    (void)pthread_mutex_unlock(&p->lock);
}

static void await_workers(as_pool *p)
{
    for (unsigned i = 0; i < SPINS && atomic_load(&p->busy) > 0; i++)
        pause_a_little(i);
    if (atomic_load(&p->busy) == 0)
        return;
    (void)pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->busy) > 0)
        (void)pthread_cond_wait(&p->done, &p->lock);
    (void)pthread_mutex_unlock(&p->lock);
}

as_code as_pool_run(as_pool *p, size_t n, as_nn_task *task, void *ctx, as_err *err)
{
    p->begin(); /* of the caller's thread, whichever it is this time */
    p->task = task;
    p->ctx = ctx;
    p->n = n;
    p->rc = AS_OK;
    atomic_store(&p->failed, false);
    atomic_store(&p->next, 0);
    if (p->started > 0 && n > 1) {
        atomic_store(&p->busy, p->started);
        next_round(p);
        take_tasks(p, 0);
        await_workers(p);
    } else {
        take_tasks(p, 0);
    }
    if (p->rc && err)
        *err = p->err;
    return p->rc;
}

/* Signals are for the thread that the program began with. */
static bool start(as_pool *p)
{
    sigset_t all, before;
    bool ok;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(&p->workers[p->started], NULL, work, p) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->started += ok;
    return ok;
}

as_code as_pool_new(unsigned threads, void (*begin)(void), as_pool **ret, as_err *err)
{
    as_pool *p = as_mem_zero(1, sizeof(*p));

    if (!p)
        return as_fail_nomem(err, "threads");
    p->threads = threads;
    p->begin = begin;
    atomic_store(&p->next_thread, 1);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->wake, NULL);
    (void)pthread_cond_init(&p->done, NULL);
    p->workers = as_mem_zero(threads, sizeof(*p->workers));
    if (!p->workers) {
        as_pool_free(p);
        return as_fail_nomem(err, "threads");
    }
    while (p->started + 1 < threads && start(p)) {
    } /* fewer threads than asked for still compute */
    *ret = p;
    return AS_OK;
}

void as_pool_free(as_pool *p)
{
    if (!p)
        return;
    p->stop = true;
    next_round(p);
    for (unsigned i = 0; i < p->started; i++)
        (void)pthread_join(p->workers[i], NULL);
    as_mem_free(p->workers);
    (void)pthread_mutex_destroy(&p->lock);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_cond_destroy(&p->done);
    as_mem_free(p);
}
