#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/banned.h"

struct as_feed {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    as_eat_fn *eat;
    void *ctx;
    bool end;
    size_t first, n; /* chunks that wait or are being eaten */
    size_t size[AS_FEED_CHUNKS];
    uint8_t chunk[AS_FEED_CHUNKS][AS_FEED_CHUNK];
};

static void *run(void *arg)
{
    as_feed *f = arg;

    pthread_mutex_lock(&f->lock);
    for (;;) {
        size_t at;

        while (!f->n && !f->end)
            pthread_cond_wait(&f->changed, &f->lock);
        if (!f->n)
            break;
        at = f->first;
        pthread_mutex_unlock(&f->lock);
        f->eat(f->ctx, (as_bytes){f->chunk[at], f->size[at]});
        pthread_mutex_lock(&f->lock);
        f->first = (at + 1) % AS_FEED_CHUNKS;
        f->n--;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* On one processor a second thread only adds the cost of taking turns. */
static bool has_second_processor(void)
{
    cpu_set_t set;

    return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 1;
}

/* The thread inherits the mask: signals stay with whoever handles them. */
static int start(as_feed *f)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&f->thread, NULL, run, f);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

as_feed *as_feed_new(as_eat_fn *eat, void *ctx)
{
    as_feed *f = has_second_processor() ? as_mem_get(sizeof(*f)) : NULL;

    if (!f)
        return NULL;
    f->eat = eat;
    f->ctx = ctx;
    f->end = false;
    f->first = f->n = 0;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (start(f)) {
        as_mem_free(f);
        return NULL;
    }
    return f;
}

void as_feed_add(as_feed *f, as_bytes bytes)
{
    while (bytes.n) {
        size_t n = bytes.n < AS_FEED_CHUNK ? bytes.n : AS_FEED_CHUNK, at;

        pthread_mutex_lock(&f->lock);
        while (f->n == AS_FEED_CHUNKS)
            pthread_cond_wait(&f->changed, &f->lock);
        at = (f->first + f->n) % AS_FEED_CHUNKS;
        pthread_mutex_unlock(&f->lock);
        memcpy(f->chunk[at], bytes.p, n); /* the eater does not look at it before n counts it */
        pthread_mutex_lock(&f->lock);
        f->size[at] = n;
        f->n++;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        bytes = (as_bytes){bytes.p + n, bytes.n - n};
    }
}

void as_feed_wait(as_feed *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->n)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void as_feed_free(as_feed *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->end = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    as_mem_free(f);
}
